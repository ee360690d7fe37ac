"""What the tests of `cache` put in place of time and of an observer, and a value to keep."""

import msgspec

from cache import NullObserver


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
    """Remembers what a cache told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.lookups: list[tuple[str, str, bool]] = []
        self.loads: list[tuple[str, bool]] = []
        self.refused = 0

    def called(self, operation: str, result: str, seconds: float) -> None:
        self.calls.append((operation, result))

    def looked_up(self, region: str, tier: str, hit: bool) -> None:
        self.lookups.append((region, tier, hit))

    def loaded(self, region: str, seconds: float, ok: bool) -> None:
        self.loads.append((region, ok))

    def load_refused(self, region: str) -> None:
        self.refused += 1
