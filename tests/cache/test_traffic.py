"""Bytes to Redis and from it, as counted here and as counted on the way."""

import pytest
from cache_doubles import Board
from cache_races import until
from quiet_log import Expects
from redis_servers import RedisCluster
from weighed import way_to

from cache import Cache, Link, Traffic, open_cache, open_link
from cache.connection import exchange
from deploy.local import Programs, RunningStore

pytestmark = pytest.mark.asyncio

LARGE = b"x" * 300_000


async def use(cache: Cache) -> None:
    """Reads, writes, loads, scripts; something large, both ways."""
    boards = cache.region("board", Board, ttl_seconds=30)

    async def load() -> Board:
        return Board("a" * 1000)

    for number in range(20):
        await boards.get(f"u{number % 5}", load)
    async with cache.write("u1"):
        pass
    await cache.link.ask("store", ("SET", "large", LARGE))
    assert await cache.link.ask("read", ("GET", "large")) == [LARGE]


@pytest.mark.parametrize("hot_bytes", [0, 1 << 20], ids=["stateless", "hot"])
async def test_every_byte_on_the_way_to_redis_and_back_is_counted(
    redis_server: RunningStore, expects: Expects, hot_bytes: int
) -> None:
    """Greetings, heartbeats, pushes and reconnects included; on both links."""
    expects("hot copies are not trusted (lost): ")
    async with way_to(redis_server.url) as way, open_cache(way.url, hot_bytes=hot_bytes) as cache:
        assert (cache.traffic.sent, cache.traffic.received) == (0, 0)
        await use(cache)
        await until(lambda: (cache.traffic.sent, cache.traffic.received) == way.counted)
        assert cache.traffic.sent > len(LARGE) < cache.traffic.received
        way.cut()
        await until(lambda: isinstance(cache.link, Link) and cache.link.number > 1)
        await use(cache)
        await until(lambda: (cache.traffic.sent, cache.traffic.received) == way.counted)
        assert cache.traffic.sent > 2 * len(LARGE) < cache.traffic.received


async def test_a_question_over_a_connection_of_its_own_is_counted(redis_server: RunningStore) -> None:
    """As sentinels and masters are asked."""
    traffic = Traffic()
    async with way_to(redis_server.url) as way:
        assert await exchange(way.url, ("ECHO", "a"), traffic=traffic) == [b"a"]
        await until(lambda: (traffic.sent, traffic.received) == way.counted)
        assert traffic.received > 0


async def test_bytes_to_a_cluster_are_counted_too(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Values, and what it costs to find out where they are; and refusals are told by their codes."""
    traffic, refused = Traffic(), list[str]()
    program = programs.need("redis-server")["redis-server"]
    with RedisCluster(program, tmp_path_factory.mktemp("cluster")) as cluster:
        link = open_link(cluster.url, traffic=traffic, refused=refused.append)
        await link.ask("read", ("GET", "a"))
        map_sent, map_received = traffic.sent, traffic.received
        assert 0 < map_sent < 5000
        assert 0 < map_received < 100_000
        await link.ask("store", ("SET", "a", LARGE))
        assert 0 <= traffic.sent - map_sent - len(LARGE) < 200
        assert traffic.received - map_received < 200
        [value] = await link.ask("read", ("GET", "a"))
        assert value == LARGE
        assert 0 <= traffic.received - map_received - len(LARGE) < 200
        assert refused == []
        await link.ask("read", ("SET", "a"), errors=True)
        await link.ask("read", ("HGETALL", "a"), ("GET", "a"), errors=True)  # among several, in one script
        await link.script("return 'not known before'")("script", ["a"], [])
        assert refused == ["ERR", "WRONGTYPE"]
        await link.close()
