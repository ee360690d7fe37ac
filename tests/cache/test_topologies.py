"""One contract for every topology of Redis: what holds on one server holds over TLS, a unix socket, a locked server, a
replica pair, sentinels and a cluster."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cache_doubles import Board
from links import heals, opened, until
from quiet_log import Expects
from redis_servers import (
    RedisCluster,
    RedisServer,
    ReplicaPair,
    WatchedPair,
    locked_server,
    tls_server,
    unix_server,
)

from cache import ErrorReply, Misuse, Overloaded, Refused, Unavailable, open_cache
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 0.2
MARGIN_SECONDS = 0.5
KEY = "k:{tag}"
MANY, SOME = 50, 15  # a handshake over TLS costs a hundred times what a command does


@dataclass(frozen=True)
class Topology:
    """`keeper` is the server that has the keys of `{tag}`; `ready` waits until all is well after it was away."""

    url: str
    servers: list[RedisServer]
    keeper: RedisServer
    ready: Callable[[], None]


def _alone(make: Callable[..., RedisServer]) -> Callable[[Path, Path, ExitStack], Topology]:
    def start(program: Path, folder: Path, running: ExitStack) -> Topology:
        server = running.enter_context(make(program, folder))
        return Topology(server.url, [server], server, lambda: None)

    return start


def _pair(program: Path, folder: Path, running: ExitStack) -> Topology:
    pair = running.enter_context(ReplicaPair(program, folder, careful=True, lag_seconds=10))
    return Topology(pair.url, [pair.master], pair.master, pair.wait_until_replicated)


def _sentinel(program: Path, folder: Path, running: ExitStack) -> Topology:
    watched = running.enter_context(WatchedPair(program, folder, sentinels=1, down_after_seconds=60))
    return Topology(watched.url, [watched.master], watched.master, lambda: None)


def _cluster(program: Path, folder: Path, running: ExitStack) -> Topology:
    cluster = running.enter_context(RedisCluster(program, folder))
    return Topology(cluster.url, cluster.nodes, cluster.node_of(KEY), cluster.wait_until_ok)


TOPOLOGIES = {
    "plain": _alone(RedisServer),
    "tls": _alone(tls_server),
    "unix": _alone(unix_server),
    "locked": _alone(locked_server),
    "pair": _pair,
    "sentinel": _sentinel,
    "cluster": _cluster,
}


@pytest.fixture(scope="module", params=TOPOLOGIES)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, programs: Programs
) -> Iterator[Topology]:
    program = programs.need("redis-server")["redis-server"]
    with ExitStack() as stack:
        yield TOPOLOGIES[request.param](program, tmp_path_factory.mktemp(request.param), stack)


@pytest.fixture
def topology(running: Topology) -> Topology:
    """The running servers, empty."""
    for server in running.servers:
        server.command("FLUSHALL")
    return running


async def test_replies_come_in_the_order_that_was_asked(topology: Topology) -> None:
    """Commands of one owner and of several, with every kind of reply the cache uses."""
    async with opened(topology.url) as link:
        assert await link.ask("write", ("SET", KEY, "text"), ("INCR", "n:{tag}"), ("RPUSH", "l:{tag}", 1, 2.5)) == [
            b"OK",
            1,
            2,
        ]
        others = [f"o:{{{number}}}" for number in range(20)]
        await link.ask("write", *(("SET", key, key.encode()) for key in others))
        replies = await link.ask("read", ("GET", KEY), *(("GET", key) for key in others), ("LRANGE", "l:{tag}", 0, -1))
        assert replies == [b"text", *(key.encode() for key in others), [b"1", b"2.5"]]
        assert await link.ask("read", ("PING",)) == [b"PONG"]


async def test_asking_nothing_answers_nothing(topology: Topology) -> None:
    """An empty list of commands is no reason to wait."""
    async with opened(topology.url) as link:
        await link.ask("write", ("SET", KEY, 1))
        assert await link.ask("read") == []
        assert await link.ask("read", ("GET", KEY)) == [b"1"]


async def test_what_is_not_there_is_none_and_a_hash_is_a_mapping(topology: Topology) -> None:
    """By itself and among others: an absent hash is an empty mapping."""
    async with opened(topology.url) as link:
        await link.ask("write", ("HSET", "h:{tag}", "name", "Ada", "age", 36))
        fields = {b"name": b"Ada", b"age": b"36"}
        assert await link.ask("read", ("HGETALL", "h:{tag}")) == [fields]
        asked = (("GET", "no:{tag}"), ("HGETALL", "h:{tag}"), ("HGETALL", "no:{tag}"), ("GET", "no:{other}"))
        assert await link.ask("read", *asked) == [None, fields, {}, None]


async def test_an_error_reply_belongs_to_its_own_caller(topology: Topology) -> None:
    """Every third of many callers asks for what cannot be; the others don't notice."""
    async with opened(topology.url) as link:
        await link.ask("write", ("SET", KEY, "text"))

        async def call(number: int) -> Any:
            if number % 3 == 0:
                return await link.ask("wrong", ("GET", KEY), ("LPUSH", KEY, number))
            return await link.ask("right", ("SET", f"n:{number}", number), ("GET", f"n:{number}"))

        outcomes = await asyncio.gather(*(call(number) for number in range(60)), return_exceptions=True)
        for number, outcome in enumerate(outcomes):
            if number % 3 == 0:
                assert isinstance(outcome, ErrorReply)
                assert outcome.code == "WRONGTYPE"
            else:
                assert outcome == [b"OK", str(number).encode()]


