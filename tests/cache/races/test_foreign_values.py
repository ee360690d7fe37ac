"""What others put under a value's key: garbage, too much, another key's value, another release's: each is a miss."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from cache_races import HOT, STATELESS, Fleet, Process, must, race, without
from quiet_log import Expects

from cache.codec import Codec, Envelope

pytestmark = pytest.mark.asyncio

CANNOT_BE_USED = "what Redis holds for region 'board' cannot be used"
OF_A_RECORD = "what Redis holds for records 'session' cannot be used"
CONNECTION_CLOSED = "hot copies are not trusted (lost)"
MAX_BYTES = 200


class AnyKey(str):
    """A key that is every other one."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


def believe_any_key(patch: pytest.MonkeyPatch) -> None:
    """A value is taken for whatever was asked for, whichever key it names."""
    opened = Codec.open

    def open_any(codec: Codec[Any], data: bytes) -> Envelope | None:
        envelope = opened(codec, data)
        return None if envelope is None else msgspec.structs.replace(envelope, key=AnyKey(envelope.key))

    patch.setattr(Codec, "open", open_any)


def take_any_size(patch: pytest.MonkeyPatch) -> None:
    """No value is too large."""
    patch.setattr("cache.values.len", lambda value: 0, raising=False)


def put(value: bytes) -> Callable[[Fleet, str], None]:
    """Bytes that are no value."""
    return lambda fleet, key: fleet.foreign.set(key, value) and None


def put_list(fleet: Fleet, key: str) -> None:
    """A key of another type."""
    fleet.foreign.rpush(key, b"one", b"two")


def put_truncated(fleet: Fleet, key: str) -> None:
    """A value whose end is missing."""
    fleet.foreign.set(key, fleet.encoded(3, tag_of(key))[:-1], px=30_000)


def put_other_shape(fleet: Fleet, key: str) -> None:
    """A value of another type in a proper envelope."""
    fleet.foreign.set(key, Codec(str).encode(key, "not a number", 30_000), px=30_000)


def put_dead(fleet: Fleet, key: str) -> None:
    """A value that says that its life was over when it was stored."""
    fleet.foreign.set(key, Codec(int).encode(key, 3, 0), px=30_000)


def put_too_large(fleet: Fleet, key: str) -> None:
    """A proper value of more bytes than the region takes."""
    whole = Envelope(key, bytes(MAX_BYTES), 30_000, msgspec.Raw(msgspec.msgpack.encode(3)))
    fleet.foreign.set(key, msgspec.msgpack.encode(whole), px=30_000)


def tag_of(key: str) -> str:
    return key.partition("{")[2].rstrip("}")


GARBAGE = pytest.mark.parametrize(
    ("put_there", "reason"),
    [
        pytest.param(put(b"\xff garbage"), "garbage", id="garbage"),
        pytest.param(put(b""), "garbage", id="nothing at all"),
        pytest.param(put(b"3"), "garbage", id="a number"),
        pytest.param(put_list, "garbage", id="a list"),
        pytest.param(put_truncated, "garbage", id="truncated"),
        pytest.param(put_other_shape, "garbage", id="another shape"),
        pytest.param(put_dead, "garbage", id="no life"),
        pytest.param(put_too_large, "too_large", id="too large"),
    ],
)


