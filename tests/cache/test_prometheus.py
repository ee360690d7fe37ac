"""The observer that counts for Prometheus: all series from the start, none added later, and figures that add up."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from cache_doubles import Board
from cache_races import until
from prometheus_client import CollectorRegistry
from quiet_log import Expects
from redis import Redis
from wires import wire_to

from cache import Cache, ErrorReply, Unavailable, open_cache
from cache.observer import CHECKS, LINK_STATES, TIERS
from cache.prometheus import HotCacheCollector, PrometheusObserver
from deploy.local import RunningStore

pytestmark = pytest.mark.asyncio

REGIONS = ("board", "session")


@pytest.fixture(autouse=True)
def short_leases(expects: Expects) -> None:
    """They end whenever this machine is busy with something else."""
    expects("hot copies are not trusted (suspect): ")


class Figures:
    """What a scrape of the registry would show."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls: list[tuple[str, str]] = []
        self.observer = PrometheusObserver(
            self.registry, REGIONS, lambda operation, result, seconds: self.calls.append((operation, result))
        )

    def of(self, name: str, **labels: str) -> float:
        """One series."""
        value = self.registry.get_sample_value(f"hotseat_{name}", labels)
        assert value is not None, f"no such series: {name} {labels}"
        return value

    def lookups(self, tier: str, result: str, region: str = "board") -> float:
        return self.of("cache_lookups_total", region=region, tier=tier, result=result)

    def all_of(self, name: str, **labels: str) -> float:
        """The sum of all series of a name that have these labels."""
        return sum(
            sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if sample.name == f"hotseat_{name}" and labels.items() <= sample.labels.items()
        )

    def series(self) -> dict[tuple[str, ...], float]:
        """All of them, with their labels; when they came to be is left out."""
        return {
            (sample.name, *sorted(f"{label}={value}" for label, value in sample.labels.items())): sample.value
            for family in self.registry.collect()
            for sample in family.samples
            if not sample.name.endswith("_created")
        }


@asynccontextmanager
async def counted(url: str, figures: Figures, *, hot_bytes: int = 1 << 20) -> AsyncIterator[Cache]:
    async with open_cache(url, hot_bytes=hot_bytes, staleness_seconds=0.5, observer=figures.observer) as cache:
        figures.registry.register(HotCacheCollector(cache, REGIONS))
        assert await cache.trusted(5)
        yield cache


async def load() -> Board:
    return Board("a")


async def fail() -> Board:
    raise RuntimeError("no board today")


async def test_all_series_exist_from_the_start_and_no_other_comes_later(
    redis_server: RunningStore, expects: Expects
) -> None:
    """A dashboard shows zero, not "no data", whatever has not happened yet; and labels come from closed sets."""
    expects("hot copies are not trusted (lost): ")
    expects("what Redis holds for region 'board' cannot be used")
    figures = Figures()
    assert set(figures.series().values()) == {0.0}
    for tier in TIERS:
        for region in REGIONS:
            assert figures.lookups(tier, "hit", region) == figures.lookups(tier, "miss", region) == 0
    assert [figures.of("link_state", state=state) for state in LINK_STATES] == [0] * 4
    assert [figures.of("staleness_checks_total", region="board", result=result) for result in CHECKS] == [0] * 4
    async with wire_to(redis_server.url) as wire, counted(wire.url, figures) as cache:
        at_first = figures.series().keys()
        await live(cache, redis_server.url)
        await wire.shut()
        await until(lambda: cache.state()[0] == "lost")
        boards = cache.region("board", Board, ttl_seconds=30)
        assert (await boards.get("ada", load, stale=True)).stale == "outage"
        assert figures.series().keys() == at_first


async def live(cache: Cache, url: str) -> None:
    """Hits and misses in all tiers, loads that fail, copies that go for every reason, garbage; ada's board is held."""
    boards, sessions = cache.region("board", Board, ttl_seconds=30), cache.records("session")
    await sessions.create("ada", "s", {"user": "ada"}, lives_seconds=60, now=0, ends=60)
    for _ in range(3):
        await cache.look(sessions.lookup("ada", "s"), boards.lookup("ada"))
        await boards.get("ada", load)
    with pytest.raises(RuntimeError):
        await boards.get("bob", fail)
    async with cache.write("ada"):
        pass
    await boards.get("ada", load)
    with Redis.from_url(url) as other:
        for change in (
            lambda: other.set(boards.key("ada"), b"garbage"),
            other.flushall,
        ):
            change()
            await until(lambda: cache.hot.peek(boards.key("ada")) is None)
            await boards.get("ada", load)
    assert (await boards.get("ada", load)).tier == "hot"


