"""One `up`, `down` or change at a time per run directory.

The lock is the kernel's (flock), so it ends with its holder however that ends; the file's content, the holder's pid,
is only believed while somebody holds it.
"""

import contextlib
import fcntl
import os
import signal
from pathlib import Path
from types import TracebackType
from typing import IO

from deploy.local.errors import Misuse
from deploy.local.waiting import wait_until

# As long as an `up` that was interrupted needs to take down what it started.
HOLDER_SECONDS = 10.0


class UpLock:
    """Taken by `with`. A holder is reported (Misuse), or with `end_holder` asked to end and, if it does not, killed."""

    def __init__(self, file: Path, *, end_holder: bool = False) -> None:
        self._path = file
        self._end_holder = end_holder
        self._file: IO[str] | None = None

    def __enter__(self) -> None:
        self._file = self._path.open("a+")
        if not self._try():
            if not self._end_holder:
                pid = self._holder()
                self._close()
                raise Misuse(
                    f"This stack is being started, changed or stopped by pid {pid}; wait for it, or run: hotseat down"
                )
            self._break()
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _try(self) -> bool:
        assert self._file is not None  # noqa: S101 - opened by __enter__
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _break(self) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            pid = self._holder()
            if pid and pid != os.getpid():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            if wait_until(self._try, HOLDER_SECONDS):
                return
        raise Misuse(f"pid {self._holder()} holds {self._path} and does not end; end it yourself.")

    def _holder(self) -> int:
        text = self._path.read_text()
        return int(text) if text.isdigit() else 0

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
