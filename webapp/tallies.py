"""Counters and histograms in plain numbers, for what is told with every request and has many series.

Beside `metrics.py` the only file of this package that knows prometheus_client, whose own counters find a series by its
labels under a lock, and make up all labels anew for each scrape. Told on the event loop only.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample


class Tally(Collector):
    """A counter; `series` are the values of its labels, all there can be."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str], series: Iterable[tuple[str, ...]]) -> None:
        self._name = name
        self._meaning = meaning
        self._counts = dict.fromkeys(series, 0)
        self._labels = [dict(zip(labels, values, strict=True)) for values in self._counts]

    def add(self, *values: str) -> None:
        """One more. Raises KeyError for a series there is not."""
        self._counts[values] += 1

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(self._name, self._meaning)
        name = f"{self._name}_total"
        family.samples = [
            Sample(name, labels, count) for labels, count in zip(self._labels, self._counts.values(), strict=True)
        ]
        yield family


class Durations(Collector):
    """A histogram of seconds with one label; `values` are those it can have, `bounds` rise."""

    def __init__(self, name: str, meaning: str, label: str, values: Iterable[str], bounds: Sequence[float]) -> None:
        self._name = name
        self._meaning = meaning
        self._bounds = bounds
        self._counts = {value: [0] * (len(bounds) + 1) for value in values}
        self._sums = dict.fromkeys(self._counts, 0.0)
        self._labels = {value: {label: value} for value in self._counts}
        edges = [*map(repr, map(float, bounds)), "+Inf"]
        self._edges = {value: [{label: value, "le": edge} for edge in edges] for value in self._counts}

    def observe(self, value: str, seconds: float) -> None:
        """One more. Raises KeyError for a value there is not."""
        self._counts[value][bisect_left(self._bounds, seconds)] += 1
        self._sums[value] += seconds

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(self._name, self._meaning)
        bucket, total, count = (f"{self._name}_{part}" for part in ("bucket", "sum", "count"))
        samples = family.samples
        for value, counts in self._counts.items():
            labels, so_far = self._labels[value], list(accumulate(counts))
            samples += map(Sample, [bucket] * len(so_far), self._edges[value], so_far)
            samples += (Sample(count, labels, so_far[-1]), Sample(total, labels, self._sums[value]))
        yield family
