"""The observer that counts for Prometheus; the only file of this package that knows prometheus_client.

All series exist from the start: labels come from closed sets, the names of the regions are given.
"""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from cache.hot import HotCache
from cache.observer import EVICTION_REASONS, INVALIDATION_REASONS, TIERS, Tier

LOAD_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class PrometheusObserver:
    """Counts what the cache tells. `called` is passed on: how backends are counted is the application's business."""

    def __init__(
        self, registry: CollectorRegistry, regions: Sequence[str], called: Callable[[str, str, float], None]
    ) -> None:
        self._called = called
        self._lookups = Counter(
            "hotseat_cache_lookups",
            "Lookups by the tier that was asked and what it had.",
            ("region", "tier", "result"),
            registry=registry,
        )
        self._loads = Histogram(
            "hotseat_cache_load_duration_seconds",
            "Time a load took, failed ones included.",
            ("region",),
            buckets=LOAD_BUCKETS,
            registry=registry,
        )
        self._refused = Counter(
            "hotseat_cache_loads_refused", "Loads refused because too many waited.", ("region",), registry=registry
        )
        self._evictions = Counter(
            "hotseat_cache_evictions", "Hot copies given up, and why.", ("region", "reason"), registry=registry
        )
        self._invalidations = Counter(
            "hotseat_cache_invalidations",
            "Hot copies dropped because their owner changed.",
            ("region", "reason"),
            registry=registry,
        )
        for region in regions:
            self._loads.labels(region)
            self._refused.labels(region)
            for tier in TIERS:
                for result in ("hit", "miss"):
                    self._lookups.labels(region, tier, result)
            for reason in EVICTION_REASONS:
                self._evictions.labels(region, reason)
            for reason in INVALIDATION_REASONS:
                self._invalidations.labels(region, reason)

    def looked_up(self, region: str, tier: Tier, hit: bool) -> None:
        self._lookups.labels(region, tier, "hit" if hit else "miss").inc()

    def loaded(self, region: str, seconds: float, ok: bool) -> None:
        self._loads.labels(region).observe(seconds)
        self.looked_up(region, "load", ok)

    def load_refused(self, region: str) -> None:
        self._refused.labels(region).inc()

    def evicted(self, region: str, reason: str) -> None:
        self._evictions.labels(region, reason).inc()

    def invalidated(self, region: str, reason: str) -> None:
        self._invalidations.labels(region, reason).inc()

    def called(self, operation: str, result: str, seconds: float) -> None:
        self._called(operation, result, seconds)


class HotCacheCollector(Collector):
    """Entries and bytes held per region, read when scraped."""

    def __init__(self, hot: HotCache, regions: Sequence[str]) -> None:
        self._hot = hot
        self._regions = tuple(regions)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """One pass over what is held."""
        entries = dict.fromkeys(self._regions, 0)
        held_bytes = dict.fromkeys(self._regions, 0)
        for region, weight in self._hot.holdings():
            entries[region] += 1
            held_bytes[region] += weight
        yield self._family("hotseat_cache_entries", "Hot copies held.", entries)
        yield self._family("hotseat_cache_bytes", "Bytes the hot copies are taken to occupy.", held_bytes)

    def _family(self, name: str, text: str, values: dict[str, int]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(name, text, labels=("region",))
        for region, value in values.items():
            family.add_metric((region,), value)
        return family
