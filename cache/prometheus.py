"""The observer that counts for Prometheus; the only file of this package that knows prometheus_client.

All series exist from the start: labels come from closed sets, the names of the regions are given. What is told on the
path of every hit is counted in plain numbers and turned into samples when it is scraped.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from cache.cache import Cache
from cache.meter import nines
from cache.observer import (
    CANARIES,
    CHECKS,
    EVICTION_REASONS,
    GARBAGE_REASONS,
    INVALIDATION_REASONS,
    LINK_STATES,
    REFUSALS,
    STALE_REASONS,
    TIERS,
    Canary,
    Check,
    LinkState,
    Tier,
)

LOAD_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
TRIP_BUCKETS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)

Counts = dict[Tier, dict[str, int]]
Series = Mapping[tuple[str, ...], Counter]


class PrometheusObserver:
    """Counts what the cache tells. `called` is passed on: how backends are counted is the application's business."""

    def __init__(
        self, registry: CollectorRegistry, regions: Sequence[str], called: Callable[[str, str, float], None]
    ) -> None:
        self._called = called
        self._hits: Counts = {tier: dict.fromkeys(regions, 0) for tier in TIERS}
        self._misses: Counts = {tier: dict.fromkeys(regions, 0) for tier in TIERS}
        registry.register(_Lookups(hit=self._hits, miss=self._misses))
        loads = Histogram(
            "hotseat_cache_load_duration_seconds",
            "Time a load took, failed ones included.",
            ("region",),
            buckets=LOAD_BUCKETS,
            registry=registry,
        )
        self._loads = {region: loads.labels(region) for region in regions}
        self._refused = _counter(
            registry, "cache_loads_refused", "Loads refused because too many waited.", region=regions
        )
        self._evictions = _counter(
            registry, "cache_evictions", "Hot copies given up, and why.", region=regions, reason=EVICTION_REASONS
        )
        self._invalidations = _counter(
            registry,
            "cache_invalidations",
            "Hot copies dropped because their truth changed or could have.",
            region=regions,
            reason=INVALIDATION_REASONS,
        )
        self._stale = _counter(
            registry,
            "cache_stale_served",
            "Answers past their time, marked so, and why.",
            region=regions,
            reason=STALE_REASONS,
        )
        self._garbage = _counter(
            registry,
            "cache_garbage",
            "What Redis or a load gave that could not be kept.",
            region=regions,
            reason=GARBAGE_REASONS,
        )
        self._checks = _counter(
            registry, "staleness_checks", "Hot hits compared with Redis.", region=regions, result=CHECKS
        )
        self._counts = {"fresh": 0, "stale": 0}
        told = Gauge(
            "hotseat_staleness_nines",
            "How many nines of hot hits were fresh, as far as the checks can tell (95 %).",
            registry=registry,
        )
        told.set_function(lambda: nines(sum(self._counts.values()), self._counts["stale"]))
        self._state = Gauge("hotseat_link_state", "1 for the state of the tracked link.", ("state",), registry=registry)
        for state in LINK_STATES:
            self._state.labels(state)
        self._transitions = _counter(
            registry, "link_transitions", "Times the tracked link came into a state.", state=LINK_STATES
        )
        self._canaries = _counter(
            registry, "link_canaries", "Canaries whose invalidation came, or did not.", result=CANARIES
        )
        self._refusals = _counter(registry, "redis_refusals", "Error replies of Redis.", code=REFUSALS)
        self._trips = Histogram(
            "hotseat_link_round_trip_seconds",
            "Time from a heartbeat to its answer.",
            buckets=TRIP_BUCKETS,
            registry=registry,
        )
        self._lag = Histogram(
            "hotseat_invalidation_lag_seconds",
            "Time from a write to the arrival of its invalidation.",
            buckets=TRIP_BUCKETS,
            registry=registry,
        )

    def looked_up(self, region: str, tier: Tier, hit: bool) -> None:
        (self._hits if hit else self._misses)[tier][region] += 1

    def hot_lookups(self) -> tuple[int, int]:
        """Hits of the hot tier so far, and lookups of it."""
        hits = sum(self._hits["hot"].values())
        return hits, hits + sum(self._misses["hot"].values())

    def loaded(self, region: str, seconds: float, ok: bool) -> None:
        self._loads[region].observe(seconds)
        self.looked_up(region, "load", ok)

    def load_refused(self, region: str) -> None:
        self._refused[(region,)].inc()

    def evicted(self, region: str, reason: str) -> None:
        self._evictions[region, reason].inc()

    def invalidated(self, region: str, reason: str, copies: int = 1) -> None:
        self._invalidations[region, reason].inc(copies)

    def stale_served(self, region: str, reason: str) -> None:
        self._stale[region, reason].inc()

    def garbage_found(self, region: str, reason: str) -> None:
        self._garbage[region, reason].inc()

    def staleness_checked(self, region: str, result: Check) -> None:
        self._checks[region, result].inc()
        if result != "unknown":
            self._counts["stale" if result == "stale" else "fresh"] += 1

    def called(self, operation: str, result: str, seconds: float) -> None:
        self._called(operation, result, seconds)

    def link_state(self, state: LinkState) -> None:
        for each in LINK_STATES:
            self._state.labels(each).set(each == state)
        self._transitions[(state,)].inc()

    def round_trip(self, seconds: float) -> None:
        self._trips.observe(seconds)

    def invalidation_lag(self, seconds: float) -> None:
        self._lag.observe(seconds)

    def canary(self, result: Canary) -> None:
        self._canaries[(result,)].inc()

    def redis_refused(self, code: str) -> None:
        self._refusals[(code if code in REFUSALS else "other",)].inc()


