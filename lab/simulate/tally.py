"""What is counted: totals of a phase, and what was found hot second by second.

Invariant: of each kind of value, lookups = found hot + found in Redis + loaded. Nothing else answers.
"""

from array import array
from dataclasses import dataclass, field
from typing import Final

from lab.simulate.affinity import PULSE_SECONDS

SESSION: Final = 0
PROFILE: Final = 1
BOARD: Final = 2
REGIONS: Final = ("session", "profile", "board")

HEARTBEAT_SECONDS: Final = 0.5  # a quarter of B, HOT_STALENESS_SECONDS (2 s); see `cache.lease`
TOLD_BYTES: Final = 252  # what a process tells of itself in a pulse; each pulse reads this of all it hears of
CALLS_PER_PROCESS_SECOND: Final = 1 / HEARTBEAT_SECONDS + 1 / PULSE_SECONDS


@dataclass(slots=True)
class Count:
    """Totals since it was made.

    `trips` are round trips to Redis, a pipeline being one; `reads` the values asked of it. `told` are messages by
    which Redis told a process that a key it read has changed: `told_of_writes` because of a write to a session, profile
    or board, `told_of_loads` because a loaded value was stored, `told_of_touches` because a session was marked as in
    use, `told_of_versions` because the owner's counter rose with any of these.
    """

    requests: int = 0
    boards: int = 0
    writes: int = 0
    touches: int = 0
    trips: int = 0
    reads: int = 0
    moves: int = 0
    rebalanced: int = 0
    preloaded: int = 0
    told_of_writes: int = 0
    told_of_loads: int = 0
    told_of_touches: int = 0
    told_of_versions: int = 0
    redis: list[int] = field(default_factory=lambda: [0, 0, 0])
    loads: list[int] = field(default_factory=lambda: [0, 0, 0])

    def lookups(self, *regions: int) -> int:
        """How often these kinds of values were looked up."""
        return sum(self.boards if region == BOARD else self.requests for region in regions)

    def hot(self, *regions: int) -> int:
        """How often the process that was asked held them."""
        return self.lookups(*regions) - sum(self.redis[region] + self.loads[region] for region in regions)

    def hit_rate(self, *regions: int) -> float:
        """The share found hot; 0 of none."""
        lookups = self.lookups(*regions)
        return self.hot(*regions) / lookups if lookups else 0.0


class Seconds:
    """Lookups and those found hot, by the second, of everybody or of some people. Seconds before 0 are left out."""

    def __init__(self, seconds: int) -> None:
        self.lookups = array("q", bytes(8 * (seconds + 1)))
        self.hot = array("q", bytes(8 * (seconds + 1)))

    def rate(self, began: int, ended: int) -> tuple[float, int]:
        """The share found hot from one second to another, and of how many lookups; 0 of none."""
        lookups = sum(self.lookups[max(began, 0) : ended])
        return (sum(self.hot[max(began, 0) : ended]) / lookups if lookups else 0.0), lookups


@dataclass(frozen=True, slots=True)
class Dip:
    """How far a hit rate fell, and for how long: the lowest window, and the end of the last one that was low."""

    before: float
    lowest: float
    recovered_seconds: float


WINDOW_SECONDS: Final = 5
KEPT_SHARE: Final = 0.95
SIGMAS: Final = 3.0
LOOKUPS_PER_REQUEST: Final = 3  # at most; those of one request are not independent


def dip(seconds: Seconds, before: float, began: int, ended: int) -> Dip:
    """Of the windows between: one is low if it is below 95 % of `before`, and by more than so few lookups vary."""
    lowest, recovered = before, 0
    for at in range(began, ended - WINDOW_SECONDS + 1):
        rate, lookups = seconds.rate(at, at + WINDOW_SECONDS)
        noise = SIGMAS * (before * (1 - before) * LOOKUPS_PER_REQUEST / lookups) ** 0.5 if lookups else 1.0
        if rate < KEPT_SHARE * before and before - rate > noise:
            lowest, recovered = min(lowest, rate), at + WINDOW_SECONDS - began
    return Dip(before, lowest, float(recovered))
