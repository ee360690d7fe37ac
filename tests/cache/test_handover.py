"""Handover: what is written of a cache, what its successor begins with, and where both end."""

import asyncio
import gc
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cache_doubles import Board, Recorder
from cache_races import until
from door import door_to
from figures import Figures
from quiet_log import Expects
from redis import Redis
from redis_servers import locked_server

from cache import Cache, Misuse, NullObserver, Preloaded, Region, open_cache
from cache.hot_tiers import HotTiers
from cache.manifest import FORMAT, Manifest, Name, names_in
from deploy.local import Programs, RunningStore

pytestmark = pytest.mark.asyncio

Opens = Callable[..., AbstractAsyncContextManager["Process"]]

MANIFEST = "manifest:web-1"
HOT_BYTES = 16 << 20


class Process:
    """One process's cache, a region and a kind of records in it."""

    def __init__(self, cache: Cache, told: Recorder) -> None:
        self.cache = cache
        self.told = told
        self.boards: Region[Board] = cache.region("board", Board, ttl_seconds=600)
        self.sessions = cache.records("session")
        self.loads = 0

    async def read(self, tag: str) -> str:
        """Reads the owner's board; the tier that had it."""
        return (await self.boards.get(tag, lambda: self.load("board", tag))).tier

    async def load(self, region: str, tag: str) -> Board:
        self.loads += 1
        return Board(f"{region} of {tag}")

    async def preload(self, **how: Any) -> Preloaded:
        return await self.cache.preload("web-1", **{"seconds": 30.0, **how})

    def order(self) -> list[str]:
        """The keys it holds, hottest first."""
        return [key for key, _ in self.cache.hot.hottest()]


@pytest.fixture
def opens(redis_server: RunningStore) -> Opens:
    """Opens the cache of one process, as trusted as it will be."""

    @asynccontextmanager
    async def opened(url: str = redis_server.url, *, trusted: bool = True, **how: Any) -> AsyncIterator[Process]:
        told = Recorder()
        # Deadlines and leases are not what most of this is about, and machines may be slow.
        options = {"hot_bytes": HOT_BYTES, "deadline_seconds": 5.0, "staleness_seconds": 30.0, "observer": told, **how}
        async with open_cache(url, **options) as cache:
            if trusted and options["hot_bytes"] and "naive_seconds" not in how:
                assert await cache.trusted(5), cache.state()
            yield Process(cache, told)

    return opened


@pytest.fixture
def foreign(redis_server: RunningStore) -> Any:
    """Another client of the same Redis."""
    with Redis.from_url(redis_server.url) as client:
        client.flushall()
        yield client


# --- what is written -------------------------------------------------------------------------------------------------


async def test_a_manifest_holds_names_and_no_values(opens: Opens, foreign: Any) -> None:
    """Of regions and of records, hottest first; it ends by itself."""
    async with opens() as process:
        await process.sessions.create("ada", "5e55", {"secret": "mallory"}, lives_seconds=60, now=0.0, ends=60.0)
        for tag in ("ada", "bob", "ada"):
            await process.read(tag)
        await process.cache.look(process.sessions.lookup("ada", "5e55"))
        assert await process.cache.write_manifest("web-1", ttl_seconds=50) == 3
    data = foreign.get(MANIFEST)
    assert names_in(data, most_names=9) == [
        Name("board", "ada"),
        Name("session", "ada", "5e55"),
        Name("board", "bob"),
    ]
    assert b"mallory" not in data
    assert b"board of" not in data
    assert 0 < foreign.pttl(MANIFEST) <= 50_000


async def test_a_manifest_has_bounds_in_names_and_bytes(opens: Opens, foreign: Any) -> None:
    """What does not fit is the coldest."""
    async with opens() as process:
        for number in range(2500):
            await process.read(f"user{number}")
        assert await process.cache.write_manifest("web-1") == 2500
        assert await process.cache.write_manifest("web-1", most_names=2100) == 2100
        names = names_in(foreign.get(MANIFEST), most_names=9999)
        assert [name.tag for name in names] == [f"user{number}" for number in range(2499, 399, -1)]
        few = await process.cache.write_manifest("web-1", most_bytes=500)
        assert 450 < foreign.strlen(MANIFEST) <= 500
        assert names_in(foreign.get(MANIFEST), most_names=9999) == names[:few]


