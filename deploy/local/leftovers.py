"""What is left of a stack when nobody supervises it: found by the marker in its environment, and ended for certain.

A pid alone proves nothing, since pids are used again; the marker does. Only processes of this user can be looked
into, and only those are ours. The caller and its ancestors are never touched, whatever their environment says.
"""

import contextlib
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil

from deploy.local.processes import PROCESS_MARKER, STACK_MARKER
from deploy.local.waiting import wait_until

SUPERVISOR = "supervisord"
_PHASE_SECONDS = 3.0
_ROUNDS = 5

# As in processes.STOP_ORDER, by the beginning of the name; whatever is not named goes with the web processes.
_LAST = ("redis", "mongodb", "s3")
_FIRST = ("haproxy",)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A living process of the stack and the name it was given."""

    process: psutil.Process
    name: str


def find_leftovers(run_dir: Path) -> list[Leftover]:
    spared = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        if process.pid in spared:
            continue
        with contextlib.suppress(psutil.Error, OSError):
            environ = process.environ()
            if environ.get(STACK_MARKER) == str(run_dir):
                found.append(Leftover(process, environ.get(PROCESS_MARKER, SUPERVISOR)))
    return found


def end_leftovers(run_dir: Path) -> None:
    """End every process of the stack: supervisord at once; then proxy, web processes and stores, asked first."""
    _end([left for left in find_leftovers(run_dir) if left.name == SUPERVISOR], ask=False)
    for _ in range(_ROUNDS):  # something may have been born while we looked
        found = find_leftovers(run_dir)
        if not found:
            return
        for phase in range(3):
            _end([left for left in found if _phase(left.name) == phase], ask=True)


def _phase(name: str) -> int:
    return 0 if name in _FIRST else 2 if name in _LAST else 1


def _end(found: list[Leftover], *, ask: bool) -> None:
    if ask:
        for left in found:
            # A web process takes SIGINT as "hurry"; SIGCONT, because a paused one would hear neither.
            _send(left.process, signal.SIGINT if _phase(left.name) == 1 else signal.SIGTERM)
            _send(left.process, signal.SIGCONT)
        _wait(found, _PHASE_SECONDS)
    for left in found:
        _send(left.process, signal.SIGKILL)
    _wait(found, _PHASE_SECONDS)


def _wait(found: list[Leftover], seconds: float) -> None:
    wait_until(lambda: not any(_lives(left.process) for left in found), seconds)


def _lives(process: psutil.Process) -> bool:
    # An orphan that ended stays a zombie until the machine's first process takes notice, which may take seconds.
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.Error):
        process.send_signal(number)  # checks that the pid is still the same process
