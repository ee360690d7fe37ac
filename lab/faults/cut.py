"""A link is cut: its connections are reset, and none are made until it is healed."""

from dataclasses import dataclass

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.line import Line
from lab.testbed.site import Site


@dataclass(frozen=True, kw_only=True)
class Cut(Fault):
    """`part` is a link of the site."""

    name: str = "redis-cut"
    part: str = "redis"
    change: Change = "outage"
    does: str = "Resets all connections to Redis, and refuses new ones for a while."
    about: str = "P2, P5, P8: the outage contract; copies are kept for it alone, and dropped on reconnecting."
    loses: str = "Answers that were under way: such a write may or may not have been done."
    stales: bool = True

    def strike(self, site: Site) -> None:
        site.bend(self.part, Line(refuses=True))
        site.cut(self.part)

    def heal(self, site: Site) -> None:
        site.mend(self.part)


CLIENTS_CUT = Cut(
    name="clients-cut",
    part="clients",
    change="other",
    does="Resets all connections of browsers, and refuses new ones for a while.",
    about="P1, P2, P7: what was acknowledged is there, and nothing with an idempotency key is done twice.",
    loses="Answers that were under way, and requests of the while.",
    stales=False,
)
MONGODB_CUT = Cut(
    name="mongodb-cut",
    part="mongodb",
    does="Resets all connections to MongoDB, and refuses new ones for a while.",
    about="P1, P8: the outage contract.",
    stales=False,
)
S3_CUT = Cut(
    name="s3-cut",
    part="s3",
    does="Resets all connections to the object store, and refuses new ones for a while.",
    about="P8: the outage contract; nothing is half-stored.",
    stales=False,
)