async def test_an_empty_cache_leaves_the_former_manifest(opens: Opens, foreign: Any) -> None:
    """A process that was told to leave before anybody came knows nothing better."""
    foreign.set(MANIFEST, "former")
    async with opens() as process:
        assert await process.cache.write_manifest("web-1") == 0
    assert foreign.get(MANIFEST) == b"former"


async def test_writing_lets_others_run(opens: Opens, figures: Figures, monkeypatch: pytest.MonkeyPatch) -> None:
    """However much is held; the longest turn of the event loop is printed."""
    async with opens(hot_bytes=256 << 20) as process:
        fill(process, 200_000)
        turns: list[float] = []
        before_it_is_sent: list[float] = []
        ask = process.cache.link.ask

        async def asked(operation: str, *commands: Any, **how: Any) -> Any:
            if operation == "handover":
                before_it_is_sent.extend(turns)
            return await ask(operation, *commands, **how)

        async def watch() -> None:
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0)
                turns.append(time.perf_counter() - before)

        monkeypatch.setattr(process.cache.link, "ask", asked)
        watching = asyncio.create_task(watch())
        assert await process.cache.write_manifest("web-1") == 20_000
        watching.cancel()
        assert len(before_it_is_sent) >= 15
        figures(f"longest turn {max(before_it_is_sent) * 1000:.1f} ms, of {len(process.cache.hot):,} copies")


def fill(process: Process, number: int) -> None:
    """Puts so many copies into the cache by hand: they are looked at, not answered."""
    source = process.boards.lookup("any").source
    codec = source._codec  # type: ignore[attr-defined]
    for n in range(number):
        key = process.boards.key(f"user{n}")
        entry = source.entry(f"user{n}", key, codec.encode(key, Board("x"), 60_000), version=0, left_ms=-1, now=0.0)
        assert entry is not None
        entry.expires_at = float("inf")
        process.cache.hot.put(key, entry)


# --- what is read ----------------------------------------------------------------------------------------------------


async def test_a_successor_begins_warm_and_is_told_of_changes(opens: Opens, foreign: Any) -> None:
    """The first question is answered hot, without Redis; a foreign change after it drops the copy, labels hold."""
    async with opens() as old:
        await old.sessions.create("ada", "5e55", {"theme": "dark"}, lives_seconds=60, now=0.0, ends=60.0)
        await old.read("ada")
        await old.cache.look(old.sessions.lookup("ada", "5e55"))
        await old.cache.write_manifest("web-1")
    async with opens() as new:
        preloaded = await new.preload()
        assert (preloaded.asked, preloaded.kept, preloaded.loaded, preloaded.ended) == (2, 2, 0, "done")
        assert new.told.lookups == []
        new.told.clear()
        floor = int(foreign.get("v:{ada}"))
        session, board = await new.cache.look(
            new.sessions.lookup("ada", "5e55", floor=floor), new.boards.lookup("ada", floor=floor)
        )
        assert session is not None
        assert board is not None
        assert (session.value["theme"], session.tier) == ("dark", "hot")
        assert (board.value, board.tier) == (Board("board of ada"), "hot")
        assert new.told.calls == []
        foreign.hset(new.sessions.key("ada", "5e55"), "theme", "light")
        foreign.delete(new.boards.key("ada"))
        await until(lambda: len(new.cache.hot) == 0)
        assert sorted(new.told.invalidations) == [("board", "push"), ("session", "push")]


async def test_what_was_hottest_is_hottest_again(opens: Opens) -> None:
    """In the old order as a whole, of whatever mixture of uses it came."""
    rng = random.Random(3)
    async with opens() as old, opens() as new:
        for _ in range(3000):
            await old.read(f"user{int(rng.paretovariate(0.4))}")
        await old.cache.write_manifest("web-1")
        preloaded = await new.preload()
        assert (preloaded.ended, preloaded.kept) == ("done", len(old.cache.hot))
        assert new.order() == old.order()


