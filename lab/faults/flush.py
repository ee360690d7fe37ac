"""Redis forgets everything."""

from dataclasses import dataclass
from typing import ClassVar

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.redis_call import call
from lab.testbed.site import Site


@dataclass(frozen=True, kw_only=True)
class Flush(Fault):
    """FLUSHALL, over a connection of the lab's own."""

    name: str = "redis-flush"
    part: str = "redis"
    change: Change = "other"
    does: str = "Empties Redis (FLUSHALL)."
    about: str = "P4, P5, P6: nobody is served a copy of what is gone; what MongoDB and S3 hold is there."
    loses: str = (
        "All sessions (everybody has to log in again), and what is kept in Redis alone: counts of visits and of "
        "attempts, remembered answers to idempotency keys, jobs in the queue."
    )
    losing: tuple[str, ...] = ("sessions", "theme", "versions")
    losing_seconds: float | None = None
    lasts: ClassVar[bool] = False

    def strike(self, site: Site) -> None:
        host, _, port = site.stack.address(self.part).rpartition(":")
        site.note("FLUSHALL")
        call((host, int(port)), "FLUSHALL")