async def test_an_error_reply_can_stand_in_its_place(topology: Topology) -> None:
    """With `errors` the replies around it are not lost."""
    async with opened(topology.url) as link:
        await link.ask("write", ("SET", KEY, "text"))
        before, wrong, after = await link.ask("all", ("GET", KEY), ("LPUSH", KEY, 1), ("GET", KEY), errors=True)
        assert (before, after) == (b"text", b"text")
        assert isinstance(wrong, ErrorReply)
        assert wrong.code == "WRONGTYPE"


async def test_a_script_is_called_by_its_digest_and_loaded_where_it_is_missing(topology: Topology) -> None:
    """After SCRIPT FLUSH too; a script's own error is an error reply."""
    async with opened(topology.url) as link:
        script = link.script("redis.call('SET', KEYS[1], ARGV[1]) return {redis.call('GET', KEYS[1]), #KEYS}")
        assert await script("script", [KEY, "more:{tag}"], ["a"]) == [b"a", 2]
        topology.keeper.command("SCRIPT", "FLUSH")
        assert await script("script", [KEY], [1]) == [b"1", 1]
        topology.keeper.command("CONFIG", "RESETSTAT")
        assert await script("script", [KEY], [b"\x00"]) == [b"\x00", 1]
        assert b"cmdstat_eval:" not in topology.keeper.command("INFO", "commandstats")
        with pytest.raises(ErrorReply, match="not today"):
            await link.script("return redis.error_reply('ERR not today')")("script", [KEY], [])


async def test_a_large_value_comes_back_whole(topology: Topology) -> None:
    """A megabyte, while others ask for small things."""
    large = bytes(range(256)) * 4096
    async with opened(topology.url) as link:
        await link.ask("write", ("SET", KEY, large), ("SET", "small:{tag}", 1))
        asks = [link.ask("read", ("GET", KEY)), *(link.ask("read", ("GET", "small:{tag}")) for _ in range(20))]
        assert await asyncio.gather(*asks) == [[large], *([b"1"] for _ in range(20))]
        assert await link.ask("read", ("GET", KEY), ("GET", "small:{tag}")) == [large, b"1"]


