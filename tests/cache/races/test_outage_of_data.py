"""Redis loses what it knew, and copies go with it: by a restart or a flush, by eviction, expiry or a full table. What
time it is on this host has nothing to do with it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from cache_doubles import Clock
from cache_races import HOT, Fleet, must, race, until
from quiet_log import Expects
from redis_servers import RedisServer
from wires import wire_to

from cache import Unavailable, boot_clock
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

GONE = "hot copies are not trusted (lost): "
OWNERS = [f"u{number}" for number in range(100)]


@pytest.fixture(scope="module")
def keeping(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server of this module's own, which writes down what it is told."""
    options = {"appendonly": "yes", "appendfsync": "always"}
    with RedisServer(
        programs.need("redis-server")["redis-server"], tmp_path_factory.mktemp("redis"), options
    ) as server:
        yield server


@pytest.fixture
def server(keeping: RedisServer) -> Iterator[RedisServer]:
    """The server, empty and as it was configured."""
    keeping.command("FLUSHALL")
    yield keeping
    for name, value in (("tracking-table-max-keys", 1_000_000), ("maxmemory", 0), ("maxmemory-policy", "noeviction")):
        keeping.command("CONFIG", "SET", name, value)


@pytest_asyncio.fixture
async def own_fleet(server: RedisServer, expects: Expects) -> AsyncIterator[Fleet]:
    """Processes over the server of this module."""
    async with AsyncExitStack() as stack:
        yield Fleet(server.url, HOT, Clock(), stack, expects)


@pytest.mark.parametrize("kept", [True, False], ids=["with its data", "without"])
async def test_after_a_restart_no_copy_is_answered_that_redis_does_not_hold(
    server: RedisServer, own_fleet: Fleet, expects: Expects, *, kept: bool
) -> None:
    """Killed, and started again: what it still has is answered from there, what it lost is loaded or gone for good."""
    expects(GONE)
    one = await own_fleet.process(deadline_seconds=5)
    own_fleet.truth["ada"] = 1
    await one.sign_in()
    assert await own_fleet.read(one) == 1
    assert await one.session() is not None
    assert len(one.cache.hot) == 2
    await asyncio.to_thread(server.kill)
    await until(lambda: one.cache.state()[0] == "lost")
    with pytest.raises(Unavailable):
        await one.session()
    if not kept:
        server.forget()
    own_fleet.truth["ada"] = 2  # by somebody who does not know of the cache
    await asyncio.to_thread(server.start)
    assert await one.cache.trusted(3), one.cache.state()
    must((await one.session() is not None) == kept, "a session came back, or went")
    must(await own_fleet.read(one) == (1 if kept else 2), "answered from memory what Redis does not hold")
    assert await own_fleet.differing() == []


async def test_while_redis_loads_what_it_kept_copies_stand_in(
    server: RedisServer, own_fleet: Fleet, expects: Expects
) -> None:
    """It takes connections and greets, and refuses everything else: it is not back yet, and no copy ends with that."""
    expects(GONE)
    one = await own_fleet.process(clock=boot_clock)
    await one.sign_in()
    assert await one.session() is not None
    own_fleet.foreign.eval("for n = 1, 8192 do redis.call('SET', 'other:' .. n, n) end", 0)
    await asyncio.to_thread(server.kill)
    await until(lambda: one.cache.state()[0] == "lost")
    # A delay in microseconds before each key; every 1,024 keys it looks who is there.
    starting = asyncio.create_task(asyncio.to_thread(server.start, "--key-load-delay", "200"))
    await until(lambda: "loading" in server.says())
    stood_in = 0
    while len(one.cache.hot):  # it is dropped when a Redis that serves is there again
        try:
            [answer] = await one.cache.look(one.sessions.lookup("ada", "s"), stale=True)
        except Unavailable:
            assert len(one.cache.hot) == 0, "the copy is held, and does not stand in"
            break
        assert answer is not None
        assert (answer.tier, answer.stale) in (("hot", "outage"), ("redis", ""))
        stood_in += answer.stale == "outage"
        await asyncio.sleep(0.01)
    assert "loading" not in await asyncio.to_thread(server.says), "a greeting was taken for a Redis that serves"
    assert stood_in > 5
    await starting
    assert await one.cache.trusted(3), one.cache.state()
    assert await one.session() is not None


async def test_a_flush_leaves_no_copy_and_no_session(own_fleet: Fleet) -> None:
    """FLUSHALL is told as one push for all keys; a floor that Redis no longer counts stands in nobody's way."""
    one = await own_fleet.process(deadline_seconds=5)
    await one.sign_in()
    version = await own_fleet.write(one)
    assert await own_fleet.read(one) == 1
    assert await one.session() is not None
    own_fleet.foreign.flushall()
    await one.told_all()
    assert len(one.cache.hot) == 0
    assert await one.session() is None
    assert one.told.invalidations[-2:] == [("board", "flush"), ("session", "flush")]
    assert await own_fleet.read(one, floor=version) == 1
    assert one.cache.state()[0] == "trusted"


