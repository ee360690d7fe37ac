"""The load as a process of its own, on a core of its own: what orchestrates a run must not slow its load down.

    with LoadProcess(Wanted(workload=load_workload("social"), url=url, core=1)) as load:
        load.start(phase="measured", rung="hot")
        time.sleep(30)
        load.stop()
        run = load.so_far()

The parent tells it what to do in lines of JSON and gets one line back for each. Ctrl-C reaches it too: it then stops
the load, and waits to be asked what was measured. It ends when its parent does.
"""

import contextlib
import os
import select
import subprocess
import sys
import time
from types import TracebackType
from typing import IO, Final, Self

import msgspec

from lab import errors
from lab.history import Disturbance
from lab.load.browser import PATIENCE_SECONDS
from lab.load.driver import GIVE_UP_SECONDS, MOST_IN_FLIGHT, MOST_VISITS
from lab.load.measured import Run
from lab.workload import Workload

ENTERING_SECONDS: Final = 3600.0  # thousands of people sign up at a few per second
ANSWER_SECONDS: Final = 30.0
ENDING_SECONDS: Final = 10.0
_CHUNK_BYTES: Final = 1 << 16


class Wanted(msgspec.Struct, frozen=True):
    """What a Load is made of. `core`: the only one it runs on, None for any. `history`: the file all requests go to."""

    workload: Workload
    url: str
    seed: int = 1
    rate: float | None = None
    core: int | None = None
    history: str = ""
    mode: str = ""
    bound_seconds: float = 2.0
    most_in_flight: int = MOST_IN_FLIGHT
    most_visits: int = MOST_VISITS
    patience_seconds: float = PATIENCE_SECONDS
    give_up_seconds: float | None = GIVE_UP_SECONDS
    name: str | None = None


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing to do: `enter` (with `wanted`), `start`, `mark`, `stop`, `so_far`, `disturbed`, `leave`."""

    do: str
    number: int = 0
    wanted: Wanted | None = None
    phase: str = ""
    rung: str = ""
    seed: int | None = None
    rate: float | None = None
    disturbance: Disturbance | None = None


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to the order of this number. `error` names a class of lab.errors, `parts` are what it is made of."""

    number: int = 0
    run: Run | None = None
    error: str = ""
    parts: tuple[str, ...] = ()


class LoadProcess:
    """The parent's side. Entering raises what entering a Load raises; anything may raise GeneratorGone."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._process: subprocess.Popen[bytes] | None = None
        self._last: Run | None = None
        self._orders = 0
        self._got = b""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "lab.load.load_worker"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self._tell(Order("enter", wanted=self._wanted), ENTERING_SECONDS)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None:
            return
        try:
            self._last = self._tell(Order("leave"), self._stop_seconds).run
        except errors.GeneratorGone:
            if kind is None:
                raise
        finally:
            self._end()

    @property
    def pid(self) -> int:
        """Of the process, 0 if there is none."""
        return self._process.pid if self._process else 0

    def start(
        self, *, phase: str = "measured", rung: str = "", seed: int | None = None, rate: float | None = None
    ) -> None:
        """As `Load.start`, and so are the others."""
        self._tell(Order("start", phase=phase, rung=rung, seed=seed, rate=rate))

    def mark(self, phase: str, rung: str = "") -> None:
        self._tell(Order("mark", phase=phase, rung=rung))

    def disturbed(self, disturbance: Disturbance) -> None:
        """Something was done to the site; it goes into the history."""
        self._tell(Order("disturbed", disturbance=disturbance))

    def stop(self) -> None:
        self._tell(Order("stop"), self._stop_seconds)

    def so_far(self) -> Run:
        """All that was measured until now; after leaving, what was measured when it was left."""
        run = self._last or self._tell(Order("so_far")).run
        if run is None:
            raise errors.LabError("The load told nothing of what it measured.")
        return run

    @property
    def _stop_seconds(self) -> float:
        return self._wanted.patience_seconds + ANSWER_SECONDS

    def _tell(self, order: Order, patience_seconds: float = ANSWER_SECONDS) -> Told:
        self._orders += 1
        stdin, stdout = self._pipes()
        try:
            stdin.write(msgspec.json.encode(msgspec.structs.replace(order, number=self._orders)) + b"\n")
            stdin.flush()
        except BrokenPipeError:
            raise errors.GeneratorGone(self._exit_code()) from None
        deadline = time.monotonic() + patience_seconds
        while True:
            told = msgspec.json.decode(self._line(stdout, deadline), type=Told)
            if told.number == self._orders:  # what was interrupted while it waited left its answer behind
                break
        if told.error:
            raise getattr(errors, told.error)(*told.parts)
        return told

    def _line(self, stdout: IO[bytes], deadline: float) -> bytes:
        while True:
            line, end, rest = self._got.partition(b"\n")
            if end:
                self._got = rest
                return line
            if not select.select([stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise errors.GeneratorGone(None)
            found = os.read(stdout.fileno(), _CHUNK_BYTES)
            if not found:
                raise errors.GeneratorGone(self._exit_code())
            self._got += found

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            raise errors.LabError("The load was left, or not entered yet.")
        return self._process.stdin, self._process.stdout

    def _exit_code(self) -> int | None:
        try:
            return self._process.wait(ENDING_SECONDS) if self._process else None
        except subprocess.TimeoutExpired:
            return None

    def _end(self) -> None:
        """Asked by the end of its input, then by force."""
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            process.wait(ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def usable_cores() -> list[int]:
    """Those that a process started here may run on."""
    return sorted(os.sched_getaffinity(0))