async def test_many_callers_each_get_their_own_answers(topology: Topology) -> None:
    """64 at once, each with two keys of an owner of its own."""
    async with opened(topology.url) as link:

        async def caller(number: int) -> None:
            for turn in range(10):
                value = f"{number} {turn}".encode()
                asked = (("SET", f"a:{{{number}}}", value), ("GET", f"a:{{{number}}}"), ("INCR", f"b:{{{number}}}"))
                assert await link.ask("call", *asked) == [b"OK", value, turn + 1]

        await asyncio.gather(*(caller(number) for number in range(64)))


async def test_each_call_is_told_once_with_its_result(topology: Topology) -> None:
    """An answer is ok; no answer in time is an error; a caller who gave up is neither."""
    told: list[tuple[str, str]] = []
    how = {"called": lambda operation, result, seconds: told.append((operation, result))}
    async with opened(topology.url, **how) as link:
        await link.ask("first", ("SET", KEY, 1), ("SET", "other:{tag}", 1), ("SET", "o:{other}", 1))
        topology.keeper.pause()
        try:
            given_up = asyncio.create_task(link.ask("second", ("GET", KEY)))
            late = asyncio.create_task(link.ask("third", ("GET", KEY), deadline_seconds=DEADLINE_SECONDS))
            await asyncio.sleep(0)
            given_up.cancel()
            await asyncio.wait([given_up, late])
            assert isinstance(late.exception(), Unavailable)
        finally:
            topology.keeper.resume()
    assert told == [("first", "ok"), ("second", "cancelled"), ("third", "error")]


