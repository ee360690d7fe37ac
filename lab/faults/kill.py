"""A process dies without a word."""

from dataclasses import dataclass
from typing import ClassVar

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.site import Site


@dataclass(frozen=True, kw_only=True)
class Kill(Fault):
    """SIGKILL; the process is started again by its supervisor."""

    name: str = "kill"
    part: str = "web-2"
    change: Change = "kill"
    does: str = "Kills an instance (SIGKILL)."
    about: str = "P1, P7: no GET fails; what was acknowledged is there."
    loses: str = "Answers that were under way: such a write may or may not have been done."
    lasts: ClassVar[bool] = False

    def strike(self, site: Site) -> None:
        site.note(f"SIGKILL to {self.part}, pid {site.stack.pid(self.part)}")
        site.stack.kill(self.part)


WORKER_KILL = Kill(
    name="worker-kill",
    part="worker-1",
    change="slight",
    does="Kills the worker (SIGKILL).",
    about="P1, P7: no request fails; jobs under way are done later, by who comes next.",
    loses="",
)
REDIS_KILL = Kill(
    name="redis-kill",
    part="redis",
    change="outage",
    does="Kills Redis (SIGKILL), which starts again from its append-only file.",
    about="P1, P4, P8: the outage contract; nothing acknowledged is lost, nothing ended comes back.",
    stales=True,
)
PROXY_KILL = Kill(
    name="proxy-kill",
    part="haproxy",
    change="other",
    does="Kills HAProxy (SIGKILL); connections are refused until it is back.",
    about="P1, P2: nobody is served for a moment; no write is lost, and people stay where they were.",
    loses="Requests under way, and those of the moment in which nobody listens.",
)