async def test_a_full_cache_is_handed_over_from_its_top(opens: Opens, figures: Figures) -> None:
    """It evicts nothing for the sake of a colder key, and stays within its share; the order is the old one."""
    rng = random.Random(5)
    async with opens(hot_bytes=1 << 18) as old, opens(hot_bytes=1 << 18) as new:
        for _ in range(3000):
            await old.read(f"user{int(rng.paretovariate(0.4))}")
        assert ("board", "capacity") in old.told.evictions
        await old.cache.write_manifest("web-1")
        preloaded = await new.preload(share=0.5)
        order = new.order()
        assert preloaded.ended == "bytes"
        assert preloaded.kept == len(order)
        assert order == old.order()[: len(order)]
        assert 0.49 * (1 << 18) < new.cache.hot.bytes <= 0.5 * (1 << 18)
        assert new.told.evictions == []
        figures(f"{len(order)} of {len(old.cache.hot)} copies, in the old order")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"hotseat",
        b"\x93\x01\x91",
        msgspec.msgpack.encode((FORMAT, ["board"], [(0, "ada")])),
        msgspec.msgpack.encode((FORMAT, ["board"], [("board", "ada", "")])),
        msgspec.msgpack.encode((FORMAT + 1, "anything")),
        msgspec.msgpack.encode((FORMAT, [b"\xff"], [])),
        msgspec.msgpack.encode((FORMAT, ["board"], [(0, "ada", "x" * (1 << 20))])),
        msgspec.msgpack.encode((FORMAT, ["board"], [(0, "a}b", ""), (0, "", ""), (7, "ada", ""), (-1, "ada", "")])),
        msgspec.msgpack.encode((FORMAT, ["other", "session", "board"], [(0, "a", ""), (1, "a", ""), (2, "a", "b")])),
    ],
)
async def test_a_manifest_of_no_use_is_none(
    opens: Opens, foreign: Any, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Garbage, another format, too large, names that cannot be: it begins cold, and says so at most once."""
    caplog.set_level(logging.INFO, "cache.handover")
    foreign.set(MANIFEST, data)
    async with opens() as process:
        preloaded = await process.preload()
        assert (preloaded.asked, preloaded.kept, preloaded.ended) == (0, 0, "no manifest")
    assert len([record for record in caplog.records if record.name == "cache.handover"]) <= 1


async def test_a_manifest_too_large_is_told_from_garbage(
    opens: Opens, foreign: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """No more of it is read than it takes to see that."""
    caplog.set_level(logging.INFO, "cache.handover")
    foreign.set(MANIFEST, b"x" * ((1 << 20) + 1))
    async with opens() as process:
        assert (await process.preload()).ended == "no manifest"
    assert "the manifest manifest:web-1 is not used: it is too large" in caplog.messages


async def test_a_manifest_that_is_no_string_is_none(opens: Opens, foreign: Any) -> None:
    """Somebody else's list under that key."""
    foreign.rpush(MANIFEST, "a")
    async with opens() as process:
        assert (await process.preload()).ended == "no manifest"
    foreign.delete(MANIFEST)


async def test_names_of_another_release_are_passed_over(opens: Opens, foreign: Any) -> None:
    """What this process knows of it is preloaded, each name once."""
    async with opens() as old:
        await old.read("ada")
    names = [(0, "ada", ""), (1, "ada", ""), (1, "ada", ""), (1, "b}", ""), (1, "nobody", "")]
    foreign.set(MANIFEST, msgspec.msgpack.encode((FORMAT, ["later", "board"], names)))
    async with opens() as new:
        preloaded = await new.preload()
        assert (preloaded.asked, preloaded.kept, preloaded.ended) == (2, 1, "done")


async def test_what_does_not_belong_to_a_name_is_not_kept(opens: Opens, foreign: Any) -> None:
    """A foreign value costs a connection, once; the rest is read again over the next one. Garbage is passed over."""
    async with opens() as old:
        for tag in ("ada", "bob", "eve", "joe"):
            await old.read(tag)
        await old.cache.write_manifest("web-1")
        foreign.set(old.boards.key("ada"), foreign.get(old.boards.key("bob")), keepttl=True)
        foreign.set(old.boards.key("eve"), "garbage")
    async with opens() as new:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("cache.values._log.warning", lambda *said: None)
            patch.setattr("cache.lease._log.warning", lambda *said: None)
            patch.setattr("cache.link._log.warning", lambda *said: None)
            preloaded = await new.preload()
        assert (preloaded.asked, preloaded.kept, preloaded.ended) == (4, 2, "done")
        assert new.order() == [new.boards.key("joe"), new.boards.key("bob")]


@pytest.mark.parametrize("how", [{"hot_bytes": 0}, {"naive_seconds": 30.0}], ids=["stateless", "naive"])
async def test_without_copies_that_are_told_of_nothing_is_handed_over(
    opens: Opens, foreign: Any, how: dict[str, Any]
) -> None:
    """Neither written nor read: the control begins cold, as it would anywhere."""
    async with opens() as old:
        await old.read("ada")
        await old.cache.write_manifest("web-1")
    written = foreign.get(MANIFEST)
    async with opens(**how) as process:
        await process.read("bob")
        assert await process.cache.write_manifest("web-1") == 0
        assert await process.preload() == Preloaded(0, 0, 0, 0.0, "off")
        assert process.boards.key("ada") not in process.order()
    assert foreign.get(MANIFEST) == written


async def test_limits_that_would_let_nothing_through_are_refused(opens: Opens) -> None:
    """And a slot that cannot be part of a key."""
    async with opens() as process:
        for wrong in ({"seconds": 0.0}, {"seconds": float("nan")}, {"share": 0.0}, {"share": 1.1}, {"loads": -1}):
            with pytest.raises(Misuse):
                await process.preload(**wrong)
        for wrong in ({"most_names": 0}, {"most_bytes": 0}, {"ttl_seconds": float("nan")}):
            with pytest.raises(Misuse):
                await process.cache.write_manifest("web-1", **wrong)  # type: ignore[arg-type]
        with pytest.raises(Misuse, match="a slot"):
            await process.cache.preload("web{1}")


# --- what is loaded --------------------------------------------------------------------------------------------------


async def test_what_redis_holds_no_more_is_loaded_hottest_first(opens: Opens, foreign: Any) -> None:
    """No more than so many; records are never made."""
    async with opens() as old:
        await old.sessions.create("ada", "5e55", {}, lives_seconds=60, now=0.0, ends=60.0)
        for number in range(30):
            await old.read(f"user{number}")
        await old.cache.look(old.sessions.lookup("ada", "5e55"))
        await old.cache.write_manifest("web-1")
        order = old.order()
    foreign.delete(*order[:20])
    async with opens() as new:
        preloaded = await new.preload(load=new.load, loads=7)
        assert (preloaded.asked, preloaded.kept, preloaded.loaded, preloaded.ended) == (31, 18, 7, "done")
        assert new.loads == 7
        assert new.order() == order[1:8] + order[20:]
        assert await new.read("user29") == "hot"
        foreign.delete(new.boards.key("user29"))
        await until(lambda: new.boards.key("user29") not in new.order())


async def test_a_value_past_its_time_is_loaded_anew(opens: Opens, foreign: Any) -> None:
    """Redis still holds it, for a load that fails; nobody is to begin with it."""
    async with opens() as old, opens() as new:
        regions = [
            process.cache.region("late", Board, ttl_seconds=0.2, stale_on_error_seconds=60) for process in (old, new)
        ]
        await regions[0].get("ada", lambda: old.load("late", "ada"))
        await old.cache.write_manifest("web-1")
        await asyncio.sleep(0.25)
        assert foreign.exists(regions[0].key("ada"))
        preloaded = await new.preload(loads=0, load=new.load)
        assert (preloaded.kept, preloaded.loaded) == (0, 0)
        preloaded = await new.preload(load=new.load)
        assert (preloaded.kept, preloaded.loaded) == (1, 1)


async def test_a_load_that_fails_is_left_out(opens: Opens, foreign: Any) -> None:
    """Whatever it raises; the others go on."""
    async with opens() as old:
        for number in range(10):
            await old.read(f"user{number}")
        await old.cache.write_manifest("web-1")
        foreign.delete(*old.order())
    async with opens() as new:

        async def load(region: str, tag: str) -> Board:
            if tag in ("user3", "user9"):
                raise KeyError(tag)
            return Board(tag)

        preloaded = await new.preload(load=load)
        assert (preloaded.asked, preloaded.kept, preloaded.loaded, preloaded.ended) == (10, 8, 8, "done")


async def test_loads_that_hang_end_with_the_time(opens: Opens, foreign: Any) -> None:
    """What was read stays, in its order."""
    async with opens() as old:
        for number in range(10):
            await old.read(f"user{number}")
        await old.cache.write_manifest("web-1")
        order = old.order()
    foreign.delete(*order[::2])
    async with opens() as new:

        async def load(region: str, tag: str) -> Board:
            await asyncio.sleep(3600)
            return Board(tag)

        preloaded = await new.preload(load=load, seconds=0.5)
        assert (preloaded.kept, preloaded.loaded, preloaded.ended) == (5, 0, "time")
        assert new.order() == order[1::2]


# --- Redis away ------------------------------------------------------------------------------------------------------


async def test_a_redis_that_is_away_is_not_waited_for_long(
    opens: Opens, expects: Expects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process begins cold, long before all of its time is over."""
    expects("hot copies are not trusted")
    monkeypatch.setattr("cache.handover.TRUST_SECONDS", 0.2)
    async with opens() as old:
        await old.read("ada")
        await old.cache.write_manifest("web-1")
    async with opens("redis://127.0.0.1:1", trusted=False) as new:
        preloaded = await new.preload(seconds=3600.0)
        assert (preloaded.asked, preloaded.kept, preloaded.ended) == (0, 0, "untrusted")


async def test_nothing_is_asked_of_a_redis_that_cannot_be_tracked(
    opens: Opens, programs: Programs, tmp_path: Path, expects: Expects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing would be kept; nor is that waited for."""
    expects("no hot copies are kept")
    monkeypatch.setattr("cache.handover.TRUST_SECONDS", 3600.0)
    program = programs.need("redis-server")["redis-server"]
    with locked_server(program, tmp_path, rules="~* &* +@all -client|tracking") as server:
        names = msgspec.msgpack.encode((FORMAT, ["board"], [(0, "ada", "")]))
        server.command("SET", MANIFEST, names)
        async with opens(server.url, trusted=False) as process:
            preloaded = await process.preload(seconds=3600.0)
            assert (preloaded.asked, preloaded.ended) == (0, "untrusted")


@pytest.mark.parametrize("fault", ["stall", "shut"])
async def test_a_redis_that_goes_away_in_the_middle_ends_it_in_time(
    opens: Opens, redis_server: RunningStore, expects: Expects, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounded by its own time, not by how often Redis is tried; nothing is raised."""
    expects("hot copies are not trusted")
    async with opens() as old:
        for number in range(1000):
            await old.read(f"user{number}")
        await old.cache.write_manifest("web-1")
    async with door_to(redis_server.url) as door, opens(door.url, deadline_seconds=0.5) as new:
        read_ahead = HotTiers.read_ahead
        trips = 0

        async def fails(tiers: HotTiers, *args: Any, **how: Any) -> Any:
            nonlocal trips
            trips += 1
            if trips == 6:
                if fault == "stall":
                    door.stall()
                else:
                    await door.shut()
            return await read_ahead(tiers, *args, **how)

        monkeypatch.setattr(HotTiers, "read_ahead", fails)
        began = time.monotonic()
        preloaded = await new.preload(seconds=1.5)
        assert trips >= 6
        assert preloaded.ended in ("untrusted", "time")
        assert preloaded.kept < 1000
        assert time.monotonic() - began < 15
        await door.open()
        assert await new.cache.trusted(10), new.cache.state()
        await new.read("user1")
        assert await new.read("user1") == "hot"


async def test_a_connection_that_breaks_in_the_middle_is_made_up_for(
    opens: Opens, foreign: Any, expects: Expects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept over it is gone with it, and read once more."""
    expects("hot copies are not trusted")
    async with opens() as old:
        for number in range(1000):
            await old.read(f"user{number}")
        await old.cache.write_manifest("web-1")
        order = old.order()
    async with opens() as new:
        tiers = new.cache._tiers
        assert isinstance(tiers, HotTiers)
        read_ahead, trips = HotTiers.read_ahead, 0

        async def fails(tiers: HotTiers, *args: Any, **how: Any) -> Any:
            nonlocal trips
            trips += 1
            if trips == 6:
                tiers.tracked.drop("as it happens")
            return await read_ahead(tiers, *args, **how)

        monkeypatch.setattr(HotTiers, "read_ahead", fails)
        preloaded = await new.preload()
        assert (preloaded.asked, preloaded.kept, preloaded.ended) == (1000, 1000, "done")
        assert new.order() == order


# --- what it is worth ------------------------------------------------------------------------------------------------


async def test_a_warm_start_keeps_the_hit_rate(opens: Opens, figures: Figures) -> None:
    """People by Zipf's law, a cache for a fifth of them: the first requests after a handover, with a manifest and
    without one. The hit rate before is what is to be kept."""
    people, budget, first = 2000, 320 << 10, 2000
    rng = random.Random(11)
    weights = list(accumulate(1 / rank for rank in range(1, people + 1)))
    visits = rng.choices(range(people), cum_weights=weights, k=8000 + first)

    async def rate(process: Process, tags: list[int]) -> float:
        hits = [await process.read(f"user{tag}") == "hot" for tag in tags]
        return sum(hits) / len(hits)

    async with opens(hot_bytes=budget) as old:
        await rate(old, visits[:6000])
        before = await rate(old, visits[6000:8000])
        await old.cache.write_manifest("web-1")
        size = len(old.cache.hot)
    rates: dict[str, list[float]] = {}
    for kind in ("warm", "cold"):
        async with opens(hot_bytes=budget, observer=NullObserver()) as new:
            if kind == "warm":
                preloaded = await new.preload()
            rates[kind] = [await rate(new, visits[8000:8200]), await rate(new, visits[8200:10000])]
    figures(
        f"{size} copies for {people} people, {preloaded.kept} handed over in {preloaded.seconds * 1000:.0f} ms; hits "
        f"before {before:.1%}; of the first 200: warm {rates['warm'][0]:.1%}, cold {rates['cold'][0]:.1%}; "
        f"of the next 1800: warm {rates['warm'][1]:.1%}, cold {rates['cold'][1]:.1%}"
    )
    assert rates["warm"][0] > rates["cold"][0]
    assert rates["warm"][0] + rates["warm"][1] * 9 >= 10 * 0.95 * before


async def test_how_long_a_full_manifest_takes(opens: Opens, foreign: Any, figures: Figures) -> None:
    """Printed, with the longest time that the event loop was kept from others."""
    async with opens(hot_bytes=64 << 20) as old:
        source = old.boards.lookup("any").source
        manifest = Manifest(["board"], most_names=20_000, most_bytes=1 << 20)
        values: dict[str, bytes] = {}
        for number in range(20_000):
            key = old.boards.key(f"user{number}")
            values[key] = source._codec.encode(key, Board("x" * 300), 60_000)  # type: ignore[attr-defined]
            manifest.add(Name("board", f"user{number}"))
        foreign.mset({**values, MANIFEST: manifest.encoded()})
    longest = 0.0
    async with opens(hot_bytes=64 << 20) as new:

        async def watch() -> None:
            nonlocal longest
            while True:
                before = time.perf_counter()
                await asyncio.sleep(0)
                longest = max(longest, time.perf_counter() - before)

        gc.collect()
        gc.freeze()  # what else this process holds is not a web process's
        try:
            watching = asyncio.create_task(watch())
            preloaded = await new.preload(seconds=60.0)
            watching.cancel()
        finally:
            gc.unfreeze()
        assert (preloaded.asked, preloaded.kept) == (20_000, 20_000)
        figures(
            f"{preloaded.kept:,} of {len(manifest.encoded()) >> 10} KiB in {preloaded.seconds:.2f} s, "
            f"longest turn {longest * 1000:.1f} ms"
        )