async def test_what_is_in_no_closed_set_makes_no_series() -> None:
    """It is refused, which `GuardedObserver` survives and logs; a label never comes from what somebody sent."""
    figures = Figures()
    before = figures.series()
    observer = figures.observer
    for tell in (
        lambda: observer.looked_up("made up", "hot", True),
        lambda: observer.loaded("made up", 0.1, True),
        lambda: observer.load_refused("made up"),
        lambda: observer.evicted("board", "made up"),
        lambda: observer.invalidated("board", "made up"),
        lambda: observer.stale_served("board", "made up"),
        lambda: observer.garbage_found("board", "made up"),
    ):
        with pytest.raises(KeyError):
            tell()
    observer.redis_refused("MADEUP")
    assert figures.series().keys() == before.keys()


async def test_the_counters_add_up(redis_server: RunningStore, expects: Expects) -> None:
    """A miss in one tier is a lookup in the next; every load was led once; what is held came and did not go."""
    expects("what Redis holds for region 'board' cannot be used")
    figures = Figures()
    async with counted(redis_server.url, figures) as cache:
        await live(cache, redis_server.url)
        for region in REGIONS:
            in_redis = figures.lookups("redis", "hit", region) + figures.lookups("redis", "miss", region)
            assert figures.lookups("hot", "miss", region) == in_redis
        loads = figures.lookups("load", "hit") + figures.lookups("load", "miss")
        assert figures.lookups("load", "miss") == 1
        assert loads == figures.lookups("redis", "miss") - 1  # the first look found no board, and did not load
        assert loads == figures.of("cache_load_duration_seconds_count", region="board")
        assert figures.lookups("load", "hit", "session") == figures.lookups("load", "miss", "session") == 0
        assert figures.all_of("cache_garbage_total", region="board", reason="garbage") >= 1
        assert figures.of("cache_invalidations_total", region="board", reason="push") == 1
        assert figures.of("cache_invalidations_total", region="board", reason="flush") == 1
        assert figures.of("cache_invalidations_total", region="board", reason="own_write") == 1
        assert figures.of("cache_entries", region="board") == 1
        assert figures.of("cache_bytes", region="board") == cache.hot.bytes
        assert figures.of("link_backlog") == 0
        assert ("begin", "ok") in figures.calls


async def test_joined_loads_are_counted_once(redis_server: RunningStore) -> None:
    """Each of ten callers missed in Redis, and one load was for all."""
    figures = Figures()
    async with counted(redis_server.url, figures) as cache:
        boards = cache.region("board", Board, ttl_seconds=30)

        async def slow() -> Board:
            await asyncio.sleep(0.02)
            return Board("a")

        await asyncio.gather(*(boards.get("ada", slow) for _ in range(10)))
        assert (figures.lookups("hot", "miss"), figures.lookups("redis", "miss")) == (10, 10)
        assert (figures.lookups("load", "hit"), figures.lookups("load", "miss")) == (1, 0)


async def test_copies_that_were_given_up_are_counted_by_reason(redis_server: RunningStore) -> None:
    """What came and is not held went by one reason each."""
    figures = Figures()
    async with counted(redis_server.url, figures, hot_bytes=40_000) as cache:
        boards = cache.region("board", Board, ttl_seconds=30)
        for number in range(100):
            await boards.get(f"u{number}", load)
        too_large = await boards.get("large", _large)
        assert too_large.tier == "load"
        evicted = figures.of("cache_evictions_total", region="board", reason="capacity")
        assert evicted + figures.of("cache_entries", region="board") == 100
        assert figures.of("cache_evictions_total", region="board", reason="too_large") == 1


async def _large() -> Board:
    return Board("x" * 10_000)


async def test_one_state_is_shown_at_a_time_and_each_change_counted(
    redis_server: RunningStore, expects: Expects
) -> None:
    """The gauge says where the link is, the counter how often it came there."""
    expects("hot copies are not trusted (lost): ")
    figures = Figures()

    def shown() -> list[str]:
        return [state for state in LINK_STATES if figures.of("link_state", state=state) == 1]

    async with wire_to(redis_server.url) as wire, counted(wire.url, figures) as cache:
        assert shown() == ["trusted"]
        await wire.shut()
        await until(lambda: cache.state()[0] == "lost")
        assert shown() == ["lost"]
        await wire.open()
        await until(lambda: shown() == ["trusted"])
        assert [figures.of("link_transitions_total", state=state) for state in LINK_STATES] == [2, 0, 2, 0]
        await until(lambda: figures.of("invalidation_lag_seconds_count") >= 2)
        assert figures.of("link_round_trip_seconds_count") >= 2
        assert figures.of("link_round_trip_seconds_sum") < 5


