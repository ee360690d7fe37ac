"""A backing service is away: it was asked to end, and connections are refused until it is started again."""

from dataclasses import dataclass

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.site import Site


@dataclass(frozen=True, kw_only=True)
class Gone(Fault):
    """Stopped in order, so it keeps what it has; away until it is healed."""

    name: str = "redis-gone"
    part: str = "redis"
    change: Change = "outage"
    does: str = "Stops Redis in order, and starts it again after a while."
    about: str = "P1, P8: the outage contract; sessions are there again afterwards."
    loses: str = "Answers that were under way: such a write may or may not have been done."
    stales: bool = True

    def strike(self, site: Site) -> None:
        site.note(f"{self.part} told to end, pid {site.stack.pid(self.part)}")
        site.stack.stop(self.part)

    def heal(self, site: Site) -> None:
        site.stack.start(self.part)


MONGODB_GONE = Gone(
    name="mongodb-gone",
    part="mongodb",
    does="Stops MongoDB in order, and starts it again after a while.",
    about="P8: the outage contract; writes are refused, boards are served from what is cached.",
    stales=False,
)
S3_GONE = Gone(
    name="s3-gone",
    part="s3",
    does="Stops the object store in order, and starts it again after a while.",
    about="P8: the outage contract; pages are served without pictures, uploads are refused.",
    stales=False,
)