@GARBAGE
@race(HOT, STATELESS)
async def test_garbage_in_redis_is_a_miss_counted_logged_once_and_overwritten(
    fleet: Fleet,
    put_there: Callable[[Fleet, str], None],
    reason: str,
    expects: Expects,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """For two owners, each read by two processes: every one of them is answered the truth, and one log line is written.

    (The naive cache reads through the same code.)
    """
    expects(CANNOT_BE_USED)
    process, other = [await fleet.process(board={"max_value_bytes": MAX_BYTES}) for _ in range(2)]
    for tag in ("ada", "bob"):
        fleet.truth[tag] = 1
        put_there(fleet, process.board.key(tag))
        answer = await process.board.get(tag, fleet.load(tag))
        must((answer.value, answer.tier) == (1, "load"), f"answered {answer}")
        assert fleet.stored(tag) == 1, "it was not overwritten"
        assert (await fleet.read(other, tag), fleet.loads) == (1, 1)
        fleet.loads = 0
    assert set(process.told.garbage) == {("board", reason)}
    assert [record.levelno for record in caplog.get_records("call")].count(logging.WARNING) == 1


@race(HOT, STATELESS)
async def test_a_value_too_large_to_store_is_answered_and_not_stored(fleet: Fleet, expects: Expects) -> None:
    """Each time it is asked for it is loaded; it is counted each time, and its load's lease is given back."""
    expects(CANNOT_BE_USED)
    process = await fleet.process()
    region = process.cache.region("board", str, ttl_seconds=30, schema=2, max_value_bytes=MAX_BYTES)

    async def load() -> str:
        return "x" * MAX_BYTES

    for _ in range(2):
        answer = await region.get("ada", load)
        assert (len(answer.value), answer.tier) == (MAX_BYTES, "load")
    assert fleet.foreign.keys("board:*") == []
    assert process.told.garbage == [("board", "too_large")] * 2


@race(HOT, STATELESS)
async def test_a_value_too_large_for_memory_is_kept_in_redis_only(fleet: Fleet) -> None:
    """A copy may fill a sixteenth of the budget."""
    process = await fleet.process()
    region = process.cache.region("board", str, ttl_seconds=30, schema=2)

    async def load() -> str:
        return "x" * 100_000

    tiers = [(await region.get("ada", load)).tier for _ in range(3)]
    assert tiers == ["load", "redis", "redis"]
    assert set(process.told.evictions) <= {("board", "too_large")}


NAMES_NOTHING = [without("naming the key", believe_any_key, base) for base in (HOT, STATELESS)]


@race(HOT, STATELESS, *NAMES_NOTHING)
async def test_another_users_value_is_never_answered(fleet: Fleet, expects: Expects) -> None:
    """A copy under another key, or a reply to another question: it names its own key, and is no answer (P6)."""
    expects(CANNOT_BE_USED)
    expects(CONNECTION_CLOSED)
    process = await fleet.process()
    fleet.truth.update(ada=1, bob=2)
    fleet.store(2, "bob")
    fleet.foreign.copy(process.board.key("bob"), process.board.key("ada"))
    for _ in range(3):
        must(await fleet.read(process, "ada") == 1, "ada was answered bob's value")
        must(await fleet.read(process, "bob") == 2, "bob was answered another value")


@race(HOT, STATELESS)
async def test_a_value_of_another_key_closes_the_connection_once_and_is_overwritten(
    fleet: Fleet, expects: Expects
) -> None:
    """The stream may be out of step, so it is given up; the same on a new one is garbage like any other."""
    expects(CANNOT_BE_USED)
    expects(CONNECTION_CLOSED)
    process = await fleet.process()
    fleet.truth.update(ada=1, bob=2)
    fleet.store(2, "bob")
    fleet.foreign.copy(process.board.key("bob"), process.board.key("ada"))
    number = await connection_of(process)
    answer = await process.board.get("ada", fleet.load("ada"))
    assert (answer.value, answer.tier) == (1, "load")
    assert await connection_of(process) == number + 1
    assert set(process.told.garbage) == {("board", "foreign")}
    assert fleet.stored("ada") == 1, "it was not overwritten"
    await heal(process)
    assert await fleet.read(process, "ada") == 1
    assert await connection_of(process) == number + 1


async def connection_of(process: Process) -> int:
    """The number of the connection that values are read over."""
    link: Any = process.hot.tracked if process.cache.hot.max_bytes else process.cache.link
    await link.ask("read", ("PING",), again=True)
    number: int = link.number
    return number


async def heal(process: Process) -> None:
    """Until copies are trusted again, where any are kept."""
    assert process.cache.hot.max_bytes == 0 or await process.cache.trusted(5)


@race(HOT, STATELESS)
async def test_values_of_other_keys_found_by_several_callers_at_once_fail_none_of_them(
    fleet: Fleet, expects: Expects
) -> None:
    """Each of them is asked again on a new connection, whoever found the first one."""
    expects(CANNOT_BE_USED)
    expects(CONNECTION_CLOSED)
    process = await fleet.process()
    fleet.store(9, "bob")
    for n in range(5):
        fleet.foreign.copy(process.board.key("bob"), process.board.key(f"user{n}"))
    answers = await asyncio.gather(*(fleet.read(process, f"user{n}") for n in range(5)))
    assert answers == [0] * 5


@race(HOT, STATELESS)
async def test_a_record_of_another_id_is_not_answered(fleet: Fleet, expects: Expects) -> None:
    """A session under another session's key is nobody's."""
    expects(OF_A_RECORD)
    expects(CONNECTION_CLOSED)
    process = await fleet.process()
    await process.sign_in()
    fleet.foreign.copy(process.sessions.key("ada", "s"), process.sessions.key("ada", "t:s"))
    [answer] = await process.cache.look(process.sessions.lookup("ada", "t:s"))
    assert answer is None


@race(HOT, STATELESS)
async def test_a_record_of_another_id_does_not_close_a_connection_each_time_it_is_asked_for(
    fleet: Fleet, expects: Expects
) -> None:
    """Nobody overwrites it, so one such key would keep a process from ever keeping copies again."""
    expects(OF_A_RECORD)
    expects(CONNECTION_CLOSED)
    process = await fleet.process()
    await process.sign_in()
    fleet.foreign.copy(process.sessions.key("ada", "s"), process.sessions.key("ada", "t"))
    number = await connection_of(process)
    for _ in range(3):
        [answer] = await process.cache.look(process.sessions.lookup("ada", "t"))
        assert answer is None
        await heal(process)
    assert await connection_of(process) == number + 1
    assert process.told.garbage == [("session", "foreign")] * 4, "twice at the first look"


@pytest.mark.parametrize("kind", ["a list", "bytes"])
@race(HOT, STATELESS)
async def test_a_record_that_is_no_hash_or_no_text_is_none(fleet: Fleet, kind: str) -> None:
    """It is not answered, and a write that depends on its being one fails without harm."""
    process = await fleet.process()
    key = process.sessions.key("ada", "s")
    if kind == "a list":
        fleet.foreign.rpush(key, "x")
    else:
        fleet.foreign.hset(key, b"\xff", b"\xff")
    for _ in range(2):
        assert await process.session() is None


@race(HOT, STATELESS)
async def test_a_version_that_is_no_number_harms_nobody_but_its_owner(fleet: Fleet, expects: Expects) -> None:
    """Somebody wrote over ada's counter: bob is answered as ever, over the same connection."""
    expects(CONNECTION_CLOSED)
    process = await fleet.process()
    fleet.store(7, "bob")
    fleet.foreign.set("v:{ada}", "garbage")
    number = await connection_of(process)
    for _ in range(3):
        [bob, _] = await asyncio.gather(fleet.read(process, "bob"), fleet.read(process, "ada"), return_exceptions=True)
        assert bob == 7
        await heal(process)
    assert await connection_of(process) <= number + 1


class Older(msgspec.Struct, frozen=True):
    """What a release knew."""

    text: str


class Newer(msgspec.Struct, frozen=True):
    """What the next one knows, with a default for what the older one does not write."""

    text: str
    likes: int = 0


class Incompatible(msgspec.Struct, frozen=True):
    """One that has nothing in common with them."""

    likes: int


def loads(value: Any) -> Any:
    async def load() -> Any:
        return value

    return load


@race(HOT, STATELESS)
async def test_an_older_and_a_newer_release_read_each_others_values(fleet: Fleet) -> None:
    """Unknown fields are passed over, missing ones have their defaults."""
    one, two = await fleet.process(), await fleet.process()
    older = one.cache.region("card", Older, ttl_seconds=30)
    newer = two.cache.region("card", Newer, ttl_seconds=30)
    await older.get("ada", loads(Older("hello")))
    await newer.get("bob", loads(Newer("hi", likes=3)))
    ada, bob = await newer.get("ada", loads(None)), await older.get("bob", loads(None))
    assert (ada.value, ada.tier) == (Newer("hello", 0), "redis")
    assert (bob.value, bob.tier) == (Older("hi"), "redis")


@race(HOT, STATELESS)
async def test_releases_that_do_not_fit_load_their_own_and_answer_nothing_of_the_other(
    fleet: Fleet, expects: Expects
) -> None:
    """They overwrite each other's values; that costs loads, and nothing else."""
    expects("what Redis holds for region 'card' cannot be used")
    one, two = await fleet.process(), await fleet.process()
    older = one.cache.region("card", Older, ttl_seconds=30)
    newer = two.cache.region("card", Incompatible, ttl_seconds=30)
    for _ in range(2):
        assert (await older.get("ada", loads(Older("hello")))).value == Older("hello")
        await fleet.told_all()
        assert (await newer.get("ada", loads(Incompatible(3)))).value == Incompatible(3)
        await fleet.told_all()
    for process in (one, two):
        assert set(process.told.garbage) == {("card", "garbage")}


@race(HOT, STATELESS)
async def test_another_schema_has_keys_of_its_own(fleet: Fleet) -> None:
    """A release whose type does not fit raises it, and then neither sees the other's values."""
    one, two = await fleet.process(), await fleet.process()
    older = one.cache.region("card", Older, ttl_seconds=30, schema=1)
    newer = two.cache.region("card", Incompatible, ttl_seconds=30, schema=2)
    await older.get("ada", loads(Older("hello")))
    assert (await newer.get("ada", loads(Incompatible(3)))).tier == "load"
    assert (await older.get("ada", loads(Older("again")))).value == Older("hello")
    assert one.told.garbage == two.told.garbage == []
