"""What Redis does that the rules of the hot cache rest on, shown against a real one, without the cache.

Should one of these fail with another release of Redis, the rule named beside it has lost its ground.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from cache_races import until
from redis import ConnectionError as VendorConnectionError
from redis import Redis
from redis.asyncio.connection import Connection as VendorConnection
from redis_servers import RedisServer

from cache import Link
from cache.connection import Push
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

TURNS = 100
KEY = "k"

Writer = Callable[[Redis], Any]


def expire(other: Redis) -> None:
    other.pexpire(KEY, 1)
    while other.exists(KEY):
        pass


WRITERS: dict[str, Writer] = {
    "SET": lambda other: other.set(KEY, 2),
    "HSET": lambda other: other.hset("h", "field", "2"),
    "DEL": lambda other: other.delete(KEY),
    "RENAME": lambda other: other.rename(KEY, "elsewhere"),
    "expiry": expire,
    "script": lambda other: other.eval("return redis.call('SET', KEYS[1], ARGV[1])", 1, KEY, 2),
    "MULTI": lambda other: other.pipeline(transaction=True).set("a", 1).set(KEY, 2).set("b", 3).execute(),
    "FLUSHALL": lambda other: other.flushall(),
}


@pytest.fixture(scope="module", params=[1, 4], ids=["one thread", "four threads"])
def running(
    request: pytest.FixtureRequest, programs: Programs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RedisServer]:
    options = {"io-threads": request.param, "io-threads-do-reads": "yes"}
    with RedisServer(
        programs.need("redis-server")["redis-server"], tmp_path_factory.mktemp("redis"), options
    ) as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> Iterator[RedisServer]:
    """A server, empty and as it was configured."""
    running.command("FLUSHALL")
    yield running
    for name, value in (("tracking-table-max-keys", 1_000_000), ("maxmemory", 0), ("maxmemory-policy", "noeviction")):
        running.command("CONFIG", "SET", name, value)


@pytest.fixture
def other(server: RedisServer) -> Iterator[Redis]:
    """Another client of the server, which waits for its answers."""
    with Redis.from_url(server.url) as client:
        yield client


class Tracked:
    """A tracked link, and everything that came over it in the order it came."""

    def __init__(self, url: str) -> None:
        self.stream: list[Any] = []
        self.link = Link(url, resp3_only=True, pushed=self.stream.append)

    async def ask(self, *commands: tuple[str | int, ...]) -> None:
        """Asks, and puts each reply into the stream at its place."""
        await self.link.ask("read", *commands, errors=True, place=lambda index, reply, again: self.stream.append(reply))

    async def told(self) -> list[Any]:
        """What came since the last time, once everything that was sent before now has come."""
        await self.ask(("ECHO", "now"))
        assert self.stream[-1] == b"now"
        stream, self.stream[:] = self.stream[:-1], []
        return stream

    async def keys(self) -> set[bytes] | None:
        """The keys that were told to have changed since the last time; None for all."""
        pushes = [push for push in await self.told() if type(push) is Push]
        return None if [b"invalidate", None] in pushes else {key for push in pushes for key in push[1]}


@asynccontextmanager
async def tracking(url: str, *options: str) -> AsyncIterator[Tracked]:
    tracked = Tracked(url)
    await tracked.ask(("CLIENT", "TRACKING", "ON", *options))
    assert await tracked.told() == [b"OK"]
    yield tracked
    await tracked.link.close()


# --- one connection, one order: why an answered heartbeat proves that nothing is outstanding -------------------------


@pytest.mark.parametrize("writer", WRITERS)
async def test_an_invalidation_comes_before_the_reply_of_any_later_command(
    server: RedisServer, other: Redis, writer: str
) -> None:
    """Whoever wrote and however: once they have their answer, nobody who asks later is answered before being told."""
    async with tracking(server.url) as tracked:
        for turn in range(TURNS):
            other.set(KEY, 1)
            other.hset("h", "field", "1")
            await tracked.ask(("GET", KEY), ("HGETALL", "h"))
            await tracked.told()
            WRITERS[writer](other)
            keys = await tracked.keys()
            assert keys == {"HSET": {b"h"}, "FLUSHALL": None}.get(writer, {b"k"}), turn


async def test_what_overflows_the_tracking_table_is_told_as_if_it_had_changed(
    server: RedisServer, other: Redis
) -> None:
    """No key is forgotten in silence: of 300 keys read with room for 50, each is told before the answer to whoever asks
    after it was written."""
    other.config_set("tracking-table-max-keys", 50)
    names = [f"n{number}" for number in range(300)]
    async with tracking(server.url) as tracked:
        await tracked.ask(*(("GET", name) for name in names))
        given_up = await tracked.keys() or set()
        assert len(given_up) >= 200
        other.mset(dict.fromkeys(names, 1))
        assert (await tracked.keys() or set()) | given_up == {name.encode() for name in names}


async def test_what_is_evicted_for_lack_of_memory_is_told(server: RedisServer, other: Redis) -> None:
    """Of the keys that were read, all that are gone have been told before the answer to whoever asks later."""
    names = [f"n{number}" for number in range(300)]
    other.mset(dict.fromkeys(names, "x" * 1000))
    async with tracking(server.url) as tracked:
        await tracked.ask(*(("GET", name) for name in names))
        await tracked.told()
        other.config_set("maxmemory-policy", "allkeys-random")
        other.config_set("maxmemory", other.info("memory")["used_memory"] - 100_000)
        other.set("one-more", "x" * 1000)
        left = dict(zip(names, other.mget(names), strict=True))
        gone = {name.encode() for name, value in left.items() if value is None}
        keys = await tracked.keys()
        assert gone
        assert keys is not None
        assert keys >= gone


# --- own writes: why no copy is built from what was written ----------------------------------------------------------


async def test_an_own_write_ends_tracking_like_anybody_elses(server: RedisServer, other: Redis) -> None:
    """It is told once; what others write later is not, until the key is read again."""
    async with tracking(server.url) as tracked:
        await tracked.ask(("GET", KEY), ("SET", KEY, 1))
        assert await tracked.keys() == {b"k"}
        other.set(KEY, 2)
        assert await tracked.keys() == set()
        await tracked.ask(("GET", KEY))
        other.set(KEY, 3)
        assert await tracked.keys() == {b"k"}


async def test_with_noloop_an_own_write_ends_tracking_and_is_not_even_told(server: RedisServer, other: Redis) -> None:
    """Why tracking is turned on without it."""
    async with tracking(server.url, "NOLOOP") as tracked:
        await tracked.ask(("GET", KEY), ("SET", KEY, 1))
        assert await tracked.keys() == set()
        other.set(KEY, 2)
        assert await tracked.keys() == set()


async def test_a_read_behind_an_own_write_in_one_pipeline_is_tracked(server: RedisServer, other: Redis) -> None:
    """The write's reply, then its own invalidation, then the replies of the reads: what they say is safe to keep."""
    script = "redis.call('HSET', KEYS[1], 'field', ARGV[1]) redis.call('PEXPIRE', KEYS[1], 60000) return 'written'"
    digest = other.script_load(script)
    async with tracking(server.url) as tracked:
        for turn in range(TURNS):
            await tracked.ask(("HGETALL", "h"))
            await tracked.told()
            await tracked.ask(("EVALSHA", digest, 1, "h", turn), ("PTTL", "h"), ("HGETALL", "h"))
            written, push, left_ms, fields = await tracked.told()
            assert (written, push) == (b"written", [b"invalidate", [b"h"]])
            assert 0 < left_ms <= 60_000
            assert fields == {b"field": str(turn).encode()}
            other.hset("h", "field", "theirs")
            assert await tracked.keys() == {b"h"}


