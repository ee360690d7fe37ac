"""A link is a black hole: connections stay, and bytes vanish."""

from dataclasses import dataclass

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.line import Line, Way
from lab.testbed.site import Site

DEAF = Line.both(Way(swallows=True))


@dataclass(frozen=True, kw_only=True)
class BlackHole(Fault):
    """`line` says which direction is deaf. Connections that lost bytes are reset when it is healed."""

    name: str = "redis-black-hole"
    part: str = "redis"
    change: Change = "outage"
    does: str = "Swallows every byte between the application and Redis, both ways."
    about: str = "P4, P5, P8: no copy is trusted longer than B, and what was refused is not done later."
    loses: str = "Answers that were under way: such a write may or may not have been done."
    stales: bool = True
    line: Line = DEAF

    def strike(self, site: Site) -> None:
        site.bend(self.part, self.line)
        site.note(f"bytes of {self.part} vanish")

    def heal(self, site: Site) -> None:
        site.mend(self.part)


HALF_OPEN = BlackHole(
    name="redis-half-open",
    part="web-2-redis",
    does="Swallows what Redis answers to a single instance; what that one sends arrives.",
    about="P2, P3, P5: the other instances write on, and this one serves no copy older than B.",
    line=Line(back=Way(swallows=True)),
)
MONGODB_BLACK_HOLE = BlackHole(
    name="mongodb-black-hole",
    part="mongodb",
    does="Swallows every byte between the application and MongoDB, both ways.",
    about="P1, P8: the outage contract; a write that was refused is not done later.",
    stales=False,
)
S3_BLACK_HOLE = BlackHole(
    name="s3-black-hole",
    part="s3",
    does="Swallows every byte between the application and the object store, both ways.",
    about="P8: the outage contract; nothing is half-stored.",
    stales=False,
)