async def test_past_its_bound_a_call_is_refused_and_not_sent(topology: Topology) -> None:
    """Only as many calls wait as may, and as many bytes."""
    async with opened(topology.url, max_backlog=5, max_backlog_bytes=10_000) as link:
        await link.ask("write", ("SET", "n:{tag}", 0))
        calls = [link.ask("write", ("INCR", "n:{tag}")) for _ in range(8)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [list] * 5 + [Overloaded] * 3
        assert await link.ask("read", ("GET", "n:{tag}")) == [b"5"]
        with pytest.raises(Overloaded):
            await link.ask("write", ("SET", "n:{tag}", "9" * 10_000))
        assert await link.ask("read", ("GET", "n:{tag}")) == [b"5"]


async def test_a_cancelled_caller_harms_no_other(topology: Topology) -> None:
    """A thousand calls, a third of them cancelled on the way: every answer belongs to its question."""
    async with opened(topology.url) as link:
        await link.ask("write", *(("SET", f"n:{{{number % 50}}}{number}", number) for number in range(1000)))

        async def read(number: int) -> int:
            [reply] = await link.ask("read", ("GET", f"n:{{{number % 50}}}{number}"))
            return int(reply)

        calls = [asyncio.create_task(read(number)) for number in range(1000)]
        for turn in range(20):
            await asyncio.sleep(0)
            for call in calls[turn::60]:
                call.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        answered = [(number, outcome) for number, outcome in enumerate(outcomes) if isinstance(outcome, int)]
        assert len(answered) > 300
        assert all(number == outcome for number, outcome in answered)
        assert {type(outcome) for outcome in outcomes} <= {int, asyncio.CancelledError}


async def test_a_silent_server_costs_the_deadline_and_not_more(topology: Topology) -> None:
    """It is stopped in the middle: calls end in time, a write has happened at most once, and then it heals."""
    async with opened(topology.url) as link:
        await link.ask("write", ("SET", KEY, 1))
        clock = asyncio.get_running_loop().time
        topology.keeper.pause()
        try:
            began = clock()
            asked = [(("INCR", f"n:{{tag}}{number}"), False) for number in range(10)] + [(("GET", KEY), True)]
            calls = (
                link.ask("call", command, again=again, deadline_seconds=DEADLINE_SECONDS) for command, again in asked
            )
            outcomes = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {Unavailable}
            assert clock() - began < DEADLINE_SECONDS + MARGIN_SECONDS
        finally:
            topology.keeper.resume()
        await heals(link, KEY)
        written = await link.ask("read", *(("GET", f"n:{{tag}}{number}") for number in range(10)))
        assert set(written) <= {None, b"1"}


async def test_a_link_outlives_a_restart_and_may_be_opened_before_its_server(topology: Topology) -> None:
    """While the server is away calls end in time; once it is back both links heal within 3 s."""
    async with opened(topology.url) as link, opened(topology.url) as early:
        await link.ask("write", ("SET", KEY, 1))
        await asyncio.to_thread(topology.keeper.stop)
        try:
            for each in (link, early):
                with pytest.raises(Unavailable):
                    async with asyncio.timeout(0.9 + MARGIN_SECONDS):
                        await each.ask("read", ("GET", KEY), again=True)
        finally:
            await asyncio.to_thread(topology.keeper.start)
            await asyncio.to_thread(topology.ready)
        await asyncio.gather(heals(link, KEY), heals(early, KEY))


async def test_no_write_is_applied_twice_however_often_connections_are_killed(topology: Topology) -> None:
    """What was acknowledged happened once, what raised at most once; a read that may be repeated gets its answer."""
    async with opened(topology.url) as link:
        acknowledged: set[str] = set()

        async def write(key: str) -> None:
            try:
                await link.ask("write", ("INCR", key), ("GET", KEY))
                acknowledged.add(key)
            except Unavailable:
                pass

        def kill() -> None:
            topology.keeper.command("CLIENT", "KILL", "TYPE", "normal")

        kills = MANY if topology.url.startswith(("redis://", "redis+cluster://")) else SOME
        for turn in range(kills):
            await heals(link, KEY)
            writes = [write(f"n:{{tag}}{turn}:{number}") for number in range(10)]
            reads = [link.ask("read", ("GET", KEY), again=True) for _ in range(5)]
            await asyncio.gather(*writes[:5], asyncio.to_thread(kill), *writes[5:], *reads)
        await heals(link, KEY)
        sent = [f"n:{{tag}}{turn}:{number}" for turn in range(kills) for number in range(10)]
        for key, count in zip(sent, await link.ask("read", *(("GET", key) for key in sent)), strict=True):
            assert count == b"1" if key in acknowledged else count in (None, b"1")


# --- what is built on it -------------------------------------------------------------------------------------------


def load_of(text: str) -> Callable[[], Any]:
    async def load() -> Board:
        return Board(text)

    return load


async def test_a_region_is_answered_from_redis_until_its_owner_writes(topology: Topology) -> None:
    """Loaded once for all processes; after a bracketed write it is loaded anew, for whoever asks."""
    async with open_cache(topology.url) as one, open_cache(topology.url) as two:
        boards, theirs = (cache.region("board", Board, ttl_seconds=30) for cache in (one, two))
        assert (await boards.get("ada", load_of("old"))).tier == "load"
        found = await theirs.get("ada", load_of("unused"))
        assert (found.tier, found.value) == ("redis", Board("old"))
        async with one.write("ada", drop=[boards]) as write:
            pass
        found = await theirs.get("ada", load_of("new"), floor=write.version)
        assert (found.tier, found.value, found.version >= write.version) == ("load", Board("new"), True)
        assert (await boards.get("ada", load_of("unused"), floor=write.version)).value == Board("new")


async def test_many_owners_are_asked_for_at_once(topology: Topology) -> None:
    """Wherever their keys are; the missing ones are loaded."""
    async with open_cache(topology.url) as cache:
        boards = cache.region("board", Board, ttl_seconds=30)
        people = [f"person{number}" for number in range(20)]
        for person in people[::2]:
            await boards.get(person, load_of(person))

        async def load(person: str) -> Board:
            return Board(person)

        answers = await boards.get_many(people, load)
        assert {person: answer.value for person, answer in answers.items()} == {tag: Board(tag) for tag in people}
        assert [answers[person].tier for person in people] == ["redis", "load"] * 10


async def test_a_value_that_names_another_owner_is_not_answered(topology: Topology, expects: Expects) -> None:
    """However it came under this one's key; it is loaded instead."""
    expects("what Redis holds for region 'board' cannot be used (foreign)")
    async with open_cache(topology.url) as cache:
        boards = cache.region("board", Board, ttl_seconds=30)
        await boards.get("ada", load_of("of ada"))
        [stored] = await cache.link.ask("read", ("GET", boards.key("ada")))
        await cache.link.ask("write", ("SET", boards.key("bob"), stored))
        found = await boards.get("bob", load_of("of bob"))
        assert (found.tier, found.value) == ("load", Board("of bob"))
        assert (await boards.get("bob", load_of("unused"))).tier == "redis"


async def test_a_record_lives_changes_and_dies(topology: Topology) -> None:
    """Found beside a region in one look, listed, and once deleted it allows no write."""
    async with open_cache(topology.url) as cache:
        sessions, boards = cache.records("session"), cache.region("board", Board, ttl_seconds=30)
        await sessions.create("ada", "s1", {"seen": "1"}, lives_seconds=60, now=0.0, ends=60.0)
        assert await sessions.change("ada", "s1", {"seen": "2"}) > 0
        await boards.get("ada", load_of("a"))
        session, board = await cache.look(sessions.lookup("ada", "s1"), boards.lookup("ada"))
        assert session is not None
        assert board is not None
        assert (session.value["seen"], board.value) == ("2", Board("a"))
        assert [record_id for record_id, _ in await sessions.list("ada")] == ["s1"]
        assert await sessions.delete("ada", ["s1"]) == 1
        assert await cache.look(sessions.lookup("ada", "s1"), boards.lookup("ada")) == [None, None]
        with pytest.raises(Refused):
            async with cache.write("ada", alive=sessions.key("ada", "s1")):
                pytest.fail("the block ran")


async def test_hot_copies_are_kept_where_they_can_be_trusted_and_refused_elsewhere(topology: Topology) -> None:
    """On one server a copy is answered until another process writes; over Cluster and Sentinel there are none yet."""
    scheme = topology.url.partition("://")[0]
    if "+" in scheme:
        with pytest.raises(Misuse, match=scheme.replace("+", ".")):
            async with open_cache(topology.url, hot_bytes=1 << 20):
                pytest.fail("it was opened")
        return
    async with open_cache(topology.url, hot_bytes=1 << 20) as one, open_cache(topology.url) as two:
        boards, theirs = (cache.region("board", Board, ttl_seconds=30) for cache in (one, two))

        async def is_hot() -> bool:
            return (await boards.get("ada", load_of("old"))).tier == "hot"

        async def is_new() -> bool:
            return (await boards.get("ada", load_of("new"))).value == Board("new")

        await until(is_hot)
        async with two.write("ada", drop=[theirs]) as write:
            pass
        await until(is_new)
        assert (await boards.get("ada", load_of("newer"), floor=write.version)).value == Board("new")


async def test_a_redis_that_refuses_tracking_is_read_and_never_trusted(
    programs: Programs, tmp_path: Path, expects: Expects
) -> None:
    """An access list without CLIENT TRACKING costs the copies, not the service."""
    expects("no hot copies are kept: this Redis refuses to track: NOPERM")
    program = programs.need("redis-server")["redis-server"]
    with locked_server(program, tmp_path, rules="~* &* +@all -client|tracking") as server:
        async with open_cache(server.url, hot_bytes=1 << 20) as cache:
            boards = cache.region("board", Board, ttl_seconds=30)
            assert (await boards.get("ada", load_of("a"))).tier == "load"
            assert {(await boards.get("ada", load_of("b"))).tier for _ in range(300)} == {"redis"}