# --- what Redis does not track: why every key of a script is declared --------------------------------------------


async def test_a_key_that_a_script_touches_without_declaring_it_is_not_tracked(
    server: RedisServer, other: Redis
) -> None:
    """Declared it is."""
    async with tracking(server.url) as tracked:
        await tracked.ask(("EVAL", "return redis.call('GET', ARGV[1])", 0, KEY))
        other.set(KEY, 1)
        assert await tracked.keys() == set()
        await tracked.ask(("EVAL_RO", "return redis.call('GET', KEYS[1])", 1, KEY))
        other.set(KEY, 2)
        assert await tracked.keys() == {b"k"}


# --- reconnecting: why the link never lets redis-py do it ------------------------------------------------------------


async def test_redis_py_by_itself_reconnects_in_silence_and_without_tracking(server: RedisServer) -> None:
    """After CLIENT KILL its connection answers PING and every read as if nothing had happened, and is told nothing."""
    host, port = "127.0.0.1", server.port
    theirs = VendorConnection(host=host, port=port, protocol=3)
    await theirs.connect()

    async def ask(*command: str) -> Any:
        await theirs.send_command(*command)
        return await theirs.read_response(disable_decoding=True)

    assert await ask("CLIENT", "TRACKING", "ON") == b"OK"
    assert b"flags=t" in await ask("CLIENT", "INFO")
    server.command("CLIENT", "KILL", "TYPE", "normal")
    with pytest.raises(VendorConnectionError):
        await ask("PING")
    assert await ask("PING") == b"PONG"
    assert b"flags=t" not in await ask("CLIENT", "INFO")
    await theirs.disconnect()


async def test_our_link_tells_that_its_connection_is_another_one(server: RedisServer) -> None:
    """Before anything is read over it."""
    opened: list[int] = []
    lost: list[int] = []
    link = Link(server.url, opened=opened.append, lost=lost.append)
    await link.ask("read", ("PING",))
    assert (opened, lost, link.number) == ([1], [], 1)
    server.command("CLIENT", "KILL", "TYPE", "normal")
    await link.ask("read", ("PING",), again=True)
    await until(lambda: link.number == 2)
    assert (opened, lost) == ([1, 2], [1])
    await link.close()
    assert lost == [1, 2]