async def test_staleness_is_told_in_nines() -> None:
    """What is unknown tells nothing; what was overtaken in time was fresh; one stale hit of a hundred is two nines."""
    figures = Figures()
    assert figures.of("staleness_nines") == 0
    for _ in range(1000):
        figures.observer.staleness_checked("board", "unknown")
    assert figures.of("staleness_nines") == 0
    for _ in range(1500):
        figures.observer.staleness_checked("board", "fresh")
        figures.observer.staleness_checked("session", "overtaken")
    assert figures.of("staleness_nines") == pytest.approx(3.0)
    for _ in range(30):
        figures.observer.staleness_checked("board", "stale")
    assert figures.of("staleness_nines") == pytest.approx(2.0, abs=0.01)
    assert figures.of("staleness_checks_total", region="board", result="stale") == 30
    assert figures.of("staleness_checks_total", region="session", result="overtaken") == 1500


async def test_answers_during_an_outage_are_counted_as_stale(redis_server: RunningStore, expects: Expects) -> None:
    """In addition to the lookups; a caller who was told nothing is in neither."""
    expects("hot copies are not trusted (lost): ")
    figures = Figures()
    async with wire_to(redis_server.url) as wire, counted(wire.url, figures) as cache:
        boards = cache.region("board", Board, ttl_seconds=30)
        await boards.get("ada", load)
        await wire.shut()
        await until(lambda: cache.state()[0] == "lost")
        for _ in range(3):
            await boards.get("ada", load, stale=True)
        with pytest.raises(Unavailable):
            await boards.get("bob", load, stale=True)
        assert figures.of("cache_stale_served_total", region="board", reason="outage") == 3
        assert figures.all_of("cache_stale_served_total") == 3


async def test_canaries_that_come_back_and_those_that_do_not_are_counted(
    redis_server: RunningStore, expects: Expects
) -> None:
    """One a heartbeat lands; when pushes are swallowed on the way, trust ends by a canary that did not."""
    expects("hot copies are not trusted (lost): ")
    expects("no hot copies are kept: the invalidation of a key that was changed did not arrive")
    figures = Figures()

    def canaries() -> tuple[float, float]:
        landed, missed = (figures.of("link_canaries_total", result=result) for result in ("landed", "missed"))
        return landed, missed

    async with wire_to(redis_server.url) as wire, counted(wire.url, figures):
        await until(lambda: canaries()[0] >= 3)
        assert canaries()[1] == 0
        wire.swallows_pushes = True
        await until(lambda: canaries()[1] == 2)  # tracking that ended, and the new connection's first
        assert figures.of("link_state", state="off") == 1
        assert canaries()[0] == figures.of("invalidation_lag_seconds_count")


async def test_the_lease_is_shown_with_what_is_left_of_it(redis_server: RunningStore, expects: Expects) -> None:
    """Never more than the bound; nothing once the connection is gone."""
    expects("hot copies are not trusted (lost): ")
    figures = Figures()
    async with wire_to(redis_server.url) as wire, counted(wire.url, figures) as cache:
        assert 0 < figures.of("lease_seconds") <= 0.5 == figures.of("staleness_bound_seconds")
        assert figures.of("cache_limit_bytes") == 1 << 20
        await wire.shut()
        await until(lambda: cache.state()[0] == "lost")
        assert figures.of("lease_seconds") == 0
    stateless = Figures()
    async with open_cache(redis_server.url) as cache:
        stateless.registry.register(HotCacheCollector(cache, REGIONS))
        assert stateless.of("lease_seconds") == stateless.of("cache_limit_bytes") == 0


async def test_what_redis_refuses_is_counted_by_its_code(redis_server: RunningStore) -> None:
    """A full one, and any other error; not that it does not know a script yet."""
    figures = Figures()

    def refusals(code: str) -> float:
        return figures.of("redis_refusals_total", code=code)

    async with open_cache(redis_server.url, observer=figures.observer) as cache:
        with full(redis_server.url), pytest.raises(ErrorReply, match="OOM"):
            await cache.link.ask("store", ("SET", "a", "b"))
        assert (refusals("OOM"), refusals("other")) == (1, 0)
        with pytest.raises(ErrorReply, match="wrong number"):
            await cache.link.ask("store", ("SET", "a"))
        assert await cache.link.script("return 'not known before'")("script", [], []) == b"not known before"
        assert (refusals("OOM"), refusals("other")) == (1, 1)
    assert figures.all_of("redis_refusals_total") == 2


@contextmanager
def full(url: str) -> Iterator[None]:
    """A Redis that takes no more."""
    with Redis.from_url(url) as redis:
        redis.config_set("maxmemory", "1")
        try:
            yield
        finally:
            redis.config_set("maxmemory", "0")