async def test_what_redis_evicts_is_dropped(own_fleet: Fleet) -> None:
    """Under `maxmemory` with a policy that may evict anything: what is held is what Redis still has."""
    one = await own_fleet.process(deadline_seconds=5)
    for owner in OWNERS:
        await own_fleet.read(one, owner)
    own_fleet.foreign.mset({f"others:{number}": "x" * 5000 for number in range(200)})
    own_fleet.foreign.config_set("maxmemory-policy", "allkeys-random")
    own_fleet.foreign.config_set("maxmemory", own_fleet.foreign.info("memory")["used_memory"] - 500_000)
    own_fleet.foreign.set("one-more", 1)
    own_fleet.foreign.config_set("maxmemory", 0)
    must(await own_fleet.differing() == [], "a copy outlived its key")
    assert 0 < len(one.cache.hot) < len(OWNERS)


async def test_what_overflows_the_tracking_table_is_dropped(own_fleet: Fleet) -> None:
    """Redis remembers 30 keys of 100 that were read: only as many copies are held, and each is told of its end."""
    own_fleet.foreign.config_set("tracking-table-max-keys", 30)
    one, two = await own_fleet.process(deadline_seconds=5), await own_fleet.process(hot_bytes=0, deadline_seconds=5)
    for owner in OWNERS:
        await own_fleet.read(one, owner)
    await one.told_all()
    assert len(one.cache.hot) <= 30
    for owner in OWNERS:
        await own_fleet.write(two, owner)
    await one.told_all()
    for owner in OWNERS:
        must(await own_fleet.read(one, owner) == 1, "a copy that nobody told of its end")
    assert one.cache.state()[0] == "trusted"


async def test_a_copy_ends_with_its_key_though_nobody_says_so(
    own_fleet: Fleet, server: RedisServer, expects: Expects
) -> None:
    """Redis tells of an expiry up to a quarter of a second late; here it does not get through at all."""
    expects(GONE)  # the wire ends before the process does
    async with wire_to(server.url) as wire:
        one = await own_fleet.process(wire.url, clock=boot_clock)
        wire.on_reply = lambda passage, value: b"" if b"session:" in value and value.startswith(b">") else value
        await one.sessions.create("ada", "s", {"theme": "light"}, lives_seconds=0.2, now=0, ends=4e9)
        began = time.monotonic()
        assert await one.session() is not None
        assert len(one.cache.hot) == 1
        while await one.session() is not None:  # noqa: ASYNC110  # it happens in Redis
            await asyncio.sleep(0.005)
        assert 0.15 < time.monotonic() - began < 0.3
        assert one.told.evictions == [("session", "expired")]


async def test_a_copy_ends_by_this_processs_clock_too(own_fleet: Fleet) -> None:
    """Turned by the life of the key, Redis's own not having moved: it is asked."""
    one = await own_fleet.process(board={"ttl_seconds": 16})
    await own_fleet.read(one)
    stored = own_fleet.stored()
    own_fleet.turn_clock(16)
    await one.renew_lease()
    assert own_fleet.stored() == stored == 0
    own_fleet.truth["ada"] = 1
    assert (await one.board.get("ada", own_fleet.load())).tier == "redis"


@race(HOT)
async def test_a_host_clock_that_is_set_changes_nothing(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifteen minutes on, fifteen back: copies are as trusted, as old and as near their end as before."""
    one, two = await fleet.process(clock=boot_clock), await fleet.process(clock=boot_clock)
    floor = await fleet.write(two)
    await fleet.read(one)
    true_time = time.time
    for minutes in (15, -15, 0):
        monkeypatch.setattr(time, "time", lambda minutes=minutes: true_time() + 60 * minutes)
        monkeypatch.setattr(time, "time_ns", lambda minutes=minutes: int((true_time() + 60 * minutes) * 1e9))
        answer = await one.board.get("ada", fleet.load(), floor=floor)
        assert (answer.value, answer.tier, answer.stale) == (fleet.truth["ada"], "hot", "")
        assert 0 <= answer.age_seconds < 10
        beats = one.hot.lease.proven_at
        await one.renew_lease()
        await until(lambda beats=beats: one.hot.lease.proven_at > beats)
        assert one.cache.state() == ("trusted", "")
        floor = await fleet.write(two)
        await one.told_all()
        must(await fleet.read(one, floor=floor) == fleet.truth["ada"], "an own write was not seen")
        must(await fleet.read(one) == await fleet.read(two), "two processes disagree")
        assert await fleet.differing() == []
    assert set(one.told.states) <= {"trusted"}
