"""What can be seen of a process from outside, in the words of the stack's users."""

import contextlib
from dataclasses import asdict, dataclass

import psutil

from deploy.local.processes import PlannedProcess
from deploy.local.supervision import SupervisedState

# supervisord's words and ours.
_WORDS = {
    "STOPPED": "stopped",
    "STARTING": "starting",
    "RUNNING": "running",
    "BACKOFF": "restarting",
    "STOPPING": "stopping",
    "EXITED": "restarting",
    "FATAL": "failed",
    "UNKNOWN": "failed",
}


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """`state`: running, starting, restarting, paused, stopping, stopped, failed, or external (used, not run).

    `mode`: sticky or stateless for what is ours, embedded or external for the rest. `starting` says that it is younger
    than a few seconds; whether it answers is another question (`Stack.ready`).
    """

    name: str
    pid: int | None
    address: str
    state: str
    mode: str

    def as_dict(self) -> dict[str, str | int | None]:
        return asdict(self)


def status_of(process: PlannedProcess, found: SupervisedState | None) -> ProcessStatus:
    """`found` is None for external processes, and for all while nobody supervises them."""
    state = "external" if process.external else _WORDS[found.state] if found else "stopped"
    pid = found.pid if found and found.pid else None
    if pid and state in ("running", "starting") and _is_paused(pid):
        state = "paused"
    return ProcessStatus(name=process.name, pid=pid, address=process.address, state=state, mode=process.mode)


def _is_paused(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    return False
