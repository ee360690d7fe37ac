"""The observer that counts for Prometheus."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from cache_doubles import Board
from prometheus_client import CollectorRegistry

from cache import Cache, open_cache
from cache.prometheus import HotCacheCollector, PrometheusObserver
from deploy.local import RunningStore

pytestmark = pytest.mark.asyncio

Opens = Callable[[], AbstractAsyncContextManager[Cache]]


async def test_all_series_exist_from_the_start() -> None:
    """A dashboard shows zero, not "no data"."""
    registry = CollectorRegistry()
    PrometheusObserver(registry, ["board"], lambda *fact: None)
    for tier in ("hot", "redis", "load"):
        for result in ("hit", "miss"):
            labels = {"region": "board", "tier": tier, "result": result}
            assert registry.get_sample_value("hotseat_cache_lookups_total", labels) == 0


async def test_the_counters_add_up(redis_server: RunningStore) -> None:
    """Hot misses are Redis lookups, Redis misses are loads; what is held is shown."""
    registry = CollectorRegistry()
    observer = PrometheusObserver(registry, ["board"], lambda *fact: None)
    async with open_cache(redis_server.url, hot_bytes=1 << 20, observer=observer) as cache:
        assert await cache.trusted(5)
        registry.register(HotCacheCollector(cache, ["board"]))
        region = cache.region("board", Board, ttl_seconds=30)

        async def load() -> Board:
            return Board("a")

        for user in ("ada", "bob", "ada", "ada"):
            await region.get(user, load)

        def count(tier: str, result: str) -> float | None:
            labels = {"region": "board", "tier": tier, "result": result}
            return registry.get_sample_value("hotseat_cache_lookups_total", labels)

        assert (count("hot", "hit"), count("hot", "miss")) == (2, 2)
        assert (count("redis", "hit"), count("redis", "miss")) == (0, 2)
        assert (count("load", "hit"), count("load", "miss")) == (2, 0)
        assert registry.get_sample_value("hotseat_cache_entries", {"region": "board"}) == 2
        assert registry.get_sample_value("hotseat_cache_bytes", {"region": "board"}) == cache.hot.bytes
