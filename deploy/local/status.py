"""What can be seen of a process from outside, in the words of the stack's users."""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from typing import Any

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
    than a few seconds; whether it answers is another question (`Stack.ready`). A stopped web process is `drained` where
    its slot is closed. While something is changed there are two more, under the names of their units: `trial` is a
    successor that is not used yet, `retiring` a process that was replaced and finishes what it has.

    Of web processes that were asked: `hot` is how it is with their hot copies (trusted, suspect, lost, naive, or off),
    `note` says why, where they are wanted and not trusted, or that there was no answer. The rest is what they tell of
    themselves, None where they do not: `hit_rate` is of the hot tier, `lag_ms` how late their event loop is.
    """

    name: str
    pid: int | None
    address: str
    state: str
    mode: str
    hot: str | None = None
    note: str | None = None
    version: str | None = None
    users: int | None = None
    in_flight: int | None = None
    hot_bytes: int | None = None
    hit_rate: float | None = None
    lag_ms: float | None = None
    draining: bool | None = None

    def as_dict(self) -> dict[str, str | int | float | None]:
        return asdict(self)


def status_of(process: PlannedProcess, found: SupervisedState | None) -> ProcessStatus:
    """`found` is None for external processes, and for all while nobody supervises them."""
    state = "external" if process.external else _WORDS[found.state] if found else "stopped"
    pid = found.pid if found and found.pid else None
    if pid and state in ("running", "starting") and _is_paused(pid):
        state = "paused"
    if process.drained and state == "stopped":
        state = "drained"
    return ProcessStatus(name=process.name, pid=pid, address=process.address, state=state, mode=process.mode)


def status_of_plan(plan: Plan, states: Mapping[str, SupervisedState], *, ask: bool) -> list[ProcessStatus]:
    """Each process; behind them what runs aside, named by its unit: successors on trial, and those that retire."""
    processes = [*plan.processes, *(one for one in plan.aside if one.unit in states and states[one.unit].pid)]
    found = [status_of(process, states.get(process.unit)) for process in processes]
    if ask:
        found = asked(processes, found)
    first = len(plan.processes)
    aside = [
        replace(status, name=process.unit, state="retiring" if status.state == "stopping" else "trial")
        for process, status in zip(processes[first:], found[first:], strict=True)
    ]
    return [*found[:first], *aside]


def asked(processes: Sequence[PlannedProcess], statuses: Sequence[ProcessStatus]) -> list[ProcessStatus]:
    """The statuses of these processes, with what those that serve pages tell about themselves, all asked at once."""
    with ThreadPoolExecutor(max(1, len(processes))) as threads:
        return list(threads.map(_asked, processes, statuses))


def differences(statuses: Iterable[ProcessStatus]) -> list[str]:
    """A sentence for each thing in which web processes and HAProxy should agree and do not."""
    web = [found for found in statuses if found.name.startswith("web-")]
    proxy = [found for found in statuses if found.name == "haproxy"]
    by_what = {
        "modes": {found.name: found.mode for found in [*web, *proxy]},
        "versions": {found.name: found.version for found in web if found.version},
    }
    return [
        f"The {what} differ: {'; '.join(_groups(found))}."
        for what, found in by_what.items()
        if len({*found.values()}) > 1
    ]


def _groups(found: Mapping[str, str]) -> list[str]:
    values = dict.fromkeys(found.values())
    return [f"{value} ({', '.join(name for name, its in found.items() if its == value)})" for value in values]


def _asked(process: PlannedProcess, status: ProcessStatus) -> ProcessStatus:
    if process.kind != "web" or status.state not in ("running", "starting", "stopping"):
        return status
    told = told_by(process) or {}
    hot = told.get("hot")
    if not isinstance(hot, dict):
        return replace(status, note="does not answer")
    return replace(
        status,
        hot=str(hot.get("state")),
        note=str(hot.get("reason") or "") or None,
        version=_as(str, told.get("version")),
        mode=_as(str, told.get("mode")) or status.mode,
        users=_as(int, told.get("users")),
        in_flight=_as(int, told.get("in_flight")),
        hot_bytes=_as(int, hot.get("bytes")),
        hit_rate=_as(float, hot.get("hit_rate")),
        lag_ms=_as(float, told.get("lag_ms")),
        draining=_as(bool, told.get("draining")),
    )


def _as(kind: type, value: Any) -> Any:
    """`value` if it is of that kind; a process of another release may tell something else."""
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) else None


def _is_paused(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    return False
