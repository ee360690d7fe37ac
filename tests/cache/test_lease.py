"""The lease: when copies are trusted, what each of its states means for whoever reads, and that each is told once."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from cache_doubles import Board, Clock, Recorder
from cache_races import until
from quiet_log import Expects
from redis_servers import RedisServer
from stalls import stalls
from wires import Passage, Wire, wire_to

from cache import Answer, Cache, Unavailable, open_cache
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

B = 0.5  # a binary fraction: turned clocks add up exactly
OUTAGE_SECONDS = 60.0
TRIED_SECONDS = 0.25
SLACK_SECONDS = 0.1
SUSPECT = "hot copies are not trusted (suspect): the heartbeat is overdue"
LOST = "hot copies are not trusted (lost): the connection to Redis is gone"


@pytest.fixture(scope="module")
def running(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(programs.need("redis-server")["redis-server"], tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> RedisServer:
    """A server, empty."""
    running.command("FLUSHALL")
    return running


@dataclass(frozen=True)
class Process:
    """One process, the way to its Redis, its clock and what it told. It holds ada's session, board and settings."""

    cache: Cache
    wire: Wire
    clock: Clock
    told: Recorder

    def __post_init__(self) -> None:
        object.__setattr__(self, "sessions", self.cache.records("session"))
        object.__setattr__(self, "boards", self.cache.region("board", Board, ttl_seconds=3600))
        object.__setattr__(self, "settings", self.cache.region("settings", Board, ttl_seconds=3600, outage=False))

    sessions: Any = None
    boards: Any = None
    settings: Any = None

    async def read(self, region: Any, tag: str = "ada", **how: Any) -> Answer[Board]:
        answer: Answer[Board] = await region.get(tag, lambda: _load(tag), **how)
        return answer

    @property
    def state(self) -> str:
        return self.cache.state()[0]


async def _load(tag: str) -> Board:
    return Board(tag)


@asynccontextmanager
async def process(server: RedisServer, **how: Any) -> AsyncIterator[Process]:
    clock, told = Clock(), Recorder()
    options = {"staleness_seconds": B, "outage_seconds": OUTAGE_SECONDS, "deadline_seconds": 0.6, **how}
    async with (
        wire_to(server.url) as wire,
        open_cache(wire.url, hot_bytes=1 << 20, clock=clock, observer=told, **options) as cache,
    ):
        assert await cache.trusted(5), cache.state()
        opened = Process(cache, wire, clock, told)
        await opened.sessions.create("ada", "s1", {"user": "ada"}, lives_seconds=3600, now=0.0, ends=3600.0)
        await opened.cache.look(opened.sessions.lookup("ada", "s1"))
        for region in (opened.boards, opened.settings):
            await opened.read(region)
        assert len(cache.hot) == 3
        yield opened


async def grow_suspect(one: Process) -> None:
    """Redis says nothing any more, and the last heartbeat that was answered is B ago."""
    one.wire.stall()
    one.clock.advance(B)
    assert one.state == "suspect"


# --- told ------------------------------------------------------------------------------------------------------------


