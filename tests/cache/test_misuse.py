"""What can never work is refused at once, by a sentence that names it, and nothing is sent to Redis."""

import datetime
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any, NamedTuple

import msgspec
import pytest
from cache_doubles import Board, Recorder

from cache import Cache, Misuse, open_cache
from deploy.local import RunningStore

pytestmark = pytest.mark.asyncio

Opens = Callable[[], AbstractAsyncContextManager[Cache]]

BAD_NAMES = [
    pytest.param("", id="empty"),
    pytest.param("a" * 513, id="too long"),
    pytest.param("é" * 257, id="too long in bytes"),
    pytest.param("a{b", id="opening brace"),
    pytest.param("a}b", id="closing brace"),
    pytest.param("\ud800", id="half a character"),
    pytest.param(b"ada", id="bytes"),
    pytest.param(7, id="number"),
    pytest.param(None, id="none"),
]


async def load(*_: Any) -> Board:
    return Board("a")


def calls_with_tag(cache: Cache, tag: Any) -> list[Callable[[], Any]]:
    """Every way to say whose something is."""
    region, records = cache.region("board", Board, ttl_seconds=30), cache.records("session")

    async def write(**how: Any) -> None:
        async with cache.write(tag, **how):
            pytest.fail("the block ran")

    async def look() -> None:
        await cache.look(region.lookup(tag))

    return [
        lambda: region.get(tag, load),
        lambda: region.get(tag, load, floor=7),
        lambda: region.get_many(["ada", tag], load),
        lambda: region.fill(tag, load),
        look,
        write,
        lambda: write(drop=[]),
        lambda: cache.invalidate(tag),
        lambda: cache.invalidate(tag, region),
        lambda: cache.invalidate_tag(tag),
        lambda: records.create(tag, "s", {}, lives_seconds=1, now=0, ends=9),
        lambda: records.change(tag, "s", {"a": "b"}),
        lambda: records.delete(tag, ["s"]),
        lambda: records.list(tag),
    ]


@pytest.mark.parametrize("tag", BAD_NAMES)
async def test_a_tag_that_cannot_be_part_of_a_key_is_refused_everywhere(
    hot: Opens, tag: Any, recorder: Recorder
) -> None:
    """Whatever is done with it: read, load, write, invalidate, or records."""
    async with hot() as cache:
        for call in calls_with_tag(cache, tag):
            with pytest.raises(Misuse, match=r"a tag must"):
                await call()
        assert recorder.calls == recorder.loads == []


@pytest.mark.parametrize("record_id", BAD_NAMES)
async def test_an_id_that_cannot_be_part_of_a_key_is_refused_everywhere(
    hot: Opens, record_id: Any, recorder: Recorder
) -> None:
    """To read, to create, to change, to delete."""
    async with hot() as cache:
        records = cache.records("session")
        for call in (
            lambda: records.create("ada", record_id, {}, lives_seconds=1, now=0, ends=9),
            lambda: records.change("ada", record_id, {"a": "b"}),
            lambda: records.delete("ada", ["s", record_id]),
        ):
            with pytest.raises(Misuse, match=r"a record id must"):
                await call()
        with pytest.raises(Misuse, match=r"a record id must"):
            records.lookup("ada", record_id)
        assert recorder.calls == []


@pytest.mark.parametrize("name", BAD_NAMES)
async def test_a_name_that_cannot_be_part_of_a_key_is_refused(
    stateless: Opens, redis_server: RunningStore, name: Any
) -> None:
    """Of a region, of a kind of records, of a process."""
    async with stateless() as cache:
        with pytest.raises(Misuse, match=r"a region must"):
            cache.region(name, Board, ttl_seconds=1)
        with pytest.raises(Misuse, match=r"a kind of records must"):
            cache.records(name)
    with pytest.raises(Misuse, match=r"a name must"):
        async with open_cache(redis_server.url, hot_bytes=1 << 20, name=name):
            pass


@pytest.mark.parametrize("prefix", ["{", "a}", "\ud800", "a" * 513, 7])
async def test_a_prefix_that_would_spoil_every_key_is_refused(redis_server: RunningStore, prefix: Any) -> None:
    """A brace in it would make one hash tag of all owners."""
    with pytest.raises(Misuse, match="a prefix must"):
        async with open_cache(redis_server.url, prefix=prefix):
            pass


