"""The link to Redis: bounded in time and in what waits, nothing sent twice, every answer to its own question."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from cache_races import until
from links import heals, opened
from redis_servers import RedisServer, locked_server
from wires import OK, Hangup, Passage, Words, bulk, stub, wire_to

from cache import ErrorReply, Link, Misuse, Overloaded, Unavailable
from cache.link import BACKLOG
from deploy.local import Programs

pytestmark = pytest.mark.asyncio


def pong(words: Words) -> bytes:
    return b"+PONG\r\n"


def silence(words: Words) -> None:
    return None


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


# --- what it is given --------------------------------------------------------------------------------------------


async def test_an_address_of_another_kind_is_refused() -> None:
    """The sentence tells what is allowed."""
    with pytest.raises(Misuse, match="redis://, rediss://, unix://; got http://"):
        Link("http://127.0.0.1:6379")


@pytest.mark.parametrize("limit", ["deadline_seconds", "max_backlog", "max_backlog_bytes"])
async def test_a_limit_that_would_let_nothing_through_is_refused(limit: str) -> None:
    """Zero and less are no limits."""
    for value in (0, -1):
        with pytest.raises(Misuse, match=limit):
            Link("redis://127.0.0.1:1", **{limit: value})


async def test_a_command_that_cannot_be_sent_harms_no_other(server: RedisServer) -> None:
    """It is refused before it waits; those asked in the same turn are answered."""
    async with opened(server.url) as link:
        good = [asyncio.ensure_future(link.ask("good", ("ECHO", number))) for number in range(10)]
        with pytest.raises(Misuse, match="cannot be sent"):
            await link.ask("bad", ("SET", "k", None))  # type: ignore[arg-type]
        assert await asyncio.gather(*good) == [[str(number).encode()] for number in range(10)]
        assert link.backlog == 0


async def test_asking_nothing_is_answered_with_nothing(server: RedisServer) -> None:
    """Among others, and with nobody else there: it takes nobody's answer and no place in the queue."""
    async with opened(server.url) as link:
        assert await asyncio.wait_for(link.ask("none"), 1) == []
        answers = await asyncio.gather(link.ask("a", ("ECHO", "a")), link.ask("none"), link.ask("b", ("ECHO", "b")))
        assert answers == [[b"a"], [], [b"b"]]


# --- connecting --------------------------------------------------------------------------------------------------


async def test_a_redis_that_is_not_there_is_unavailable() -> None:
    """A refused connection is told at once, and counted as an error."""
    results: list[tuple[str, str]] = []
    link = Link("redis://127.0.0.1:1", called=lambda operation, result, seconds: results.append((operation, result)))
    with pytest.raises(Unavailable, match="read"):
        await link.ask("read", ("PING",))
    assert results == [("read", "error")]
    await link.close()


async def test_a_wrong_password_is_the_cause_that_callers_are_told(program: Path, tmp_path: Path) -> None:
    """Until it is the right one; then the link heals by itself."""
    with locked_server(program, tmp_path, password="first") as locked:
        async with opened(locked.url) as link:
            await link.ask("read", ("PING",))
            operator = f"redis://op:op@127.0.0.1:{locked.port}"
            await link.ask("set", ("ACL", "SETUSER", "op", "on", ">op", "~*", "&*", "+@all"))
            await link.ask("set", ("ACL", "SETUSER", "app", "resetpass", ">second"))
            locked.url = operator
            locked.command("CLIENT", "KILL", "USER", "app")
            await until(lambda: link.down is not None)
            for _ in range(2):
                with pytest.raises(Unavailable, match="invalid username-password pair"):
                    await link.ask("read", ("PING",))
            locked.command("ACL", "SETUSER", "app", "resetpass", ">first")
            await heals(link, "k")
            assert link.down is None


