"""What a comparison found, as it is written to `result.json`; every figure of the report comes out of this."""

from typing import Any

import msgspec

from lab.compare.estimates import Estimate, estimate

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

    `latency_ms` is by percent, from the moment a request was due. `cpu_ms` (by part), `calls` and `sent` are per
    request. `tiers` is by region the number of lookups each tier answered, `held_bytes` what all hot copies occupy.
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
    held_bytes: float
    by_instance: dict[str, int]
    generator_late_ms: float

    @property
    def hot_rate(self) -> float:
        """The share of all lookups that a process answered out of its own memory."""
        return self._share("hot")

    @property
    def imbalance(self) -> float:
        """Requests of the busiest instance over the mean; 1 is even."""
        counts = list(self.by_instance.values())
        return max(counts) * len(counts) / sum(counts) if sum(counts) else 1.0

    def _share(self, tier: str) -> float:
        total = sum(sum(tiers.values()) for tiers in self.tiers.values())
        return sum(tiers.get(tier, 0.0) for tiers in self.tiers.values()) / total if total else 0.0


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
    """The most requests per second within the latency bound. `reached`: the generator could have asked for more."""

    rung: str
    requests_per_second: float
    bound_ms: float
    reached: bool


class Result(msgspec.Struct):
    """A whole comparison, or as much of it as was measured before it was stopped (`complete` False, `stopped` why)."""

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

    def of(self, rung: str) -> list[Round]:
        """The rounds of one rung."""
        return [each for each in self.rounds if each.rung == rung]

    def measured(self) -> list[str]:
        """The rungs of which there is at least one round, in their order."""
        return [rung for rung in self.rungs if self.of(rung)]

    def cpu_ms(self, rung: str, part: str | None = None) -> Estimate:
        """CPU per request of a part, or of all parts. Raises ValueError if nothing was measured."""
        return estimate([each.cpu_ms.get(part, 0.0) if part else sum(each.cpu_ms.values()) for each in self.of(rung)])

    def latency_ms(self, rung: str, percent: float) -> Estimate:
        """A percentile of how long answers took. Raises ValueError if nothing was measured."""
        return estimate([each.latency_ms[f"{percent:g}"] for each in self.of(rung)])

    def calls(self, rung: str, backend: str) -> Estimate:
        """Round trips to a backing service per request. Raises ValueError if nothing was measured."""
        return estimate([each.calls.get(backend, 0.0) for each in self.of(rung)])

    def hot_rate(self, rung: str) -> Estimate:
        """Raises ValueError if nothing was measured."""
        return estimate([each.hot_rate for each in self.of(rung)])
