"""A process hangs: its connections stay, new ones are taken, and nothing is answered."""

from dataclasses import dataclass

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.site import Site


@dataclass(frozen=True, kw_only=True)
class Pause(Fault):
    """SIGSTOP, then SIGCONT: it goes on with what it was sent meanwhile."""

    name: str = "stop"
    part: str = "web-2"
    change: Change = "hang"
    does: str = "Stops an instance for a while (SIGSTOP, SIGCONT)."
    about: str = "P5, P7: no GET fails, though one may take 3 s; who wakes up serves nothing old."
    loses: str = "Answers that were under way: such a write may or may not have been done."
    stales: bool = True  # who wakes up has lost its lease, and is asked before it has another one

    def strike(self, site: Site) -> None:
        site.note(f"SIGSTOP to {self.part}, pid {site.stack.pid(self.part)}")
        site.stack.pause(self.part)

    def heal(self, site: Site) -> None:
        if site.stack.pid(self.part):
            site.stack.resume(self.part)


REDIS_PAUSE = Pause(
    name="redis-pause",
    part="redis",
    change="outage",
    does="Stops Redis for a while (SIGSTOP, SIGCONT).",
    about="P5, P8: the outage contract; no copy is trusted longer than B.",
)
MONGODB_PAUSE = Pause(
    name="mongodb-pause",
    part="mongodb",
    change="outage",
    does="Stops MongoDB for a while (SIGSTOP, SIGCONT).",
    about="P8: the outage contract; writes are refused in time, boards are served from what is cached.",
    stales=False,
)
S3_PAUSE = Pause(
    name="s3-pause",
    part="s3",
    change="outage",
    does="Stops the object store for a while (SIGSTOP, SIGCONT).",
    about="P8: the outage contract; pages are served, uploads are refused with nothing half-stored.",
    stales=False,
)
