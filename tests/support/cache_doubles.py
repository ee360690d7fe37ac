"""What the tests of `cache` put in place of time and of an observer, and a value to keep."""

import msgspec

from cache import NullObserver

MOST_REMEMBERED = 100_000


class Board(msgspec.Struct, frozen=True):
    """A value to keep."""

    text: str


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class Recorder(NullObserver):
    """Remembers what a cache told. The heartbeats of the lease are left out of `calls`: they come when they please."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.lookups: list[tuple[str, str, bool]] = []
        self.loads: list[tuple[str, bool]] = []
        self.refused = 0
        self.evictions: list[tuple[str, str]] = []
        self.invalidations: list[tuple[str, str]] = []
        self.stale: list[tuple[str, str]] = []
        self.garbage: list[tuple[str, str]] = []
        self.checks: list[tuple[str, str]] = []
        self.states: list[str] = []
        self.lags: list[float] = []

    def called(self, operation: str, result: str, seconds: float) -> None:
        if operation not in ("lease", "check"):
            self.calls.append((operation, result))

    def looked_up(self, region: str, tier: str, hit: bool) -> None:
        if len(self.lookups) < MOST_REMEMBERED:  # a test that does not end must not take the machine down
            self.lookups.append((region, tier, hit))

    def loaded(self, region: str, seconds: float, ok: bool) -> None:
        self.loads.append((region, ok))

    def load_refused(self, region: str) -> None:
        self.refused += 1

    def evicted(self, region: str, reason: str) -> None:
        self.evictions.append((region, reason))

    def invalidated(self, region: str, reason: str, copies: int = 1) -> None:
        self.invalidations += [(region, reason)] * copies

    def stale_served(self, region: str, reason: str) -> None:
        self.stale.append((region, reason))

    def garbage_found(self, region: str, reason: str) -> None:
        self.garbage.append((region, reason))

    def staleness_checked(self, region: str, result: str) -> None:
        self.checks.append((region, result))

    def link_state(self, state: str) -> None:
        self.states.append(state)

    def invalidation_lag(self, seconds: float) -> None:
        self.lags.append(seconds)
