"""No copy is kept where nobody would tell of its end: the canary notices at once, and later too, and says why."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from cache_doubles import Board, Recorder
from cache_races import until
from quiet_log import Expects
from redis_servers import RedisServer, locked_server
from wires import Passage, Words, wire_to

from cache import Cache, Link, NullObserver, boot_clock, open_cache
from cache.lease import Lease
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

B = 0.5
OFF = "no hot copies are kept: "
REFUSED = "this Redis refuses to track: "
NO_RESP3 = "this Redis speaks no RESP3: "
SILENT = "the invalidation of a key that was changed did not arrive"
ENDED = "hot copies are not trusted (lost): an invalidation did not arrive: tracking has ended"
OVERDUE = "hot copies are not trusted (suspect): "


@pytest.fixture(autouse=True)
def retried_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that could not be tracked is tried again after a moment."""
    monkeypatch.setattr("cache.lease.RETRY_SECONDS", 0.05)


@pytest.fixture(autouse=True)
def short_leases(expects: Expects) -> None:
    """They end whenever this machine is busy with something else."""
    expects(OVERDUE)


@pytest.fixture(scope="module")
def program(programs: Programs) -> Path:
    return programs.need("redis-server")["redis-server"]


@pytest.fixture(scope="module")
def running(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(program, tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> RedisServer:
    """A server, empty."""
    running.command("FLUSHALL")
    return running


@asynccontextmanager
async def process(url: str, recorder: Recorder) -> AsyncIterator[Cache]:
    async with open_cache(url, hot_bytes=1 << 20, staleness_seconds=B, observer=recorder) as cache:
        yield cache


async def load() -> Board:
    return Board("loaded")


async def goes_on_without_copies(cache: Cache) -> None:
    """Sessions and boards are answered by Redis each time, and nothing is held."""
    sessions, boards = cache.records("session"), cache.region("board", Board, ttl_seconds=60)
    await sessions.create("ada", "s1", {"user": "ada"}, lives_seconds=60, now=0.0, ends=60.0)
    await boards.get("ada", load)
    for _ in range(2):
        session, board = await cache.look(sessions.lookup("ada", "s1"), boards.lookup("ada"))
        assert session is not None
        assert board is not None
        assert (session.value["user"], session.tier) == ("ada", "redis")
        assert (board.value, board.tier) == (Board("loaded"), "redis")
        assert (await boards.get("ada", load)).tier == "redis"
    assert len(cache.hot) == 0


async def comes_back(cache: Cache, recorder: Recorder) -> None:
    """Trusted again by itself, and copies are kept."""
    assert await cache.trusted(5), cache.state()
    assert recorder.states[-2:] == ["off", "trusted"] or "off" not in recorder.states
    boards = cache.region("later", Board, ttl_seconds=60)
    await boards.get("ada", load)
    assert (await boards.get("ada", load)).tier == "hot"


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


# --- from the start --------------------------------------------------------------------------------------------------


async def test_a_user_who_may_not_track_keeps_no_copies_until_they_may(
    program: Path, tmp_path: Path, recorder: Recorder, caplog: pytest.LogCaptureFixture, expects: Expects
) -> None:
    """The sentence names the permission that is missing; it is told once, however often it is tried again."""
    expects(OFF + REFUSED)
    with locked_server(program, tmp_path, rules="~* &* +@all -client|tracking") as server:
        async with process(server.url, recorder) as cache:
            await until(lambda: cache.state()[0] == "off")
            await goes_on_without_copies(cache)
            await asyncio.sleep(0.2)
            [sentence] = warnings(caplog)
            assert sentence == OFF + cache.state()[1]
            assert "no permissions to run the 'client|tracking' command" in sentence
            assert recorder.states == ["lost", "off"]
            server.command("ACL", "SETUSER", "app", "+client|tracking")
            await comes_back(cache, recorder)


async def test_a_redis_without_resp3_keeps_no_copies(
    program: Path, tmp_path: Path, recorder: Recorder, caplog: pytest.LogCaptureFixture, expects: Expects
) -> None:
    """A server that knows no HELLO; everything else works, by RESP2."""
    expects(OFF + NO_RESP3)
    with RedisServer(program, tmp_path, {"rename-command HELLO": '""'}) as server:
        async with process(server.url, recorder) as cache:
            await until(lambda: cache.state()[0] == "off")
            await goes_on_without_copies(cache)
            await asyncio.sleep(0.2)
            [sentence] = warnings(caplog)
            assert sentence == OFF + cache.state()[1]
            assert "HELLO" in sentence
            assert recorder.states == ["lost", "off"]


async def test_a_proxy_that_strips_resp3_is_noticed_and_its_end_too(
    server: RedisServer, recorder: Recorder, expects: Expects
) -> None:
    """It refuses HELLO for a while; once it does not, copies are kept."""
    expects(OFF + NO_RESP3)

    def strip(passage: Passage, words: Words) -> bool:
        if words[0] == b"HELLO":
            passage.say(b"-NOPROTO unsupported protocol version\r\n")
        return words[0] != b"HELLO"

    async with wire_to(server.url) as wire:
        wire.on_command = strip
        async with process(wire.url, recorder) as cache:
            await until(lambda: cache.state() == ("off", f"{NO_RESP3}NOPROTO unsupported protocol version"))
            await goes_on_without_copies(cache)
            wire.on_command = lambda passage, words: True
            await comes_back(cache, recorder)


async def test_a_proxy_that_swallows_pushes_is_noticed_before_anything_is_kept(
    server: RedisServer, recorder: Recorder, caplog: pytest.LogCaptureFixture, expects: Expects
) -> None:
    """Tracking seems to be on; only the canary tells that it is of no use."""
    expects(OFF + SILENT)
    async with wire_to(server.url) as wire:
        wire.swallows_pushes = True
        async with process(wire.url, recorder) as cache:
            await until(lambda: cache.state() == ("off", SILENT))
            await goes_on_without_copies(cache)
            assert warnings(caplog) == [OFF + SILENT]
            assert recorder.states == ["lost", "off"]
            wire.swallows_pushes = False
            await comes_back(cache, recorder)


async def test_links_that_reach_different_servers_are_not_trusted(
    server: RedisServer, program: Path, tmp_path: Path, recorder: Recorder, expects: Expects
) -> None:
    """A name that leads to an old master and to a new one: writes to the one are never told by the other."""
    expects(OFF + SILENT)
    with RedisServer(program, tmp_path) as another:
        tracked, other = Link(server.url, resp3_only=True), Link(another.url)
        lease = Lease(tracked, other, presence="p", staleness_seconds=B, clock=boot_clock, observer=recorder)
        lease.start()
        await until(lambda: tracked.number == 1)
        lease.opened(1)
        await until(lambda: lease.state == "off")
        assert lease.reason == SILENT
        assert not lease.holds(boot_clock())
        await lease.stop()
        await asyncio.gather(tracked.close(), other.close())


# --- later -----------------------------------------------------------------------------------------------------------


async def longest_staleness(cache: Cache, server: RedisServer, end_tracking: Any) -> float:
    """How long after a foreign write its old value was still answered from memory."""
    boards = cache.region("board", Board, ttl_seconds=60)
    await boards.get("ada", load)
    assert (await boards.get("ada", load)).tier == "hot"
    await end_tracking()
    server.command("DEL", boards.key("ada"))
    written_at = last_hot_at = time.monotonic()
    while True:
        asked_at = time.monotonic()
        if (await boards.get("ada", load)).tier != "hot":
            return last_hot_at - written_at
        last_hot_at = asked_at
        assert asked_at - written_at < 2 * B
        await asyncio.sleep(0.005)


async def test_pushes_that_are_swallowed_later_end_the_lease(
    server: RedisServer, recorder: Recorder, caplog: pytest.LogCaptureFixture, expects: Expects
) -> None:
    """Within B of the first write that was not told, whoever swallows them; then copies are off, with a reason."""
    for sentence in (ENDED, OFF + SILENT):
        expects(sentence)
    async with wire_to(server.url) as wire, process(wire.url, recorder) as cache:
        assert await cache.trusted(5)

        async def swallow() -> None:
            wire.swallows_pushes = True

        assert await longest_staleness(cache, server, swallow) < B
        await until(lambda: cache.state() == ("off", SILENT))
        assert warnings(caplog) == [ENDED, OFF + SILENT]
        assert recorder.states == ["lost", "trusted", "lost", "off"]
        wire.swallows_pushes = False
        await comes_back(cache, recorder)


async def test_tracking_that_is_turned_off_behind_our_back_is_turned_on_again(
    server: RedisServer, recorder: Recorder, caplog: pytest.LogCaptureFixture, expects: Expects
) -> None:
    """On the very connection, whoever did it: within B the connection is given up for one that is told."""
    expects(ENDED)
    async with process(server.url, recorder) as cache:
        assert await cache.trusted(5)

        async def turn_off() -> None:
            await cache._tiers.tracked.ask("operator", ("CLIENT", "TRACKING", "OFF"))  # type: ignore[attr-defined]

        assert await longest_staleness(cache, server, turn_off) < B
        await until(lambda: recorder.states == ["lost", "trusted", "lost", "trusted"])
        assert warnings(caplog) == [ENDED]
        await comes_back(cache, recorder)


async def test_a_canary_that_is_only_late_does_not_turn_copies_off(
    server: RedisServer, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, expects: Expects
) -> None:
    """The tracked connection stalls for a moment, just when its canary was to come back: that says nothing of tracking.
    It is tried again, long before a Redis that cannot track would be."""
    monkeypatch.setattr("cache.lease.RETRY_SECONDS", 60.0)
    async with wire_to(server.url) as wire:

        def stall_pushes(passage: Passage, value: bytes) -> bytes:
            if value.startswith(b">") and not held:
                held.append(passage)
                passage.replies_flow.clear()
            return value

        held: list[Passage] = []
        wire.on_reply = stall_pushes
        async with process(wire.url, recorder) as cache:
            await until(lambda: held)
            await asyncio.sleep(0.7)  # longer than a canary is waited for
            held[0].replies_flow.set()
            assert await cache.trusted(3), cache.state()
            assert "off" not in recorder.states


async def test_a_canary_that_redis_had_no_room_for_is_no_sign_that_tracking_has_ended(
    server: RedisServer, recorder: Recorder
) -> None:
    """Its place in the full tracking table is lost between being read and being written, and told: nobody will be told
    of the write, and that is no reason to drop a connection and all its copies."""
    async with wire_to(server.url) as wire, process(wire.url, recorder) as cache:
        assert await cache.trusted(5)
        lease = cache._tiers.lease  # type: ignore[attr-defined]
        held: list[bytes] = []
        beats = 0

        def give_up(passage: Passage, value: bytes) -> bytes:
            nonlocal beats
            if value.startswith(b">"):
                told = b"".join(held) + value
                held.clear()
                return told
            if not (passage.tracked and value.startswith(b"$")):  # the answer to a canary's GET
                return value
            beats += 1
            if beats % 2:  # every second one
                return value
            server.command("SET", lease.canary, "by another")  # is told as an overflow is
            held.append(value)
            return b""

        wire.on_reply = give_up
        await until(lambda: beats >= 8)
        wire.pass_all()
        await until(lambda: cache.state()[0] == "trusted")
        assert recorder.states == ["lost", "trusted"]
        assert len([passage for passage in wire.passages if passage.tracked]) == 1


async def test_no_canary_is_lost_on_a_healthy_redis(server: RedisServer, expects: Expects) -> None:
    """Its invalidation is there before the next heartbeat is answered, every time: nothing is dropped for nothing."""
    changes: list[str] = []

    class Listening(NullObserver):
        def link_state(self, state: str) -> None:
            changes.append(state)

        def invalidation_lag(self, seconds: float) -> None:
            lags.append(seconds)

    lags: list[float] = []
    async with open_cache(server.url, hot_bytes=1 << 20, staleness_seconds=0.02, observer=Listening()):
        await until(lambda: len(lags) > 100)
        assert changes[:2] == ["lost", "trusted"]
        assert "off" not in changes
        assert changes.count("lost") == 1
