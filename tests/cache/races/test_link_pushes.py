"""Many invalidations at once, and large replies beside them: nothing breaks, and no copy outlives its truth."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from cache_doubles import Board, Recorder
from cache_races import until
from redis_servers import RedisServer

from cache import Answer, Cache, Link, Region, open_cache
from cache.codec import Codec
from cache.connection import Push
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

MEGABYTES = 2
WRITES = 15


@pytest.fixture(scope="module")
def running(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(programs.need("redis-server")["redis-server"], tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> RedisServer:
    """A server, empty."""
    running.command("FLUSHALL")
    return running


@pytest.mark.parametrize(("count", "turns"), [(5000, 1), (3000, 3)])
async def test_thousands_of_keys_change_at_once_and_each_is_told_in_its_place(
    server: RedisServer, count: int, turns: int
) -> None:
    """One command of somebody else's, thousands of pushes, no reply between them; then the answer that proves them."""
    stream: list[Any] = []
    link = Link(server.url, resp3_only=True, pushed=stream.append)
    names = [f"k{number}" for number in range(count)]
    await link.ask("read", ("CLIENT", "TRACKING", "ON"))
    for _ in range(turns):
        await link.ask("read", *(("GET", name) for name in names))
        server.command("MSET", *(word for name in names for word in (name, 1)))
        await link.ask("read", ("PING",), place=lambda index, reply, again: stream.append(reply))
        *pushes, pong = stream
        assert pong == b"PONG"
        assert all(type(push) is Push for push in pushes)
        assert sorted(key.decode() for push in pushes for key in push[1]) == sorted(names)
        stream.clear()
    assert link.number == 1
    await link.close()


def boards(cache: Cache) -> Region[Board]:
    return cache.region("board", Board, ttl_seconds=60, max_loads=100, max_value_bytes=4 << 20)


async def load(tag: str) -> Board:
    return Board(tag)


@pytest.mark.parametrize("how", ["written", "flushed"])
async def test_five_thousand_copies_go_at_once_and_trust_is_kept(server: RedisServer, how: str) -> None:
    """Through the whole stack: all copies are dropped, the lease and its connection stay, and all can be kept anew."""
    recorder = Recorder()
    how_long = {"staleness_seconds": 20, "deadline_seconds": 10}  # the loop stands still while values are planted
    async with open_cache(server.url, hot_bytes=64 << 20, observer=recorder, **how_long) as cache:
        assert await cache.trusted(5)
        region = boards(cache)
        tags = [f"u{number}" for number in range(5000)]
        await plant(server, region, tags)
        answers = await region.get_many(tags, load)
        assert {answer.tier for answer in answers.values()} == {"redis"}
        assert len(cache.hot) == 5000
        recorder.clear()
        if how == "written":
            server.command("MSET", *(word for tag in tags for word in (region.key(tag), b"garbage")))
        else:
            server.command("FLUSHALL")
        await until(lambda: len(cache.hot) == 0)
        assert recorder.invalidations == [("board", "push" if how == "written" else "flush")] * 5000
        assert cache.state()[0] == "trusted"
        assert recorder.states == []
        await plant(server, region, tags)
        assert len(await region.get_many(tags, load)) == len(cache.hot) == 5000


async def plant(server: RedisServer, region: Region[Board], tags: list[str]) -> None:
    """Stores a value for each tag as a load would, all in one command."""
    codec = Codec(Board)
    pairs = ((region.key(tag), codec.encode(region.key(tag), Board(tag), 60_000)) for tag in tags)
    server.command("MSET", *(word for pair in pairs for word in pair))


async def test_large_replies_on_the_link_do_not_break_the_floor(server: RedisServer) -> None:
    """Megabytes are being read by one process while another one writes: whoever names the write's version as their
    floor sees it, though the invalidation may be waiting behind them."""
    truth = {"ada": 0}
    async with (
        open_cache(server.url, hot_bytes=64 << 20) as reads,
        open_cache(server.url, hot_bytes=64 << 20) as writes,
    ):
        assert await reads.trusted(5)
        assert await writes.trusted(5)
        reader, writer = boards(reads), boards(writes)

        async def load_large() -> Board:
            return Board("x" * (MEGABYTES << 20))

        async def load_ada() -> Board:
            return Board(str(truth["ada"]))

        async def keep_busy() -> None:
            while True:
                for number in range(4):
                    await reader.get(f"large{number}", load_large)
                    reads.forget(f"large{number}")

        busy = [asyncio.ensure_future(keep_busy()) for _ in range(4)]
        try:
            floor, hot = 0, 0
            for number in range(1, WRITES + 1):
                answer = await see(reader, load_ada, floor)
                assert int(answer.value.text) == number - 1
                hot += (await see(reader, load_ada, floor)).tier == "hot"
                async with writes.write("ada", drop=[writer]) as write:
                    truth["ada"] = number
                floor = write.version
            assert hot > WRITES / 2  # they were trusted copies that the floor forbade
        finally:
            for task in busy:
                task.cancel()
            await asyncio.gather(*busy, return_exceptions=True)


async def see(region: Region[Board], load: Any, floor: int) -> Answer[Board]:
    return await region.get("ada", load, floor=floor)