class HotCacheCollector(Collector):
    """Entries and bytes held per region, the lease, and what waits on the link, read when scraped."""

    def __init__(self, cache: Cache, regions: Sequence[str]) -> None:
        self._cache = cache
        self._regions = tuple(regions)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """In time proportional to the number of regions."""
        usage = self._cache.hot.usage()
        held = {region: usage.get(region, (0, 0)) for region in self._regions}
        yield _family(
            "hotseat_cache_entries", "Hot copies held.", {name: entries for name, (entries, _) in held.items()}
        )
        yield _family(
            "hotseat_cache_bytes",
            "Bytes the hot copies are taken to occupy.",
            {name: size for name, (_, size) in held.items()},
        )
        yield GaugeMetricFamily(
            "hotseat_cache_limit_bytes", "Bytes that hot copies may occupy.", self._cache.hot.max_bytes
        )
        yield GaugeMetricFamily(
            "hotseat_lease_seconds", "For how long the lease is still good; 0 without one.", self._cache.lease_seconds
        )
        yield GaugeMetricFamily(
            "hotseat_staleness_bound_seconds",
            "The most a hot copy may lag behind Redis.",
            self._cache.staleness_seconds,
        )
        yield GaugeMetricFamily("hotseat_link_backlog", "Calls to Redis that wait for an answer.", self._cache.backlog)


class _Lookups(Collector):
    def __init__(self, **counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(
            "hotseat_cache_lookups",
            "Lookups by the tier that was asked and what it had.",
            labels=("region", "tier", "result"),
        )
        for result, of_tiers in self._counts.items():
            for tier, of_regions in of_tiers.items():
                for region, count in of_regions.items():
                    family.add_metric((region, tier, result), count)
        yield family


def _counter(registry: CollectorRegistry, name: str, text: str, **labels: Sequence[str]) -> Series:
    """A counter's series, by their labels: all there can be, from the start."""
    counter = Counter(f"hotseat_{name}", text, tuple(labels), registry=registry)
    return {values: counter.labels(*values) for values in product(*labels.values())}


def _family(name: str, text: str, values: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=("region",))
    for region, value in values.items():
        family.add_metric((region,), value)
    return family
