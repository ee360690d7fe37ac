"""What is to be simulated: a fleet, a routing, people, and what is done to it when."""

from dataclasses import dataclass

from lab.errors import Misuse
from lab.simulate.affinity import REBALANCE_PER_MINUTE
from lab.simulate.changes import KINDS, Change, planned
from lab.simulate.routing import routing_of
from lab.simulate.workload import Workload


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is run. Raises Misuse. `apart_seconds` lie between two changes, and behind the last one."""

    instances: int
    routing: str
    workload: Workload
    seed: int = 1
    warm_seconds: int = 60
    calm_seconds: int = 60
    apart_seconds: int = 45
    away_seconds: float = 5.0
    changes: tuple[str, ...] = KINDS
    hit_share: float = 0.1
    grow_share: float = 0.5
    hot_bytes: int = 64 << 20
    fresh_seconds: float = 30.0
    rebalance_per_minute: float = REBALANCE_PER_MINUTE
    first_choice: str = "roundrobin"

    def __post_init__(self) -> None:
        if not 1 <= self.instances <= 5000:
            raise Misuse(f"A fleet has 1 to 5,000 instances here, not {self.instances}.")
        if self.warm_seconds < 0 or self.calm_seconds < 1 or self.apart_seconds < 30:
            raise Misuse("The calm time lasts at least 1 s, and changes are at least 30 s apart.")
        if self.hot_bytes < 1 << 16 or self.fresh_seconds <= 0 or self.rebalance_per_minute < 0:
            raise Misuse("Copies need 64 KiB at least, are fresh for some time, and nobody is moved less than never.")
        if not 0 <= self.away_seconds <= self.apart_seconds:
            raise Misuse(f"A killed instance is away for 0 to {self.apart_seconds} s, not {self.away_seconds}.")
        routing_of(self.routing, 1, self.first_choice)
        self.planned()

    def planned(self) -> list[Change]:
        """The changes, with their times."""
        return planned(
            self.changes,
            self.instances,
            self.warm_seconds + self.calm_seconds,
            self.apart_seconds,
            hit_share=self.hit_share,
            grow_share=self.grow_share,
        )

    @property
    def seconds(self) -> int:
        """How long it lasts, by the site's clock."""
        return self.warm_seconds + self.calm_seconds + len(self.changes) * self.apart_seconds
