"""The test's side of the load: starts the process, marks what happens when, and takes what was seen.

with running_load(stack.url, users=40, rate=150) as load:
    with load.phase("before"):
        time.sleep(5)
    with load.phase("restart"):
        stack.roll()
    seen = load.finish()
assert not seen.violations, seen.first_faults()
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
from load.crowd import Wanted
from load.process import Told
from load.records import Record
from load.seen import Phase, Seen
from load.user import KINDS, STEPS, UserState

END_SECONDS = 90.0
_SUPPORT = Path(__file__).resolve().parents[1]


class Load:
    """A running load. `states` are its users, to be handed to the next one if it `ended_well`."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._records: list[Record] = []
        self._phases: list[Phase] = []
        self.states: list[UserState] = []
        self.ended_well = False

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Requests sent in this time belong to the phase of this name."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._phases.append(Phase(name, began, time.monotonic()))

    def lasting(self, name: str, seconds: float) -> None:
        """A phase in which nothing is done to the site."""
        with self.phase(name):
            time.sleep(seconds)

    def so_far(self) -> Seen:
        """What was seen until now, without what is checked in the end."""
        self._records += self.tell("records").records
        return Seen(list(self._records), [], list(self._phases), [], [])

    def finish(self) -> Seen:
        """Lets the users finish, has everything that was acknowledged looked for, and ends the process."""
        told = self.tell("finish")
        self._records += told.records
        self.states = told.states
        self._process.wait(END_SECONDS)
        self.ended_well = not told.violations and not told.unasked
        return Seen(self._records, told.violations, self._phases, told.unasked, told.lateness)

    def tell(self, line: str) -> Told:
        stdin, stdout = _pipes(self._process)
        stdin.write(line.encode() + b"\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise RuntimeError(f"the load ended by itself, exit code {self._process.wait(5)}")
        told = msgspec.json.decode(answer, type=Told)
        if told.error:
            raise RuntimeError(told.error)
        return told


@contextmanager
def running_load(
    url: str,
    *,
    users: int,
    rate: float,
    kinds: Sequence[str] = KINDS,
    steps: Mapping[str, int] = STEPS,
    states: Sequence[UserState] = (),
    leavers: int = 1,
) -> Iterator[Load]:
    """A load that asks from now on; ended, if need be by force, when left."""
    wanted = Wanted(
        url=url,
        users=users,
        rate=rate,
        kinds=tuple(kinds),
        steps=dict(steps),
        leavers=leavers,
        states=list(states),
    )
    environ = {**os.environ, "PYTHONPATH": os.fspath(_SUPPORT)}
    command = [sys.executable, "-m", "load.process"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environ)
    try:
        load = Load(process)
        load.states = load.tell(msgspec.json.encode(wanted).decode()).states
        load.tell("start")
        yield load
    finally:
        process.kill()
        process.wait()
        for pipe in _pipes(process):
            pipe.close()


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin
    assert process.stdout
    return process.stdin, process.stdout
