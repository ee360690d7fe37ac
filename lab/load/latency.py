"""How long requests took, in HDR histograms: from a microsecond to two minutes, in bounded memory.

Two of them: `response` from the time a request was meant to be sent, which is what a user waits (Gil Tene, "How NOT to
Measure Latency"), and `service` from when it was sent. Where the site keeps up they are the same.
"""

import math
from collections.abc import Iterable
from typing import Self

import msgspec
from hdrh.histogram import HdrHistogram

LEAST_MICROSECONDS = 1
MOST_MICROSECONDS = 120_000_000
PRECISE, ROUGH = 3, 2
"""Significant digits. A histogram takes 74 kB, or 11 kB."""


class Latency(msgspec.Struct, frozen=True):
    """A histogram as a report keeps it: the usual figures in seconds, and `histogram`, from which all else comes.

    The figures are None where nothing was recorded. `histogram` is in the format of HdrHistogram (V2, compressed,
    base64), which its own tools read too.
    """

    count: int
    mean: float | None
    p50: float | None
    p90: float | None
    p99: float | None
    p999: float | None
    longest: float | None
    histogram: str


NOTHING = Latency(0, None, None, None, None, None, None, "")


class Histogram:
    """Durations. What is longer than two minutes counts as two minutes, what is shorter than 1 us as 1 us."""

    def __init__(self, digits: int = PRECISE) -> None:
        self._counts = HdrHistogram(LEAST_MICROSECONDS, MOST_MICROSECONDS, digits, word_size=4)
        self._total_microseconds = 0  # the library's mean visits every bucket
        self._told: Latency | None = NOTHING

    def record(self, seconds: float) -> None:
        """One more request, which took so long."""
        self._told = None
        microseconds = min(max(round(seconds * 1e6), LEAST_MICROSECONDS), MOST_MICROSECONDS)
        self._counts.record_value(microseconds)
        self._total_microseconds += microseconds

    @property
    def count(self) -> int:
        """How many were recorded."""
        return int(self._counts.get_total_count())

    def percentiles(self, *percents: float) -> list[float]:
        """In seconds; not numbers (nan) if nothing was recorded."""
        if not self.count:
            return [math.nan] * len(percents)
        found = self._counts.get_percentile_to_value_dict(sorted(percents))
        return [found[percent] / 1e6 for percent in percents]

    def told(self) -> Latency:
        """What a report keeps of it. Takes a millisecond, and none if nothing was recorded since."""
        if self._told is None:
            p50, p90, p99, p999 = self.percentiles(50, 90, 99, 99.9)
            longest, mean = self._counts.get_max_value() / 1e6, self._total_microseconds / self.count / 1e6
            histogram = self._counts.encode().decode()
            self._told = Latency(self.count, mean, p50, p90, p99, p999, longest, histogram)
        return self._told

    @classmethod
    def opened(cls, latency: Latency) -> Self:
        """The histogram again, to ask it for more."""
        found = cls()
        if latency.mean is not None:
            found._counts = HdrHistogram.decode(latency.histogram)
            found._total_microseconds = round(latency.mean * latency.count * 1e6)
            found._told = latency
        return found

    def add(self, other: "Histogram") -> None:
        """All that the other one holds, which is left as it is; as precise as this one."""
        self._told = None
        self._counts.add(other._counts)
        self._total_microseconds += other._total_microseconds


def merged(latencies: Iterable[Latency]) -> Latency:
    """Of all requests of all of them; as precise as the first."""
    some = [latency for latency in latencies if latency.count]
    if not some:
        return NOTHING
    every = Histogram.opened(some[0])
    for latency in some[1:]:
        every.add(Histogram.opened(latency))
    return every.told()
