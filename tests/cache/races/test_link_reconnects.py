"""A link whose Redis is away: it knocks seldom and at irregular times, tells callers at once, and heals by itself."""

import asyncio
import time
from pathlib import Path

import pytest
from cache_races import until
from links import heals, opened
from redis_servers import RedisServer
from wires import HELLO, OK, Hangup, Words, stub, wire_to

from cache import Unavailable
from cache.link import LONGEST_PAUSE_SECONDS
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

WATCHED_SECONDS = 1.2
MOST_KNOCKS = 9  # pauses of 25 to 50 ms at first, each twice as long as the one before, 1 s at most


def hang_up(words: Words) -> bytes:
    raise Hangup


async def test_a_redis_that_is_away_is_not_stormed() -> None:
    """However many callers there are, and whether it turns them away after the handshake, in it, or says nothing."""

    async def storm(hello: bytes | None) -> int:
        async with stub(hang_up, hello=hello) as server, opened(server.url, deadline_seconds=0.1) as link:
            deadline = time.monotonic() + WATCHED_SECONDS
            while time.monotonic() < deadline:
                calls = [link.ask("read", ("GET", "k"), again=True) for _ in range(10)]
                outcomes = await asyncio.gather(*calls, return_exceptions=True)
                assert {type(outcome) for outcome in outcomes} == {Unavailable}
                await asyncio.sleep(0.002)
            return len(server.connected_at)

    knocks = await asyncio.gather(storm(HELLO), storm(b"-ERR max number of clients reached\r\n"), storm(None))
    assert all(1 <= count <= MOST_KNOCKS for count in knocks), knocks


async def test_many_links_do_not_knock_together() -> None:
    """A whole fleet loses its Redis in the same moment; its fifth attempts are spread over the time between two."""
    async with stub(hang_up, hello=b"-LOADING\r\n") as server:
        links = [opened(server.url) for _ in range(40)]
        for link in links:
            (await link.__aenter__()).start()
        try:
            await until(lambda: len(server.connected_at) >= 40 * 5)
        finally:
            for link in links:
                await link.__aexit__(None, None, None)
        *_, first, last = server.connected_at[40 * 4 : 40 * 5 : 39]
        assert last - first > 0.1


async def test_while_redis_is_away_callers_are_told_at_once_and_why() -> None:
    """Nobody waits for a connection that was refused a moment ago."""
    async with opened("redis://127.0.0.1:1") as link:
        with pytest.raises(Unavailable):
            await link.ask("read", ("GET", "k"))
        began = time.monotonic()
        for _ in range(1000):
            with pytest.raises(Unavailable, match="Connect call failed"):
                await link.ask("read", ("GET", "k"))
        assert time.monotonic() - began < 0.5
        assert link.backlog == 0


@pytest.mark.parametrize("kept", [True, False], ids=["with its data", "without"])
async def test_a_link_heals_within_three_seconds_of_a_restart(
    programs: Programs, tmp_path: Path, *, kept: bool
) -> None:
    """However long it was away; scripts that the new server does not know are loaded again."""
    options = {"appendonly": "yes", "appendfsync": "always"} if kept else {}
    with RedisServer(programs.need("redis-server")["redis-server"], tmp_path, options) as server:
        async with opened(server.url) as link:
            script = link.script("return redis.call('INCR', KEYS[1])")
            assert await script("script", ["n"], []) == 1
            await asyncio.to_thread(server.kill)
            with pytest.raises(Unavailable):
                await link.ask("read", ("GET", "n"), again=True)
            await asyncio.sleep(0.1 if kept else 1.2 * LONGEST_PAUSE_SECONDS)  # so that its pauses are long
            await asyncio.to_thread(server.start)
            await heals(link, "healed", 3.0)
            assert await script("script", ["n"], []) == (2 if kept else 1)


async def test_a_link_is_itself_again_at_once_after_a_kill(programs: Programs, tmp_path: Path) -> None:
    """A connection that did its work is replaced without a pause, many times over; no read is lost by that."""
    with RedisServer(programs.need("redis-server")["redis-server"], tmp_path) as server:
        async with opened(server.url) as link:
            await link.ask("write", ("SET", "k", "v"))
            began = time.monotonic()
            for number in range(50):
                server.command("CLIENT", "KILL", "TYPE", "normal")
                assert await link.ask("read", ("GET", "k"), again=True) == [b"v"], number
            assert time.monotonic() - began < 3


async def test_a_link_heals_from_a_black_hole(programs: Programs, tmp_path: Path) -> None:
    """Its connection is open and dead; nobody closes it but the link."""
    with RedisServer(programs.need("redis-server")["redis-server"], tmp_path) as server:
        async with wire_to(server.url) as wire, opened(wire.url, deadline_seconds=0.2) as link:
            await link.ask("write", ("SET", "k", "v"))
            for direction in ({"replies": False}, {"commands": False}):
                wire.stall(**direction)
                with pytest.raises(Unavailable):
                    await link.ask("read", ("GET", "k"), again=True)
                await until(lambda: link.number == 0)
                wire.flow()
                await heals(link, "healed", 3.0)


async def test_an_answer_that_came_too_late_is_nobodys() -> None:
    """The stub answers each call after its deadline, in order: the next caller gets its own answer."""
    held: list[Words] = []
    async with stub(held.append) as server, opened(server.url) as link:
        for number in range(20):
            late = asyncio.ensure_future(link.ask("late", ("ECHO", "late"), deadline_seconds=0.01))
            with pytest.raises(Unavailable, match="in time"):
                await late
            timely = asyncio.ensure_future(link.ask("timely", ("ECHO", "timely")))
            await until(lambda: len(held) == 2)
            held.clear()
            server.say(b"+late\r\n" + OK)
            assert await timely == [b"OK"], number
        assert len(server.connected_at) == 1
