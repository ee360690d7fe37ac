"""Where the requests of a run are kept: the first so many in memory, or all of them in a file as they come.

The file is a history (`lab.history.read_history`), whose lines are in the order in which the requests ended. Whoever
breaks the site meanwhile adds what was done with `disturbed`.
"""

from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from lab.history import Disturbance, History, Request, write_history

KEPT_REQUESTS = 100_000


class Recording:
    """`history` holds what is kept in memory: at most `most` requests, none if there is a file."""

    def __init__(
        self, *, mode: str = "", bound_seconds: float = 2.0, file: Path | None = None, most: int = KEPT_REQUESTS
    ) -> None:
        self.history = History(mode, bound_seconds)
        self.kept = self.not_kept = 0
        self._most = 0 if file else most
        self._file = file
        self._out: IO[bytes] | None = None
        self._encoder = msgspec.json.Encoder()

    def __enter__(self) -> Self:
        if self._file is not None:
            write_history(self.history, self._file)  # the head alone
            self._out = self._file.open("ab")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._out is not None:
            self._out.close()
            self._out = None

    def note(self, request: Request) -> None:
        if self._out is not None:
            self._out.write(b"R " + self._encoder.encode(request) + b"\n")
        elif len(self.history.requests) < self._most:
            self.history.requests.append(request)
        else:
            self.not_kept += 1
            return
        self.kept += 1

    def disturbed(self, disturbance: Disturbance) -> None:
        if self._out is not None:
            self._out.write(b"D " + self._encoder.encode(disturbance) + b"\n")
        else:
            self.history.disturbances.append(disturbance)

    def flush(self) -> None:
        """What was noted so far can be read from the file."""
        if self._out is not None:
            self._out.flush()
