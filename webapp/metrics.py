"""The application's metrics; with `tallies.py` the only file of this package that knows prometheus_client.

All series exist from the start and every label comes from a closed set: never a key, a person or a raw path.
Names are the contract of `docs/metrics.md`.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from cache import Cache
from cache.observer import OPERATIONS
from cache.prometheus import HotCacheCollector, PrometheusObserver
from webapp.affinity import OUTCOMES
from webapp.beginnings import AFTERS, After
from webapp.errors import Backend
from webapp.exposition import Exposition
from webapp.life import Phase
from webapp.presence import Presence
from webapp.redis_figures import FIGURES, RedisFigures
from webapp.settings import Settings
from webapp.tallies import Durations, Tally

REQUEST_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
CALL_BUCKETS = (0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0)
REGIONS = ("session", "profile", "board", "front")
OTHER = "OTHER"  # a method that a route does not answer
STATUSES = ("2xx", "3xx", "4xx", "5xx")
CALLS: Mapping[Backend, Sequence[str]] = {
    "redis": (*OPERATIONS, "fleet", "info"),
    "mongodb": ("read", "write", "bulk", "index", "ping"),
    "s3": ("read", "write", "delete", "link", "prepare", "ping"),
}
CALL_RESULTS = ("ok", "error", "cancelled")
SESSION_EVENTS = ("started", "renewed", "ended", "touched", "touch_saved", "touch_lost", "refused")
JOBS = ("boards", "export", "forget-reports", "sweep")
JOB_RESULTS = ("ok", "error")
LAG_SECONDS = 0.1
LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
HIT_RATE_SECONDS = 60


log = structlog.get_logger("webapp.metrics")


class Counted(Protocol):
    """Bytes so far."""

    @property
    def sent(self) -> int: ...
    @property
    def received(self) -> int: ...


class Metrics:
    """One process's registry and everything it counts."""

    def __init__(self, settings: Settings, version: str, routes: Mapping[str, Collection[str]]) -> None:
        # A second series beside each that counts would say when it was made: at the start. For the whole process.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.observer = PrometheusObserver(self.registry, REGIONS, self.redis_called)
        self._requests = self._tally(
            "hotseat_http_requests",
            "Requests answered.",
            ("route", "method", "status"),
            ((route, *rest) for route, known in routes.items() for rest in product((*known, OTHER), STATUSES)),
        )
        self._durations = self._histogram(
            "hotseat_http_request_duration_seconds",
            "Time from a request's headers to its answer's end.",
            "route",
            routes,
            REQUEST_BUCKETS,
        )
        self.in_flight = 0
        in_flight = Gauge("hotseat_requests_in_flight", "Requests being answered.", registry=self.registry)
        in_flight.set_function(lambda: self.in_flight)
        self._affinity = self._tally(
            "hotseat_affinity", "Requests by where HAProxy sent them.", ("outcome",), ((each,) for each in OUTCOMES)
        )
        self._calls = self._tally(
            "hotseat_backend_calls",
            "Round trips to a backing service.",
            ("backend", "op", "result"),
            ((backend, *rest) for backend, known in CALLS.items() for rest in product(known, CALL_RESULTS)),
        )
        self._call_durations = self._histogram(
            "hotseat_backend_call_duration_seconds", "Time a round trip took.", "backend", CALLS, CALL_BUCKETS
        )
        self._traffic: Mapping[Backend, Counted] = {}
        self.registry.register(_Bytes(lambda: self._traffic))
        self._presences: Mapping[Backend, Presence] = {}
        self._told_of_mistake = False
        self._outages = Gauge(
            "hotseat_outage_state",
            "1 while a backing service is away, 0 while it is there.",
            ("backend",),
            registry=self.registry,
        )
        self._released = Counter(
            "hotseat_released_users", "Users sent to another instance: here were too many.", registry=self.registry
        )
        self._preloaded = Counter(
            "hotseat_preloaded_keys", "Keys that were made hot before the first request.", registry=self.registry
        )
        self._held = Gauge("hotseat_users", "People who were here within the last minute.", registry=self.registry)
        self._drain = Gauge(
            "hotseat_drain_seconds", "How long this process has been leaving; 0 if it is not.", registry=self.registry
        )
        self._drain_limit = Gauge(
            "hotseat_drain_limit_seconds", "How long this process may take to leave.", registry=self.registry
        )
        self._drain_limit.set(settings.drain_seconds)
        self._phases = Gauge(
            "hotseat_phase", "1 for where the process stands in its life.", ("phase",), registry=self.registry
        )
        self._begun = Gauge(
            "hotseat_begun", "1 for how the former process of this name ended.", ("after",), registry=self.registry
        )
        self._uploads = Gauge("hotseat_upload_bytes", "Held for uploads being taken in.", registry=self.registry)
        self._hot_lookups: deque[tuple[int, int]] = deque([(0, 0)], maxlen=int(HIT_RATE_SECONDS / LAG_SECONDS) + 1)
        self._sessions = self._tally(
            "hotseat_sessions", "What happened to sessions.", ("event",), ((each,) for each in SESSION_EVENTS)
        )
        self._replays = Counter(
            "hotseat_idempotent_replays", "Writes that had been done already.", registry=self.registry
        )
        self._throttled = Counter(
            "hotseat_login_throttled", "Attempts to log in or sign up that were too many.", registry=self.registry
        )
        self._jobs = Counter("hotseat_jobs", "Jobs done by the worker.", ("job", "result"), registry=self.registry)
        self.oldest_queued: float | None = None
        waiting = Gauge(
            "hotseat_queue_age_seconds", "How long the oldest export has been waiting.", registry=self.registry
        )
        waiting.set_function(lambda: 0.0 if self.oldest_queued is None else max(0.0, time.time() - self.oldest_queued))
        self.exports_waiting = 0
        length = Gauge("hotseat_queue_length", "Exports that wait for a worker.", registry=self.registry)
        length.set_function(lambda: self.exports_waiting)
        self.lag_seconds = 0.0
        self._lag = Histogram(
            "hotseat_event_loop_lag_seconds",
            "How late the event loop woke, ten times a second.",
            buckets=LAG_BUCKETS,
            registry=self.registry,
        )
        Info("hotseat", "What runs here.", registry=self.registry).info(
            {
                "instance": settings.instance_id,
                "version": version,
                "sticky_mode": "on" if settings.sticky_mode else "off",
                "hot_cache": settings.hot_cache,
                "board_strategy": settings.board_strategy,
            }
        )
        self._routes = routes
        self._create_series()
        self._exposition = Exposition(self.registry.collect)

    def watch(self, cache: Cache) -> None:
        """Shows what the cache holds, and what waits for Redis."""
        self.registry.register(HotCacheCollector(cache, REGIONS))

    def watch_life(
        self, users: Callable[[], int], leaving_seconds: Callable[[], float], phase: Callable[[], Phase]
    ) -> None:
        """Shows how many people are held, where the process stands, and how long it has been leaving."""
        self._held.set_function(users)
        self._drain.set_function(leaving_seconds)
        for each in Phase:
            self._phases.labels(each).set_function(_whether(phase, each))

    def watch_beginning(self, after: Callable[[], After | None]) -> None:
        """Shows how the former process of this name ended, once that is known."""
        for each in AFTERS:
            self._begun.labels(each).set_function(_whether(after, each))

    def watch_traffic(self, traffic: Mapping[Backend, Counted]) -> None:
        """Shows how many bytes went to backing services and came from them."""
        self._traffic = traffic

    def watch_redis(self, figures: RedisFigures) -> None:
        """Shows what Redis tells of itself."""
        self.registry.register(_OfRedis(figures))

    def watch_uploads(self, held_bytes: Callable[[], int]) -> None:
        """Shows how much is held of uploads."""
        self._uploads.set_function(held_bytes)

    @property
    def hit_rate(self) -> float | None:
        """The hot tier's hits per lookup over the last minute; None if there was no lookup."""
        (hits_then, lookups_then), (hits, lookups) = self._hot_lookups[0], self.observer.hot_lookups()
        return (hits - hits_then) / (lookups - lookups_then) if lookups > lookups_then else None

    def watch_backends(self, presences: Mapping[Backend, Presence]) -> None:
        """Shows which backing services are away; a call that fails or is given up makes them be looked for."""
        self._presences = presences
        for backend, presence in presences.items():
            self._outages.labels(backend).set_function(presence.state)

    def released(self) -> None:
        """A user was sent to another instance, because too many were here."""
        self._released.inc()

    def preloaded(self, keys: int) -> None:
        """So many keys were made hot before the first request."""
        self._preloaded.inc(keys)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request is over."""
        known = method if method in self._routes[route] else OTHER
        self._count(self._requests, route, known, STATUSES[min(max(status // 100, 2), 5) - 2])
        self._durations.observe(route, seconds)

    def affinity(self, outcome: str) -> None:
        """One request came with this affinity outcome."""
        self._count(self._affinity, outcome)

    def session_event(self, event: str) -> None:
        """Something happened to a session."""
        self._count(self._sessions, event)

    def replayed(self) -> None:
        """A write with an idempotency key had been done before."""
        self._replays.inc()

    def login_throttled(self) -> None:
        """An attempt was one too many for its address or its account."""
        self._throttled.inc()

    def job_done(self, job: str, ok: bool) -> None:
        """The worker ended a job."""
        self._jobs.labels(job, "ok" if ok else "error").inc()

    def redis_called(self, operation: str, result: str, seconds: float) -> None:
        """A round trip to Redis is over."""
        self._called("redis", operation, result, seconds)

    def mongodb_called(self, operation: str, result: str, seconds: float) -> None:
        """A call to MongoDB is over."""
        self._called("mongodb", operation, result, seconds)

    def s3_called(self, operation: str, result: str, seconds: float) -> None:
        """A call to S3 is over."""
        self._called("s3", operation, result, seconds)

    async def watch_loop(self) -> None:
        """Measures the event loop's lag, and notes what the hit rate is taken from, until cancelled."""
        while True:
            before = time.perf_counter()
            await asyncio.sleep(LAG_SECONDS)
            self.lag_seconds = max(0.0, time.perf_counter() - before - LAG_SECONDS)
            self._lag.observe(self.lag_seconds)
            self._hot_lookups.append(self.observer.hot_lookups())

    async def exposition(self) -> bytes:
        """The text a scrape gets."""
        return await self._exposition.text()

    def _called(self, backend: Backend, operation: str, result: str, seconds: float) -> None:
        self._count(self._calls, backend, operation, result)
        self._call_durations.observe(backend, seconds)
        if result != "ok" and backend in self._presences:
            self._presences[backend].doubt()

    def _count(self, tally: Tally, *values: str) -> None:
        """One more. What is in no closed set is a mistake of ours, which is no reason to fail somebody's request."""
        try:
            tally.add(*values)
        except KeyError:
            if not self._told_of_mistake:
                self._told_of_mistake = True
                log.error("not counted: there is no such series; further ones are not logged", labels=values)

    def _tally(self, name: str, meaning: str, labels: Sequence[str], series: Iterable[tuple[str, ...]]) -> Tally:
        tally = Tally(name, meaning, labels, series)
        self.registry.register(tally)
        return tally

    def _histogram(
        self, name: str, meaning: str, label: str, values: Iterable[str], bounds: Sequence[float]
    ) -> Durations:
        durations = Durations(name, meaning, label, values, bounds)
        self.registry.register(durations)
        return durations

    def _create_series(self) -> None:
        for backend in CALLS:
            self._outages.labels(backend)
        for phase in Phase:
            self._phases.labels(phase)
        for after in AFTERS:
            self._begun.labels(after)
        for job in JOBS:
            for result in JOB_RESULTS:
                self._jobs.labels(job, result)


class _Bytes(Collector):
    """Bytes to and from backing services, read when scraped."""

    def __init__(self, traffic: Callable[[], Mapping[Backend, Counted]]) -> None:
        self._traffic = traffic

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(
            "hotseat_backend_bytes", "Bytes sent to a backing service and received.", labels=("backend", "direction")
        )
        traffic = self._traffic()
        for backend in CALLS:
            counted = traffic.get(backend)
            family.add_metric((backend, "sent"), counted.sent if counted else 0)
            family.add_metric((backend, "received"), counted.received if counted else 0)
        yield family


class _OfRedis(Collector):
    """What Redis told of itself, as far as that is known."""

    def __init__(self, figures: RedisFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "hotseat_redis_up", "1 if Redis last answered what it was asked.", float(self._figures.up)
        )
        for figure in FIGURES:
            family = CounterMetricFamily if figure.counts else GaugeMetricFamily
            yield family(f"hotseat_redis_{figure.name}", figure.meaning, self._figures.values[figure.name])


def _whether(now: Callable[[], object], this: object) -> Callable[[], float]:
    return lambda: float(now() == this)