async def test_a_lease_is_earned_and_told_once(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Lost at first, trusted after the canary; then nothing more, however many heartbeats follow."""
    caplog.set_level(logging.INFO, "cache.lease")
    async with process(server) as one:
        beats = count_of(one.wire, b"SET")
        await until(lambda: count_of(one.wire, b"SET") > beats + 6)
        assert one.told.states == ["lost", "trusted"]
        assert one.cache.state() == ("trusted", "")
    assert [record.getMessage() for record in caplog.records] == ["hot copies are trusted (before: lost)"]


async def test_each_change_of_state_is_told_once(
    server: RedisServer, caplog: pytest.LogCaptureFixture, expects: Expects
) -> None:
    """To the observer and in one line of the log each: overdue, back, gone, back."""
    expects(SUSPECT)
    expects(LOST)
    caplog.set_level(logging.INFO, "cache.lease")
    async with process(server) as one:
        one.told.states.clear()
        caplog.clear()
        await grow_suspect(one)
        await until(lambda: one.told.states == ["suspect"], 2 * B)
        one.wire.flow()
        await until(lambda: one.state == "trusted")
        await one.wire.shut()
        await until(lambda: one.state == "lost")
        await asyncio.sleep(B)  # time enough to tell it twice
        await one.wire.open()
        await until(lambda: one.told.states[-1] == "trusted")
        assert one.told.states == ["suspect", "trusted", "lost", "trusted"]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", SUSPECT),
        ("INFO", "hot copies are trusted (before: suspect)"),
        ("WARNING", LOST),
        ("INFO", "hot copies are trusted (before: lost)"),
    ]


async def test_closing_tells_nothing(server: RedisServer) -> None:
    """The end of a process is no loss of trust."""
    async with process(server) as one:
        one.told.states.clear()
    assert one.told.states == []


async def test_a_heartbeat_tells_who_lives_and_what_they_report(server: RedisServer) -> None:
    """Under a key of this process's own, which ends soon after it does."""
    async with process(server, name="web-1", prefix="p:", report=lambda: b"load 7"):
        [presence] = [key for key in server.command("KEYS", "p:live:web-1:*") if not key.endswith(b":canary")]
        assert server.command("GET", presence) == b"load 7"
        assert 0 < server.command("PTTL", presence) <= 4 * B * 1000


async def test_a_report_that_raises_ends_trust_and_not_the_lease(
    server: RedisServer, caplog: pytest.LogCaptureFixture, expects: Expects
) -> None:
    """It is the application's; its error is logged once, named as the reason, and forgotten when it is over."""
    expects("a heartbeat failed")
    expects("hot copies are not trusted (suspect): ")
    raising = False

    def report() -> bytes:
        if raising:
            raise RuntimeError("no figures")
        return b""

    async with process(server, report=report) as one:
        raising = True
        one.clock.advance(B)
        await until(lambda: one.cache.state() == ("suspect", "the heartbeat failed: RuntimeError: no figures"))
        await asyncio.sleep(B)
        raising = False
        await until(lambda: one.cache.state() == ("trusted", ""))
    assert [record.getMessage() for record in caplog.records].count("a heartbeat failed") == 1


async def test_round_trips_and_lags_are_told(server: RedisServer) -> None:
    """In seconds of the process's clock: none passes here."""
    async with process(server) as one:
        lags = len(one.told.lags)
        await until(lambda: len(one.told.lags) > lags + 2)
        assert set(one.told.lags) == {0.0}


# --- trusted ---------------------------------------------------------------------------------------------------------


async def test_while_trusted_copies_are_answered_without_redis(server: RedisServer) -> None:
    """For B after the last heartbeat that was answered was sent, even if Redis has fallen silent since."""
    async with process(server) as one:
        one.wire.stall()
        one.clock.advance(B - 0.125)
        asked = sum(len(passage.asked) for passage in one.wire.passages)
        for region in (one.boards, one.settings):
            answer = await one.read(region)
            assert (answer.tier, answer.stale) == ("hot", "")
        [session] = await one.cache.look(one.sessions.lookup("ada", "s1"))
        assert session is not None
        assert session.tier == "hot"
        assert sum(len(passage.asked) for passage in one.wire.passages) == asked


async def test_trust_counts_from_the_moment_a_heartbeat_was_sent(server: RedisServer, expects: Expects) -> None:
    """Not from when its answer came: the answer may have waited in a buffer for as long as it likes."""
    expects(SUSPECT)
    async with process(server) as one:
        one.wire.stall(commands=False)
        beats = count_of(one.wire, b"SET")
        await until(lambda: count_of(one.wire, b"SET") > beats)  # sent, and answered by Redis
        one.clock.advance(B)
        one.wire.flow()
        await asyncio.sleep(0.02)
        assert one.state == "suspect"
        await until(lambda: one.state == "trusted")  # by the next one


# --- suspect ---------------------------------------------------------------------------------------------------------


async def test_a_suspect_copy_is_answered_marked_once_redis_was_tried(server: RedisServer, expects: Expects) -> None:
    """For a quarter of a second, and only for whoever asked for that."""
    expects(SUSPECT)
    async with process(server) as one, stalls() as stalled:
        await grow_suspect(one)
        one.told.clear()
        began = time.monotonic()
        answer = await one.read(one.boards, stale=True)
        assert TRIED_SECONDS <= time.monotonic() - began < TRIED_SECONDS + SLACK_SECONDS + stalled.seconds
        assert (answer.value, answer.tier, answer.stale) == (Board("ada"), "hot", "outage")
        assert answer.age_seconds >= B
        session, board = await one.cache.look(one.sessions.lookup("ada", "s1"), one.boards.lookup("ada"), stale=True)
        assert session is not None
        assert board is not None
        assert (session.stale, board.stale) == ("outage", "outage")
        assert one.told.stale == [("board", "outage"), ("session", "outage"), ("board", "outage")]


async def test_without_asking_for_it_nobody_gets_a_suspect_copy(server: RedisServer, expects: Expects) -> None:
    """Who may not be told something stale is told that there is no answer."""
    expects(SUSPECT)
    expects(LOST)
    async with process(server) as one:
        await grow_suspect(one)
        await all_unavailable(
            one.read(one.boards), one.cache.look(one.sessions.lookup("ada", "s1"), one.boards.lookup("ada"))
        )


async def test_what_may_never_be_stale_is_not_answered_from_a_suspect_copy(
    server: RedisServer, expects: Expects
) -> None:
    """Sources opened with `outage=False`, nor anything that is looked up together with one."""
    expects(SUSPECT)
    expects(LOST)
    async with process(server) as one:
        await grow_suspect(one)
        await all_unavailable(
            one.read(one.settings, stale=True),
            one.cache.look(one.boards.lookup("ada"), one.settings.lookup("ada"), stale=True),
        )


async def test_a_suspect_copy_below_the_floor_is_not_answered(server: RedisServer, expects: Expects) -> None:
    """Whoever has seen a newer version is not shown the older one, outage or not."""
    expects(SUSPECT)
    expects(LOST)
    async with process(server) as one:
        version = (await one.read(one.boards)).version
        await grow_suspect(one)
        assert (await one.read(one.boards, stale=True, floor=version)).stale == "outage"
        with pytest.raises(Unavailable):
            await one.read(one.boards, stale=True, floor=version + 1)


async def test_what_is_not_held_is_unavailable_while_suspect(server: RedisServer, expects: Expects) -> None:
    """And one that is not held makes a whole look unavailable."""
    expects(SUSPECT)
    expects(LOST)
    async with process(server) as one:
        await grow_suspect(one)
        await all_unavailable(
            one.read(one.boards, tag="bob", stale=True), one.boards.get_many(["ada", "bob"], _load, stale=True)
        )
        assert (await one.boards.get_many(["ada"], _load, stale=True))["ada"].stale == "outage"


async def test_copies_stand_in_for_as_long_as_was_agreed_and_no_longer(server: RedisServer, expects: Expects) -> None:
    """Counted from the last heartbeat that was answered."""
    expects(SUSPECT)
    expects(LOST)
    async with process(server) as one:
        one.wire.stall()
        one.clock.advance(OUTAGE_SECONDS - 0.125)
        assert (await one.read(one.boards, stale=True)).stale == "outage"
        one.clock.advance(0.125)
        with pytest.raises(Unavailable):
            await one.read(one.boards, stale=True)


async def test_with_no_outage_seconds_no_copy_stands_in(server: RedisServer, expects: Expects) -> None:
    """0 turns it off."""
    expects(SUSPECT)
    expects(LOST)
    async with process(server, outage_seconds=0.0) as one:
        await grow_suspect(one)
        with pytest.raises(Unavailable):
            await one.read(one.boards, stale=True)


async def test_while_suspect_a_redis_that_answers_in_time_is_believed(server: RedisServer, expects: Expects) -> None:
    """Heartbeats are held up and reads are not: the answer is Redis's, and nothing is kept of it."""
    expects(SUSPECT)
    async with process(server) as one:
        one.wire.on_command = lambda passage, words: not passage.tracked
        one.clock.advance(B)
        assert one.state == "suspect"
        server.command("HSET", one.sessions.key("ada", "s1"), "user", "lovelace")
        [session] = await one.cache.look(one.sessions.lookup("ada", "s1"), stale=True)
        assert session is not None
        assert (session.value["user"], session.tier, session.stale) == ("lovelace", "redis", "")
        assert (await one.read(one.boards, tag="bob", stale=True)).tier == "load"
        assert one.cache.hot.peek(one.boards.key("bob")) is None


async def test_a_suspect_copy_is_not_trusted_anew_if_it_changed_meanwhile(
    server: RedisServer, expects: Expects
) -> None:
    """The invalidation comes before the answer that brings trust back; what did not change stays hot."""
    expects(SUSPECT)
    async with process(server) as one:
        await grow_suspect(one)
        server.command("DEL", one.boards.key("ada"))
        one.wire.flow()
        await until(lambda: one.state == "trusted")
        assert (await one.read(one.boards)).tier == "load"
        assert (await one.read(one.settings)).tier == "hot"


# --- lost ------------------------------------------------------------------------------------------------------------


async def test_when_the_connection_is_gone_copies_stand_in_at_once(server: RedisServer, expects: Expects) -> None:
    """Nobody waits for a Redis that refuses connections; the rules are those of a suspect copy."""
    expects(LOST)
    async with process(server) as one, stalls() as stalled:
        await one.wire.shut()
        await until(lambda: one.state == "lost")
        with pytest.raises(Unavailable):
            await one.read(one.boards)
        began = time.monotonic()
        assert (await one.read(one.boards, stale=True)).stale == "outage"
        assert time.monotonic() - began < SLACK_SECONDS + stalled.seconds
        await all_unavailable(one.read(one.settings, stale=True), one.read(one.boards, stale=True, floor=1 << 40))
        one.clock.advance(OUTAGE_SECONDS)
        with pytest.raises(Unavailable):
            await one.read(one.boards, stale=True)


async def test_a_lost_connection_ends_trust_at_once(server: RedisServer, expects: Expects) -> None:
    """However young the last heartbeat: the other link is asked."""
    expects(LOST)
    async with process(server) as one:
        one.wire.on_command = lambda passage, words: words[0] != b"HELLO"  # so that it stays lost
        one.wire.passage(tracked=True).cut()
        await until(lambda: one.state == "lost")
        assert (await one.read(one.boards)).tier == "redis"


async def test_on_reconnect_every_copy_is_dropped(server: RedisServer, expects: Expects) -> None:
    """The new connection tracks nothing of what the old one read."""
    expects(LOST)
    async with process(server) as one:
        one.told.clear()
        one.wire.passage(tracked=True).cut()
        await until(lambda: one.told.states == ["lost", "trusted"])
        assert len(one.cache.hot) == 0
        assert sorted(one.told.invalidations) == [(name, "reconnect") for name in ("board", "session", "settings")]
        assert (await one.read(one.boards)).tier == "redis"
        assert (await one.read(one.boards)).tier == "hot"


async def test_nothing_is_kept_before_the_canary_has_come_back(server: RedisServer, expects: Expects) -> None:
    """Connected anew, tracking turned on, and not proven yet: reads are answered by the other link and not kept."""
    expects(LOST)
    async with process(server) as one:

        def hold_pushes(passage: Passage, value: bytes) -> bytes:
            if value.startswith(b">"):
                passage.replies_flow.clear()
            return value

        one.wire.on_reply = hold_pushes
        one.wire.passage(tracked=True).cut()
        await until(lambda: not one.wire.passage(tracked=True).replies_flow.is_set())
        for _ in range(2):
            assert (await one.read(one.boards)).tier == "redis"
        assert len(one.cache.hot) == 0


async def all_unavailable(*asked: Awaitable[Any]) -> None:
    """Whoever asked is told that there is no answer."""
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * len(asked)


def count_of(wire: Wire, name: bytes) -> int:
    """How many commands of a name have gone over the tracked connections."""
    return sum(words[0] == name for passage in wire.passages if passage.tracked for words in passage.asked)