async def test_a_server_that_makes_no_sense_is_unavailable_and_is_tried_again() -> None:
    """Another service listens there for a while; nothing it says ends the link for good."""
    says = [b"*0\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b":1\r\n"]
    async with stub(pong) as server:
        for nonsense in says:
            server.hello = nonsense
            async with opened(server.url.replace("//", "//app:secret@")) as link:
                with pytest.raises(Unavailable):
                    await link.ask("read", ("PING",))
                server.hello = b"%1\r\n+proto\r\n:3\r\n"
                await heals(link, "k")


async def test_an_address_can_be_found_anew_before_each_connect(server: RedisServer) -> None:
    """And whoever finds it may fail, or take too long."""
    found: list[str] = []

    async def find() -> str:
        found.append(server.url)
        if len(found) == 1:
            raise Unavailable("find", "nobody knows")
        if len(found) == 2:
            await asyncio.sleep(60)
        return server.url

    async with opened("redis://127.0.0.1:1", deadline_seconds=0.3) as link:
        link._url = find  # type: ignore[union-attr]
        with pytest.raises(Unavailable, match="nobody knows"):
            await link.ask("read", ("PING",))
        await until(lambda: link.down is not None and "in time" in link.down.cause)
        await heals(link, "k")
        assert len(found) == 3


async def test_commands_that_came_while_connecting_are_sent_in_order(server: RedisServer) -> None:
    """Nobody waits for the connection by themselves."""
    async with opened(server.url) as link:
        asked = [link.ask("push", ("RPUSH", "list", number)) for number in range(100)]
        assert await asyncio.gather(*asked) == [[number + 1] for number in range(100)]
        assert await link.ask("read", ("LINDEX", "list", 41)) == [b"41"]


# --- writing -----------------------------------------------------------------------------------------------------


async def test_what_is_asked_in_one_turn_is_written_once(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand callers, one write, and one more for a caller of the next turn."""
    async with opened(server.url) as link:
        await link.ask("first", ("PING",))
        written: list[bytes] = []
        connection: Any = link._connection  # type: ignore[union-attr]
        write = connection.write
        monkeypatch.setattr(connection, "write", lambda data: (written.append(data), write(data)))
        calls = [asyncio.ensure_future(link.ask("echo", ("ECHO", number))) for number in range(1000)]
        assert await asyncio.gather(*calls) == [[str(number).encode()] for number in range(1000)]
        assert len(written) == 1
        await link.ask("echo", ("ECHO", "x"))
        assert len(written) == 2


async def test_what_was_given_up_before_it_was_written_is_never_written(server: RedisServer) -> None:
    """Cancelled in the turn it was asked, and overdue before there was a connection."""
    async with wire_to(server.url) as wire, opened(wire.url) as link:
        await link.ask("first", ("PING",))
        cancelled = asyncio.ensure_future(link.ask("write", ("SET", "cancelled", 1)))
        kept = asyncio.ensure_future(link.ask("write", ("SET", "kept", 1)))
        await asyncio.sleep(0)  # they have asked; what they asked is written in the next turn
        cancelled.cancel()
        await kept
        wire.stall(commands=False)
        link.drop("connect anew")  # type: ignore[union-attr]
        overdue = link.ask("write", ("SET", "overdue", 1), deadline_seconds=0.05)
        patient = asyncio.ensure_future(link.ask("write", ("SET", "patient", 1), deadline_seconds=2))
        with pytest.raises(Unavailable, match="no answer in time"):
            await overdue
        wire.flow()
        await patient
        assert link.backlog == 0
        asked = [words[1] for passage in wire.passages for words in passage.asked if words[0] == b"SET"]
        assert asked == [b"kept", b"patient"]
        assert server.command("EXISTS", "cancelled", "overdue") == 0


async def test_a_write_is_sent_once_whatever_happens(server: RedisServer) -> None:
    """It was on its way when the connection broke: it fails and is not sent again, whether it had happened or not."""
    async with wire_to(server.url) as wire, opened(wire.url) as link:
        await link.ask("first", ("PING",))

        def cut_command(passage: Passage, words: Words) -> bool:
            passage.cut()
            return False

        def cut_reply(passage: Passage, value: bytes) -> bytes:
            passage.cut()
            return b""

        for fault, happened in (({"on_command": cut_command}, 0), ({"on_reply": cut_reply}, 1)):
            with pytest.MonkeyPatch.context() as during:
                during.setattr(wire, *fault.popitem())
                with pytest.raises(Unavailable):
                    await link.ask("write", ("INCR", "n"))
            await heals(link, "k")
            assert server.command("INCRBY", "n", 0) == happened
        sent = [words for passage in wire.passages for words in passage.asked if words[0] == b"INCR"]
        assert len(sent) == 2


async def test_a_read_is_sent_twice_at_most(server: RedisServer) -> None:
    """Once more after the first break, not after the second; a caller who has left is not asked for again."""
    async with wire_to(server.url) as wire, opened(wire.url) as link:
        await link.ask("write", ("SET", "k", "v"))
        breaks = 0

        def cut(passage: Passage, words: Words) -> bool:
            nonlocal breaks
            if words[0] != b"GET" or not breaks:
                return True
            breaks -= 1
            passage.cut()
            if words[1] == b"left":
                leaving.cancel()
            return False

        wire.on_command = cut
        breaks = 1
        assert await link.ask("read", ("GET", "k"), again=True) == [b"v"]
        breaks = 2
        with pytest.raises(Unavailable):
            await link.ask("read", ("GET", "k"), again=True)
        breaks = 1
        leaving = asyncio.ensure_future(link.ask("read", ("GET", "left"), again=True))
        with pytest.raises(asyncio.CancelledError):
            await leaving
        await heals(link, "healed")
        gets = [words[1] for passage in wire.passages for words in passage.asked if words[0] == b"GET"]
        assert gets == [b"k"] * 4 + [b"left"]


async def test_reads_that_are_sent_again_keep_their_order_and_their_answers(server: RedisServer) -> None:
    """A hundred in flight when the connection breaks, the first half of them answered."""
    async with wire_to(server.url) as wire, opened(wire.url) as link:
        await link.ask("write", *(("SET", f"k{number}", number) for number in range(100)))
        passed = 0

        def cut(passage: Passage, value: bytes) -> bytes:
            nonlocal passed
            passed += 1
            if passed != 51:
                return value
            passage.cut()
            return b""

        wire.on_reply = cut
        places: list[tuple[int, Any]] = []
        asked = [
            link.ask("read", ("GET", f"k{number}"), again=True, place=lambda index, reply, again: places.append(reply))
            for number in range(100)
        ]
        assert await asyncio.gather(*asked) == [[str(number).encode()] for number in range(100)]
        assert places == [str(number).encode() for number in range(100)]


# --- deadlines and bounds ----------------------------------------------------------------------------------------


async def test_a_redis_that_does_not_answer_costs_its_deadline_and_gets_each_write_once() -> None:
    """A black hole: the call ends within its deadline, and the write was sent a single time."""
    async with stub(pong) as server, opened(server.url, deadline_seconds=0.3) as link:
        await link.ask("first", ("PING",), deadline_seconds=5)
        server.answer = silence
        server.asked.clear()
        began = asyncio.get_running_loop().time()
        with pytest.raises(Unavailable):
            await link.ask("count", ("INCR", "visits"))
        assert asyncio.get_running_loop().time() - began < 1.0
        assert server.asked == [[b"INCR", b"visits"]]


async def test_each_call_has_a_deadline_of_its_own(server: RedisServer) -> None:
    """The hasty one fails, the patient one behind it is answered, and the late answer goes to nobody."""
    async with wire_to(server.url) as wire, opened(wire.url, deadline_seconds=5) as link:
        await link.ask("first", ("PING",))
        wire.stall()
        hasty = asyncio.ensure_future(link.ask("hasty", ("ECHO", "hasty"), deadline_seconds=0.05))
        patient = asyncio.ensure_future(link.ask("patient", ("ECHO", "patient")))
        with pytest.raises(Unavailable, match="hasty"):
            await hasty
        assert not patient.done()
        assert link.backlog == 2  # the place of the hasty one is kept for its answer
        wire.flow()
        assert await patient == [b"patient"]
        assert link.backlog == 0


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
async def test_a_call_may_be_asked_while_another_is_just_due(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """uvloop's handle of what is due this very moment is another one, which does not tell when."""

    async def ask_then() -> None:
        async with stub(silence) as server, opened(server.url, deadline_seconds=0.1) as link:
            first = asyncio.ensure_future(link.ask("first", ("PING",)))
            await asyncio.sleep(0)
            link._sweep_at(asyncio.get_running_loop().time())
            second = link._submit("second", [("PING",)], False, None, 0.1)  # in this very turn
            for asked in (first, second):
                with pytest.raises(Unavailable):
                    await asked

    def run() -> None:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(ask_then())

    await asyncio.to_thread(run)


async def test_a_connection_that_keeps_silent_is_replaced(server: RedisServer) -> None:
    """Two deadlines after it fell silent, not before, though its socket is open."""
    async with wire_to(server.url) as wire, opened(wire.url, deadline_seconds=0.2) as link:
        await link.ask("first", ("PING",))
        wire.stall()
        with pytest.raises(Unavailable):
            await link.ask("read", ("PING",))
        assert len(wire.passages) == 1
        await until(lambda: len(wire.passages) > 1, 1)
        wire.flow()
        await heals(link, "k")


async def test_past_its_bound_of_calls_a_call_is_refused_and_what_waited_is_answered() -> None:
    """The bound holds while Redis keeps silent; once it speaks there is room for as many again."""
    kept_back: list[bytes] = []
    async with stub(lambda words: kept_back.append(words[1])) as server, opened(server.url, max_backlog=50) as link:
        waiting = [asyncio.ensure_future(link.ask("echo", ("ECHO", number))) for number in range(50)]
        await asyncio.sleep(0)
        for _ in range(3):
            with pytest.raises(Overloaded, match="calls on the link to Redis"):
                await link.ask("one more", ("ECHO", "more"))
        await until(lambda: len(kept_back) == 50)
        assert b"more" not in kept_back
        server.say(b"".join(map(bulk, kept_back)))
        assert await asyncio.gather(*waiting) == [[str(number).encode()] for number in range(50)]
        server.answer = lambda words: bulk(words[1])
        assert link.backlog == 0
        answers = await asyncio.gather(*(link.ask("echo", ("ECHO", number)) for number in range(50)))
        assert answers == [[str(number).encode()] for number in range(50)]


async def test_past_its_bound_of_bytes_a_call_is_refused(server: RedisServer) -> None:
    """Many small ones fit where one large one does not; afterwards all room is free again."""
    async with wire_to(server.url) as wire, opened(wire.url, max_backlog_bytes=10_000) as link:
        await link.ask("first", ("PING",))
        wire.stall()
        for _ in range(20):
            first = asyncio.ensure_future(link.ask("echo", ("ECHO", b"x" * 6000)))
            await asyncio.sleep(0)
            with pytest.raises(Overloaded):
                await link.ask("echo", ("ECHO", b"y" * 6000))
            small = asyncio.ensure_future(link.ask("echo", ("ECHO", b"z" * 3000)))
            await asyncio.sleep(0)
            wire.flow()
            assert await asyncio.gather(first, small) == [[b"x" * 6000], [b"z" * 3000]]
            wire.stall()
        with pytest.raises(Overloaded):
            await link.ask("echo", ("ECHO", b"y" * 10_000))
        wire.flow()
        assert link._backlog_bytes == 0  # type: ignore[union-attr]


async def test_a_flood_during_an_outage_is_bounded_and_leaves_nothing_behind(server: RedisServer) -> None:
    """Twice as many calls as may wait, all of them cancelled or overdue in the end; then everything is answered."""
    async with wire_to(server.url) as wire, opened(wire.url, deadline_seconds=0.3) as link:
        await link.ask("first", ("PING",))
        wire.stall()
        flood = [asyncio.ensure_future(link.ask("read", ("GET", number), again=True)) for number in range(2 * BACKLOG)]
        await asyncio.sleep(0)
        for call in flood[::7]:
            call.cancel()
        outcomes = await asyncio.gather(*flood, return_exceptions=True)
        kinds = {kind: sum(type(outcome) is kind for outcome in outcomes) for kind in set(map(type, outcomes))}
        assert set(kinds) == {Unavailable, Overloaded, asyncio.CancelledError}
        assert kinds[Overloaded] >= BACKLOG * 6 // 7
        wire.flow()
        await heals(link, "k")
        await until(lambda: link.backlog == 0)
        assert link._backlog_bytes == 0  # type: ignore[union-attr]
        calls = [link.ask("echo", ("ECHO", number), deadline_seconds=10) for number in range(BACKLOG)]
        answers = await asyncio.gather(*calls)
        assert answers == [[str(number).encode()] for number in range(BACKLOG)]


# --- replies -----------------------------------------------------------------------------------------------------


async def test_an_error_reply_belongs_to_its_own_caller(server: RedisServer) -> None:
    """It is raised for the one who asked, and the reader lives on."""
    async with opened(server.url) as link:
        calls = [link.ask("call", ("ECHO", n)) if n % 2 else link.ask("call", ("NONSENSE", n)) for n in range(100)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        for number, outcome in enumerate(outcomes):
            if number % 2:
                assert outcome == [str(number).encode()]
            else:
                assert isinstance(outcome, ErrorReply)
                assert f"beginning with: '{number}'" in outcome.cause
        assert link.number == 1  # type: ignore[union-attr]


async def test_replies_are_placed_in_order_before_anything_behind_them_is_read(server: RedisServer) -> None:
    """The reader tells each reply where it stands; the caller, who may have left, hears of it later or never."""
    async with opened(server.url) as link:
        await link.ask("first", ("PING",))
        placed: list[tuple[int, Any, bool]] = []
        left = asyncio.ensure_future(
            link.ask("left", ("ECHO", "a"), ("ECHO", "b"), place=lambda *told: placed.append(told))
        )
        stayed = asyncio.ensure_future(link.ask("stayed", ("ECHO", "c"), place=lambda *told: placed.append(told)))
        for _ in range(2):  # they ask in one turn of the loop, and are written for in the next
            await asyncio.sleep(0)
        left.cancel()
        assert await stayed == [b"c"]
        assert placed == [(0, b"a", False), (1, b"b", False), (0, b"c", False)]


async def test_a_place_that_raises_ends_its_connection_and_not_the_reader(
    server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It is a bug, so it is logged; the link connects again."""

    def place(index: int, reply: Any, again: bool) -> None:
        raise RuntimeError("a bug")

    async with opened(server.url) as link:
        await link.ask("write", ("SET", "k", "v"))
        with pytest.raises(Unavailable, match="a bug"):
            await link.ask("read", ("GET", "k"), place=place)
        assert await link.ask("read", ("GET", "k")) == [b"v"]
    assert {record.getMessage() for record in caplog.records} == {
        "a reader of replies failed; its connection is closed"
    }
    caplog.clear()


async def test_a_script_that_redis_forgot_is_loaded_again(server: RedisServer) -> None:
    """`SCRIPT FLUSH` or a restarted Redis costs nothing but a second trip."""
    async with opened(server.url) as link:
        script = link.script("return ARGV[1]")
        assert await script("script", ["k"], ["a"]) == b"a"
        server.command("SCRIPT", "FLUSH")
        assert await script("script", ["k"], ["b"]) == b"b"


async def test_a_redis_that_became_a_replica_is_left(server: RedisServer) -> None:
    """A write that it refuses makes the link look for the master again, and the refusal is its caller's answer."""
    async with opened(server.url) as link:
        await link.ask("write", ("SET", "k", 1))
        server.command("REPLICAOF", "127.0.0.1", 1)
        with pytest.raises(ErrorReply, match="READONLY"):
            await link.ask("write", ("SET", "k", 2))
        server.command("REPLICAOF", "NO", "ONE")
        await heals(link, "k")
        assert link.number >= 2  # type: ignore[union-attr]


async def test_a_redis_that_is_loading_its_data_is_unavailable_until_it_has() -> None:
    """Its refusals say so, and are not hurried after one another."""
    loading = b"-LOADING Redis is loading the dataset in memory\r\n"
    async with stub(lambda words: loading) as server, opened(server.url) as link:
        calls = [link.ask("read", ("GET", number), again=True) for number in range(100)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {Unavailable}
        assert any("loading" in str(outcome) for outcome in outcomes)
        assert len(server.connected_at) <= 3
        server.answer = lambda words: OK
        await heals(link, "k")


async def test_by_resp2_everything_but_pushes_works(program: Path, tmp_path: Path) -> None:
    """A server that knows no HELLO: what callers get is the same, once hashes are read as mappings."""
    from cache.link import as_mapping  # noqa: PLC0415  # of no use to the other tests

    with RedisServer(program, tmp_path, {"rename-command HELLO": '""'}) as old:
        async with opened(old.url) as link:
            await link.ask("write", ("HSET", "h", "a", 1, "b", 2))
            fields, absent, nothing = await link.ask("read", ("HGETALL", "h"), ("HGETALL", "no"), ("GET", "no"))
            assert (as_mapping(fields), as_mapping(absent), nothing) == ({b"a": b"1", b"b": b"2"}, {}, None)
            with pytest.raises(ErrorReply, match="WRONGTYPE"):
                await link.ask("read", ("GET", "h"))
            assert await link.script("return {KEYS[1], ARGV[1]}")("script", ["k"], [1]) == [b"k", b"1"]


# --- the end -----------------------------------------------------------------------------------------------------


async def test_closing_fails_what_waits_and_what_is_asked_afterwards() -> None:
    """At once, as Unavailable; a second close is no mistake."""
    async with stub(silence) as server:
        link = Link(server.url)
        sent = asyncio.ensure_future(link.ask("sent", ("GET", "k"), again=True))
        await until(lambda: server.asked)
        unsent = asyncio.ensure_future(link.ask("unsent", ("INCR", "k")))
        await asyncio.sleep(0)
        await link.close()
        for call in (sent, unsent, link.ask("late", ("GET", "k"))):
            with pytest.raises(Unavailable, match="closed"):
                await call
        assert link.backlog == 0
        await link.close()
        assert len(server.connected_at) == 1


@pytest.mark.parametrize("turns", range(0, 24, 3))
async def test_a_link_closed_at_any_moment_leaves_no_task_and_no_transport(server: RedisServer, turns: int) -> None:
    """While connecting, while shaking hands, with calls in flight, at rest."""
    before = asyncio.all_tasks()
    link = Link(server.url)
    calls = [asyncio.ensure_future(link.ask("read", ("GET", "k"))) for _ in range(3)]
    for _ in range(turns):
        await asyncio.sleep(0)
    await link.close()
    await asyncio.gather(*calls, return_exceptions=True)
    assert asyncio.all_tasks() == before
    del link, calls
    gc.collect()  # an unclosed transport would be an error now


async def test_a_link_that_was_never_used_is_closed() -> None:
    """It opened nothing."""
    link = Link("redis://127.0.0.1:1")
    await link.close()
    with pytest.raises(Unavailable, match="closed"):
        await link.ask("read", ("PING",))


async def test_a_hangup_after_each_answer_costs_no_answer() -> None:
    """A server that says one thing per connection: every read still gets one, by being asked again."""
    said = 0

    def once(words: Words) -> bytes:
        nonlocal said
        said += 1
        if said % 2 == 0:
            raise Hangup
        return bulk(words[1])

    async with stub(once) as server, opened(server.url) as link:
        for number in range(6):
            assert await link.ask("read", ("GET", number), again=True) == [str(number).encode()]
