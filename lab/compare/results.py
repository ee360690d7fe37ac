"""What a comparison found, as it is written to `result.json`; every figure of the report comes out of this."""

from collections.abc import Iterable
from typing import Any

import msgspec

from lab.compare.estimates import Estimate, estimate
from lab.compare.prices import Prices

PERCENTS = (50.0, 90.0, 99.0, 99.9, 100.0)


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured."""

    processor: str
    cores: int
    memory_gib: float
    system: str


class Moment(msgspec.Struct, frozen=True):
    """One second of a run: `at` in seconds from the beginning of the phase shown."""

    at: float
    requests: int
    failed: int
    hot_rate: float | None
    p99_ms: float | None


class Round(msgspec.Struct, frozen=True):
    """One stretch of steady load on one rung, warm-up cut off.

    `latency_ms` is by percent, from the moment a request was due. `cpu_ms` (by part) and `calls` are per request.
    `tiers` is by region the number of lookups each tier answered, `held_bytes` what all hot copies occupy.
    `moved_share` is of the requests of people who were logged in: answered by another instance than their browser's
    request before.

    Measured from outside, `cpu_ms` and `calls` are empty, `held_bytes` is None, and the rest is what browsers are
    shown: without `X-Instance` there is no `by_instance` and no `moved_share`, without `Cache-Status` no `tiers`.
    """

    rung: str
    number: int
    seconds: float
    requests: int
    failed: int
    latency_ms: dict[str, float]
    cpu_ms: dict[str, float]
    calls: dict[str, float]
    tiers: dict[str, dict[str, float]]
    held_bytes: float | None
    by_instance: dict[str, int]
    generator_late_ms: float
    refused: int = 0
    moved_share: float | None = None

    @property
    def hot_rate(self) -> float | None:
        """The share of all lookups that a process answered out of its own memory; None if none was seen."""
        total = sum(sum(tiers.values()) for tiers in self.tiers.values())
        return sum(tiers.get("hot", 0.0) for tiers in self.tiers.values()) / total if total else None

    @property
    def imbalance(self) -> float | None:
        """Requests of the busiest instance over the mean; 1 is even. None if nobody says who answered."""
        counts = list(self.by_instance.values())
        return max(counts) * len(counts) / sum(counts) if sum(counts) else None


class Failure(msgspec.Struct, frozen=True):
    """What a kill or a rolling restart did. `recovered_seconds` is None where the rate did not come back in time."""

    rung: str
    what: str
    began: float
    ended: float
    failed_reads: int
    failed_writes: int
    hot_rate_before: float
    hot_rate_lowest: float
    recovered_seconds: float | None
    longest_gap_seconds: float
    moments: list[Moment]


class Capacity(msgspec.Struct, frozen=True):
    """The most requests per second within the latency bound, 0 if none that was tried is. `reached`: the generator
    could have asked for more."""

    rung: str
    requests_per_second: float
    bound_ms: float
    reached: bool

    def __str__(self) -> str:
        """As it is told."""
        if self.requests_per_second == 0:
            return "fewer than were tried"
        return f"{self.requests_per_second:.0f}{'' if self.reached else ' or more'}"


class RoundTrip(msgspec.Struct, frozen=True):
    """From here to a rung's Redis and back, the median of many: as it is, and by way of the wire that adds to it."""

    plain_ms: float
    added_ms: float | None = None


class Result(msgspec.Struct):
    """A whole comparison, or as much of it as was measured before it was stopped (`complete` False, `stopped` why).

    `sites` are the addresses of rungs that were there already, and were measured from outside. `rtt_ms` is what was
    asked to be added, `round_trips` by rung what there really was. `left_behind` says in sentences what is still there
    of it on systems that are not the lab's. `prices` are those that what it costs is reckoned with.
    """

    began: str
    version: str
    machine: Machine
    workload: dict[str, Any]
    rtt_ms: float
    rungs: list[str]
    rounds: list[Round] = []
    failures: list[Failure] = []
    capacities: list[Capacity] = []
    complete: bool = False
    stopped: str = ""
    sites: dict[str, str] = {}
    round_trips: dict[str, RoundTrip] = {}
    left_behind: list[str] = []
    prices: Prices = Prices()

    @property
    def outside(self) -> bool:
        """Whether it was measured from outside: nothing is known of CPU time, of calls to stores, of memory."""
        return bool(self.sites)

    def of(self, rung: str) -> list[Round]:
        """The rounds of one rung."""
        return [each for each in self.rounds if each.rung == rung]

    def measured(self) -> list[str]:
        """The rungs of which there is at least one round, in their order."""
        return [rung for rung in self.rungs if self.of(rung)]

    def cpu_ms(self, rung: str, part: str | None = None) -> Estimate:
        """CPU per request of a part, or of all parts. Raises ValueError if nothing was measured."""
        known = [each.cpu_ms for each in self.of(rung) if each.cpu_ms]
        return estimate([each.get(part, 0.0) if part else sum(each.values()) for each in known])

    def latency_ms(self, rung: str, percent: float) -> Estimate:
        """A percentile of how long answers took. Raises ValueError if nothing was measured."""
        return estimate([each.latency_ms[f"{percent:g}"] for each in self.of(rung)])

    def calls(self, rung: str, backend: str) -> Estimate:
        """Round trips to a backing service per request. Raises ValueError if nothing was measured."""
        return estimate([each.calls.get(backend, 0.0) for each in self.of(rung) if each.calls])

    def hot_rate(self, rung: str) -> Estimate | None:
        """None if no lookup was seen."""
        return _known(each.hot_rate for each in self.of(rung))

    def moved_share(self, rung: str) -> Estimate | None:
        """None if nobody says who answered."""
        return _known(each.moved_share for each in self.of(rung))

    def imbalance(self, rung: str) -> Estimate | None:
        """None if nobody says who answered."""
        return _known(each.imbalance for each in self.of(rung))

    def capacity(self, rung: str) -> Capacity | None:
        """None if it was not looked for."""
        return next((each for each in self.capacities if each.rung == rung), None)


def _known(values: Iterable[float | None]) -> Estimate | None:
    found = [value for value in values if value is not None]
    return estimate(found) if found else None
