"""A running stack in the hands of a change: its plan, its supervisor, its proxy.

Who holds one holds the stack's lock. `save` comes before the deed wherever a killed command would otherwise leave
something that the plan does not know; `repair` makes true what the plan says, and is done before every change:
- each slot of HAProxy is where the plan has it, and open or closed as the plan has it;
- what ran aside (a successor on trial, a process that was replaced) is asked to end;
- HAProxy finds no server states of yesterday when it has to be started again.
"""

import contextlib
from collections.abc import Callable, Iterable

from deploy.local.errors import StackError
from deploy.local.places import RunDir
from deploy.local.processes import LOOPBACK, Plan, PlannedProcess, ports_of
from deploy.local.prometheus import write_targets
from deploy.local.runtime import Runtime
from deploy.local.settings import MOST_SLOTS
from deploy.local.supervision import Supervisor
from deploy.local.waiting import wait_until

# The format's version and no server: all as the environment has it.
NO_STATES = "1\n"
SPARE_SECONDS = 3.0
_ENDED = ("STOPPED", "FATAL", "EXITED")


class RunningStack:
    """`plan` is what was saved last."""

    def __init__(self, run_dir: RunDir, supervisor: Supervisor, plan: Plan, say: Callable[[str], None]) -> None:
        self.run_dir = run_dir
        self.supervisor = supervisor
        self.proxy = Runtime(run_dir.sockets / "haproxy.sock")
        self.say = say
        self.plan = plan

    def save(self, plan: Plan) -> None:
        """Write it down, for other commands, for supervisord and for Prometheus."""
        plan.write(self.run_dir.state_file)
        self.plan = plan
        self.supervisor.dress()
        write_targets(self.run_dir, plan.own())

    def process(self, name: str) -> PlannedProcess:
        """As the plan has it now."""
        return next(process for process in self.plan.processes if process.name == name)

    def runs(self, unit: str) -> bool:
        """Is there a process, or will there be one: one that crashes again and again counts."""
        return self.supervisor.states()[unit].state not in (*_ENDED, "STOPPING")

    def ports(self) -> frozenset[int]:
        """Every port that a process of the stack has, running or not."""
        return ports_of([*self.plan.own(), *self.plan.aside])

    def end_aside(self, process: PlannedProcess, signal_name: str) -> None:
        """End what runs beside the plan, and forget it once it has ended; after its time it is killed."""
        self.supervisor.stop_process(process.unit, signal_name, process.stop_seconds)
        self.wait_ended(process)
        self.save(self.plan.without_aside(process.unit))

    def wait_ended(self, *processes: PlannedProcess) -> None:
        """They were asked to end. Raises StackError for one that not even SIGKILL ends."""
        units = {process.unit for process in processes}

        def ended() -> bool:
            states = self.supervisor.states()
            return all(states[unit].state in _ENDED for unit in units)

        if not wait_until(ended, max((one.stop_seconds for one in processes), default=0) + SPARE_SECONDS):
            raise StackError(f"{' and '.join(sorted(units))} did not end.")

    def repair(self) -> None:
        """Make true what the plan says. Quick, if nothing was left in the middle."""
        self.run_dir.haproxy_state_file.write_text(NO_STATES)
        # Two HAProxies would answer by turns on one socket.
        self._end_left([process for process in self.plan.aside if process.kind == "proxy"])
        if self.proxy_runs():
            self._repair_slots()
        self._end_left(self.plan.aside)

    def _end_left(self, processes: Iterable[PlannedProcess]) -> None:
        for process in processes:
            self.say(f"ending {process.unit}, which a change left")
            self.end_aside(process, "USR1")

    def _repair_slots(self) -> None:
        found = self.proxy.slots()
        planned = {process.name: process for process in self.plan.of_kind("web")}
        for name in (f"web-{slot}" for slot in range(1, MOST_SLOTS + 1)):
            process = planned.get(name)
            if process is None or process.drained:
                if found[name].admin != "maint":
                    self.proxy.set_state(name, "maint")
                continue
            self.open_slot(process, found[name].address, found[name].admin)

    def proxy_runs(self) -> bool:
        """One that was stopped finds in its environment, when it is started, what it was not told meanwhile."""
        return self.runs(self.plan.of_kind("proxy")[0].unit)

    def proxy_is(self, process: PlannedProcess) -> bool:
        """Is this the HAProxy that answers on the runtime socket? It answers once it has its listeners."""
        with contextlib.suppress(StackError):
            return self.proxy.pid() == self.supervisor.states()[process.unit].pid
        return False

    def open_slot(self, process: PlannedProcess, address: str = "", admin: str = "") -> None:
        """Let its slot lead to it; `address` and `admin` are what HAProxy is known to have."""
        if not self.proxy_runs():
            return
        if address != process.address:
            self.proxy.point(process.name, process.address)
        if admin != "ready":
            self.proxy.set_state(process.name, "ready")

    def close_slots(self, processes: Iterable[PlannedProcess]) -> None:
        """HAProxy sends nobody there any more, whatever the cookie says."""
        if self.proxy_runs():
            for process in processes:
                self.proxy.set_state(process.name, "maint")


def loopback(port: int) -> str:
    return f"{LOOPBACK}:{port}"
