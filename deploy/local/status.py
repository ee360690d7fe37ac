"""What can be seen of a process from outside, in the words of the stack's users."""

import contextlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

import psutil

from deploy.local.processes import Plan, PlannedProcess
from deploy.local.readiness import told_by
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

    Of web processes that were asked: `hot` is how it is with their hot copies (trusted, suspect, lost, naive, or off),
    `note` says why, where they are wanted and not trusted, or that there was no answer.
    """

    name: str
    pid: int | None
    address: str
    state: str
    mode: str
    hot: str | None = None
    note: str | None = None

    def as_dict(self) -> dict[str, str | int | None]:
        return asdict(self)


def status_of(process: PlannedProcess, found: SupervisedState | None) -> ProcessStatus:
    """`found` is None for external processes, and for all while nobody supervises them."""
    state = "external" if process.external else _WORDS[found.state] if found else "stopped"
    pid = found.pid if found and found.pid else None
    if pid and state in ("running", "starting") and _is_paused(pid):
        state = "paused"
    return ProcessStatus(name=process.name, pid=pid, address=process.address, state=state, mode=process.mode)


def status_of_plan(plan: Plan, states: Mapping[str, SupervisedState], *, ask: bool) -> list[ProcessStatus]:
    """Each process; behind them what runs aside, named by its unit: successors on trial, and those that retire."""
    found = [status_of(process, states.get(process.unit)) for process in plan.processes]
    aside = [
        replace(status_of(process, state), name=process.unit, state="retiring" if stopping else "trial")
        for process in plan.aside
        if (state := states.get(process.unit)) and state.pid
        for stopping in [state.state == "STOPPING"]
    ]
    return [*(asked(plan.processes, found) if ask else found), *aside]


def asked(processes: Sequence[PlannedProcess], statuses: Sequence[ProcessStatus]) -> list[ProcessStatus]:
    """The statuses of these processes, with what those that serve pages tell about themselves, all asked at once."""
    with ThreadPoolExecutor(max(1, len(processes))) as threads:
        return list(threads.map(_asked, processes, statuses))


def _asked(process: PlannedProcess, status: ProcessStatus) -> ProcessStatus:
    if process.kind != "web" or status.state not in ("running", "starting"):
        return status
    told = (told_by(process) or {}).get("hot")
    if not isinstance(told, dict):
        return replace(status, note="does not answer")
    return replace(status, hot=str(told.get("state")), note=str(told.get("reason") or "") or None)


def _is_paused(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    return False