async def test_the_longest_name_works(hot: Opens) -> None:
    """512 bytes, and whatever characters there are besides braces."""
    async with hot() as cache:
        region = cache.region("board", Board, ttl_seconds=30)
        for tag in ("é" * 256, "a b\r\n\0:*?[]", "{}"[:0] + "💌"):
            assert (await region.get(tag, load)).tier == "load"
            assert (await region.get(tag, load)).tier == "hot"


async def test_a_write_that_depends_on_a_record_without_a_name_is_refused(hot: Opens, recorder: Recorder) -> None:
    """An empty key is not the same as none: the write would go unguarded."""
    async with hot() as cache:
        with pytest.raises(Misuse, match="alive"):
            async with cache.write("ada", alive=""):
                pytest.fail("the block ran")
        assert recorder.calls == []


@pytest.mark.parametrize("value", [0, -1, -0.5, nan, inf])
@pytest.mark.parametrize("option", ["ttl_seconds", "load_seconds", "max_loads", "max_value_bytes", "schema"])
async def test_a_region_without_time_or_room_is_refused(stateless: Opens, option: str, value: float) -> None:
    """The message names the region, the option and what was given."""
    async with stateless() as cache:
        with pytest.raises(Misuse, match=rf"region 'board': {option} must be .*, got {value}"):
            cache.region("board", Board, **{"ttl_seconds": 1, option: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [-1, -0.5, nan, inf])
@pytest.mark.parametrize("option", ["refresh_seconds", "stale_on_error_seconds"])
async def test_a_region_that_answers_late_values_for_no_time_is_refused(
    stateless: Opens, option: str, value: float
) -> None:
    """0 turns it off."""
    async with stateless() as cache:
        cache.region("board", Board, ttl_seconds=1, **{option: 0})  # type: ignore[arg-type]
        with pytest.raises(Misuse, match=rf"region 'board': {option} must .*, got {value}"):
            cache.region("board", Board, ttl_seconds=1, **{option: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, -1, nan, inf])
@pytest.mark.parametrize("option", ["staleness_seconds", "barrier_seconds", "deadline_seconds", "naive_seconds"])
async def test_a_cache_without_time_is_refused(redis_server: RunningStore, option: str, value: float) -> None:
    """The message names the option and what was given."""
    with pytest.raises(Misuse, match=rf"{option} must be .*, got {value}"):
        async with open_cache(redis_server.url, hot_bytes=1 << 20, **{option: value}):  # type: ignore[arg-type]
            pass


@pytest.mark.parametrize(
    ("option", "value"), [("hot_bytes", -1), ("hot_bytes", nan), ("outage_seconds", -1), ("outage_seconds", nan)]
)
async def test_a_cache_with_less_than_nothing_is_refused(redis_server: RunningStore, option: str, value: float) -> None:
    """0 turns it off."""
    with pytest.raises(Misuse, match=rf"{option} must not be negative, got {value}"):
        async with open_cache(redis_server.url, **{option: value}):  # type: ignore[arg-type]
            pass


@pytest.mark.parametrize("value", [nan, inf, -inf])
async def test_a_record_that_lives_for_no_number_of_seconds_is_refused(
    hot: Opens, recorder: Recorder, value: float
) -> None:
    """Nothing is sent. (No time left is a number: such a record is over at once.)"""
    async with hot() as cache:
        records = cache.records("session")
        with pytest.raises(Misuse, match=f"lives_seconds must be a number of seconds, got {value}"):
            await records.create("ada", "s", {}, lives_seconds=value, now=0, ends=9)
        with pytest.raises(Misuse, match=f"lives_seconds must be a number of seconds, got {value}"):
            await records.change("ada", "s", {}, lives_seconds=value)
        with pytest.raises(Misuse, match="ends - now must be a number of seconds"):
            await records.create("ada", "s", {}, lives_seconds=1, now=0, ends=value)
        assert recorder.calls == []


@pytest.mark.parametrize("fields", [{"id": "x"}, {"version": "7"}, {"a": "\ud800"}, {"\ud800": "a"}, {"a": None}])
async def test_fields_that_a_record_cannot_carry_are_refused(hot: Opens, fields: Any) -> None:
    """Those that it writes itself, and what is no text."""
    async with hot() as cache:
        records = cache.records("session")
        with pytest.raises(Misuse):
            await records.create("ada", "s", fields, lives_seconds=1, now=0, ends=9)
        with pytest.raises(Misuse):
            await records.change("ada", "s", fields)
        assert await records.list("ada") == []


@pytest.mark.parametrize("value", [object(), 2**70, "\ud800", datetime.UTC])
async def test_a_value_that_cannot_be_encoded_is_an_error_for_who_loads_it(
    hot: Opens, recorder: Recorder, value: Any
) -> None:
    """It names the region; nothing is stored or kept, and nobody has to wait for the load's lease."""
    async with hot() as cache:
        region = cache.region("odd", str, ttl_seconds=5)

        async def odd() -> str:
            return value  # type: ignore[no-any-return]

        with pytest.raises(Misuse, match=r"region 'odd': this value cannot be stored"):
            await region.get("ada", odd)
        assert await cache.link.ask("read", ("EXISTS", region.key("ada"), f"{region.key('ada')}:lease")) == [0]
        assert len(cache.hot) == 0


class Unfrozen(msgspec.Struct):
    """Its fields can be set."""

    text: str


class HoldsList(msgspec.Struct, frozen=True):
    """Frozen, but for what it holds."""

    texts: list[str]


class HoldsUnfrozen(msgspec.Struct, frozen=True):
    """The same, one level down."""

    inner: tuple[Unfrozen, ...]


class HoldsAnything(msgspec.Struct, frozen=True):
    """Nobody knows what it holds."""

    thing: Any


class Recursive(msgspec.Struct, frozen=True):
    """Of itself, which is fine, and of what can be changed."""

    inner: "Recursive | None" = None
    thing: "dict[str, int] | None" = None


class NamedList(NamedTuple):
    """A tuple whose parts can be changed."""

    texts: list[str]


@dataclass
class UnfrozenData:
    """Its fields can be set."""

    text: str


@dataclass(frozen=True)
class HoldsDict:
    """Frozen, but for what it holds."""

    numbers: dict[str, int] = field(default_factory=dict)


CHANGEABLE: list[Any] = [
    list,
    list[int],
    dict,
    dict[str, int],
    set,
    set[int],
    bytearray,
    tuple,
    tuple[list[int], ...],
    tuple[int, dict[str, int]],
    int | list[int],
    Any,
    object,
    tuple[Any, ...],
    Mapping[str, int],
    Unfrozen,
    HoldsList,
    HoldsUnfrozen,
    HoldsAnything,
    Recursive,
    NamedList,
    UnfrozenData,
    HoldsDict,
    None,
    int | None,
]


@pytest.mark.parametrize("value_type", CHANGEABLE, ids=str)
async def test_a_type_whose_values_could_be_changed_or_be_none_is_refused(stateless: Opens, value_type: Any) -> None:
    """All who are answered share one value; and None would be taken for nothing at all."""
    async with stateless() as cache:
        with pytest.raises(Misuse, match="values of"):
            cache.region("board", value_type, ttl_seconds=1)


class Frozen(msgspec.Struct, frozen=True):
    """Frozen all through."""

    texts: tuple[str, ...]
    maybe: "Frozen | None" = None
    when: datetime.datetime | None = None
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FrozenData:
    """Frozen all through."""

    inner: Frozen


class NamedNumbers(NamedTuple):
    """Nothing in it can be changed."""

    number: int


@pytest.mark.parametrize(
    "value_type",
    [int, str, bytes, float, bool, Frozen, FrozenData, NamedNumbers, tuple[int, ...], frozenset[str], int | str],
    ids=str,
)
async def test_a_type_whose_values_cannot_be_changed_is_taken(stateless: Opens, value_type: Any) -> None:
    """As deep as it goes, itself included."""
    async with stateless() as cache:
        cache.region("board", value_type, ttl_seconds=1)
