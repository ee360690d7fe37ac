"""How a comparison is made: which rungs, how often, how long."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from lab.compare.measuring import Times
from lab.compare.prices import Prices
from lab.compare.rungs import HOT, LADDER, REDIS, Rung
from lab.errors import Unknown
from lab.workload import Workload

QUICK_USERS: Final = 24


@dataclass(frozen=True)
class Plan:
    """`failing` are the rungs to which failures are done, `bearing` those whose capacity is looked for.

    `sites`: addresses of rungs that are there already, by name; all of them or none. They are asked, and nothing else.
    `verifies`: whether their certificates have to be good.
    """

    workload: Workload
    seed: int
    rungs: tuple[Rung, ...]
    rounds: int
    times: Times
    bound_ms: float
    rtt_ms: float = 0.0
    failing: tuple[Rung, ...] = (HOT,)
    bearing: tuple[Rung, ...] = LADDER
    calm_seconds: float = 10.0
    after_seconds: float = 20.0
    sites: Mapping[str, str] = field(default_factory=dict)
    verifies: bool = True
    prices: Prices = field(default_factory=Prices)
    give_up_seconds: float = 20.0

    @property
    def steps(self) -> int:
        """How many there are, for a bar of progress: sites that are started count as well."""
        there = set(self.rungs)
        failures = 2 * len(there.intersection(self.failing))
        return len(self.rungs) * (1 + self.rounds) + failures + len(there.intersection(self.bearing))


QUICK: Final = {
    "rounds": 3,
    "times": Times(first=5.0, warm=2.0, measured=5.0, step=2.0),
    "bearing": (REDIS, HOT),
    "calm_seconds": 4.0,
    "after_seconds": 8.0,
}
FULL: Final = {"rounds": 6, "times": Times(first=20.0, warm=10.0, measured=30.0, step=6.0)}


def rungs_named(names: str) -> tuple[Rung, ...]:
    """From a list with commas, in the order of the ladder. Raises Unknown."""
    known = {rung.name: rung for rung in LADDER}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise Unknown("rung", name, known)
    return tuple(rung for rung in LADDER if rung.name in wanted)
