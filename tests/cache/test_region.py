"""Regions over a real Redis: which tier answers, in how many round trips, for how long, and what is told of it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from cache_doubles import Board, Clock, Recorder
from cache_races import HOT, STATELESS, Fleet, race, until
from quiet_log import Expects

from cache import Cache, CacheError, Misuse, Overloaded, Refused, Region, open_cache
from cache.codec import Codec
from deploy.local import RunningStore

pytestmark = pytest.mark.asyncio

Opens = Callable[[], AbstractAsyncContextManager[Cache]]


def boards(cache: Cache, **options: int) -> Region[Board]:
    return cache.region("board", Board, ttl_seconds=30, **options)


def load_of(text: str) -> Callable[[], "asyncio.Future[Board]"]:
    async def load() -> Board:
        return Board(text)

    return load  # type: ignore[return-value]


async def test_a_value_is_answered_by_the_nearest_tier_that_has_it(hot: Opens) -> None:
    """Load, then hot; another process finds it in Redis."""
    async with hot() as one, hot() as two:
        tiers = [
            (await boards(one).get("ada", load_of("a"))).tier,
            (await boards(one).get("ada", load_of("b"))).tier,
            (await boards(two).get("ada", load_of("c"))).tier,
            (await boards(two).get("ada", load_of("d"))).tier,
        ]
        assert tiers == ["load", "hot", "redis", "hot"]


async def test_a_stateless_cache_keeps_nothing(stateless: Opens) -> None:
    """Every answer after the first comes from Redis."""
    async with stateless() as cache:
        await boards(cache).get("ada", load_of("a"))
        assert (await boards(cache).get("ada", load_of("b"))).tier == "redis"
        assert len(cache.hot) == 0


async def test_a_hot_copy_is_answered_while_the_lease_holds_and_not_a_moment_longer(
    hot: Opens, clock: Clock, expects: Expects
) -> None:
    """B after the last heartbeat that was answered, Redis is asked again."""
    expects("hot copies are not trusted (suspect): the heartbeat is overdue")
    async with hot() as cache:
        region = boards(cache)
        await region.get("ada", load_of("a"))
        clock.advance(1.99)
        assert (await region.get("ada", load_of("b"))).tier == "hot"
        clock.advance(0.01)
        assert (await region.get("ada", load_of("b"))).tier == "redis"


async def test_a_write_is_seen_by_the_next_read_of_the_same_process(hot: Opens) -> None:
    """Nothing cached survives one's own write."""
    async with hot() as cache:
        region = boards(cache)
        await region.get("ada", load_of("before"))
        async with cache.write("ada", drop=[region]):
            pass
        answer = await region.get("ada", load_of("after"))
        assert (answer.value.text, answer.tier) == ("after", "load")


async def test_several_lookups_take_one_round_trip_and_none_when_hot(hot: Opens, recorder: Recorder) -> None:
    """Session and board are asked together."""
    async with hot() as cache:
        region, sessions = boards(cache), cache.records("session")
        await sessions.create("ada", "s1", {"a": "b"}, lives_seconds=1000, now=0, ends=2e9)
        await region.get("ada", load_of("a"))
        cache.forget("ada")
        recorder.calls.clear()
        answers = await cache.look(sessions.lookup("ada", "s1"), region.lookup("ada"))
        assert [answer and answer.tier for answer in answers] == ["redis", "redis"]
        assert recorder.calls == [("read", "ok")]
        answers = await cache.look(sessions.lookup("ada", "s1"), region.lookup("ada"))
        assert [answer and answer.tier for answer in answers] == ["hot", "hot"]
        assert len(recorder.calls) == 1


async def test_many_values_are_loaded_a_few_at_a_time(hot: Opens, recorder: Recorder) -> None:
    """More than may wait at once, all cold: as many loads as the region allows, and none is refused."""
    running, most = 0, 0

    async def load(tag: str) -> Board:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return Board(tag)

    async with hot() as cache:
        region = boards(cache, max_loads=2)
        tags = [f"user{n}" for n in range(200)]
        answers = await region.get_many(tags, load)
        assert {tag: answer.value.text for tag, answer in answers.items()} == {tag: tag for tag in tags}
        assert 1 <= most <= 2
        assert recorder.refused == 0


async def test_loads_beyond_the_bound_are_refused_at_once(hot: Opens, recorder: Recorder) -> None:
    """Sixteen wait per load allowed; the next one is told to come back."""
    async with hot() as cache:
        region = boards(cache, max_loads=1)
        go = asyncio.Event()

        async def slow() -> Board:
            await go.wait()
            return Board("a")

        waiting = [asyncio.create_task(region.fill(f"user{n}", slow)) for n in range(16)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(Overloaded, match="board"):
            await region.fill("one-too-many", slow)
        assert recorder.refused == 1
        go.set()
        await asyncio.gather(*waiting)


async def test_a_failed_load_is_raised_and_counted(hot: Opens, recorder: Recorder) -> None:
    """The caller sees the truth's own error."""
    async with hot() as cache:

        async def broken() -> Board:
            raise LookupError("nobody")

        with pytest.raises(LookupError, match="nobody"):
            await boards(cache).get("ada", broken)
        assert recorder.loads == [("board", False)]


async def test_an_observer_that_raises_fails_nothing(
    redis_server: RunningStore, clock: Clock, caplog: pytest.LogCaptureFixture, expects: Expects
) -> None:
    """It is complained about once."""
    expects("the cache observer failed; further failures are not logged")

    class Broken(Recorder):
        def looked_up(self, region: str, tier: str, hit: bool) -> None:
            raise RuntimeError("broken observer")

    async with open_cache(redis_server.url, hot_bytes=1 << 20, clock=clock, observer=Broken()) as cache:
        assert (await boards(cache).get("ada", load_of("a"))).value.text == "a"
        assert (await boards(cache).get("ada", load_of("b"))).value.text == "a"
    assert [record.getMessage() for record in caplog.records].count(
        "the cache observer failed; further failures are not logged"
    ) == 1


async def test_every_error_of_the_package_is_a_cache_error() -> None:
    """One `except CacheError` is enough for a caller who wants them all."""
    assert all(issubclass(each, CacheError) for each in (Misuse, Overloaded, Refused))


@race(HOT)
async def test_a_copy_lives_no_longer_than_its_value_by_this_processs_clock(fleet: Fleet) -> None:
    """Redis tells late, or not at all; nobody waits for it."""
    process = await fleet.process()
    fleet.store(0, life_seconds=20)
    fleet.foreign.pexpire(process.board.key("ada"), 10_000)  # half of its life has passed
    assert (await process.board.get("ada", fleet.load())).tier == "redis"
    fleet.turn_clock(9)
    await process.renew_lease()
    assert (await process.board.get("ada", fleet.load())).tier == "hot"
    fleet.turn_clock(1)
    assert process.cache.hot.get(process.board.key("ada")) is None
    assert process.told.evictions == [("board", "expired")]


@race(HOT, STATELESS)
async def test_values_stored_together_do_not_expire_together(fleet: Fleet) -> None:
    """A tenth of their time, at random, taken off; never more, and never less."""
    process = await fleet.process(board={"max_loads": 8})
    tags = [f"user{n}" for n in range(100)]
    for tag in tags:
        await fleet.read(process, tag)
    stored = [Codec(int).open(fleet.foreign.get(process.board.key(tag))) for tag in tags]  # type: ignore[arg-type]
    lives = [envelope.life_ms for envelope in stored if envelope is not None]
    assert all(27_000 <= life <= 30_000 for life in lives)
    assert max(lives) - min(lives) > 1_500
    assert all(fleet.foreign.pttl(process.board.key(tag)) <= life for tag, life in zip(tags, lives, strict=True))


@race(HOT, STATELESS)
async def test_fifty_values_take_one_round_trip_and_none_when_they_are_held(fleet: Fleet) -> None:
    """Counted, not timed."""
    process = await fleet.process()
    tags = [f"user{n}" for n in range(50)]
    for number, tag in enumerate(tags):
        fleet.store(number, tag)
    answers = await process.board.get_many(tags, lambda tag: fleet.load(tag)())
    assert [answers[tag].value for tag in tags] == list(range(50))
    assert process.told.calls == [("read", "ok")]
    assert fleet.loads == 0
    answers = await process.board.get_many(tags, lambda tag: fleet.load(tag)())
    assert {answer.tier for answer in answers.values()} == {"hot" if fleet.variant is HOT else "redis"}
    assert process.told.calls == [("read", "ok")] * (1 if fleet.variant is HOT else 2)


@race(HOT, STATELESS)
async def test_of_several_values_only_the_missing_ones_are_loaded_each_once(fleet: Fleet) -> None:
    """Side by side; a tag that is named twice is asked for once; none is asked for nothing."""
    process = await fleet.process()
    fleet.truth.update(ada=1, bob=2, cyd=3)
    await fleet.read(process, "ada")
    fleet.loads = 0
    loading = 0

    async def load(tag: str) -> int:
        nonlocal loading
        loading += 1
        await until(lambda: loading == 2)
        return await fleet.load(tag)()

    answers = await process.board.get_many(["bob", "ada", "cyd", "bob"], load)
    assert {tag: answer.value for tag, answer in answers.items()} == fleet.truth
    assert list(answers) == ["bob", "ada", "cyd"]
    assert fleet.loads == 2
    process.told.clear()
    assert await process.board.get_many([], load) == {}
    assert process.told.calls == []


@race(HOT, STATELESS)
async def test_of_several_values_each_has_its_own_floor(fleet: Fleet) -> None:
    """One owner's floor says nothing of another's."""
    one, two = await fleet.process(), await fleet.process()
    for tag in ("ada", "bob"):
        await fleet.read(two, tag)
    floor = await fleet.write(one, "ada")
    answers = await two.board.get_many(["ada", "bob"], lambda tag: fleet.load(tag)(), floors={"ada": floor})
    assert {tag: answer.value for tag, answer in answers.items()} == {"ada": 1, "bob": 0}
    assert answers["ada"].version >= floor


@race(HOT, STATELESS)
async def test_one_of_several_that_fails_fails_the_whole(fleet: Fleet) -> None:
    """There is no answer with holes; what was loaded is stored all the same."""
    process = await fleet.process()

    async def load(tag: str) -> int:
        if tag == "bob":
            raise ConnectionError
        return 1

    with pytest.raises(ConnectionError):
        await process.board.get_many(["ada", "bob"], load)
    await until(lambda: fleet.stored("ada") == 1)


@race(HOT, STATELESS)
async def test_invalidating_drops_what_is_named_everywhere_and_nothing_else(fleet: Fleet) -> None:
    """One region or all of an owner; the other owners' values stay."""
    one, two = await fleet.process(), await fleet.process()
    others = [process.cache.region("other", int, ttl_seconds=30) for process in (one, two)]
    for tag in ("ada", "bob"):
        for process, other in zip((one, two), others, strict=True):
            await fleet.read(process, tag)
            await other.get(tag, fleet.load(tag))
    fleet.loads = 0
    version = await one.cache.invalidate("ada", one.board)
    assert version == fleet.version()
    await fleet.told_all()
    await fleet.read(two)
    assert fleet.loads == 1
    for tag, other in (("ada", others[1]), ("bob", others[0])):
        assert (await other.get(tag, fleet.load(tag))).tier != "load"
    assert await one.cache.invalidate_tag("ada") > version
    await fleet.told_all()
    await fleet.read(two)
    assert (await others[1].get("ada", fleet.load())).tier == "load"
    assert await fleet.read(one, "bob") == 0
    assert fleet.loads == 3


@race(HOT, STATELESS)
async def test_a_write_drops_only_the_regions_it_names(fleet: Fleet) -> None:
    """What it does not affect is answered on, from where it was."""
    process = await fleet.process()
    other = process.cache.region("other", int, ttl_seconds=30)
    await fleet.read(process)
    await other.get("ada", fleet.load())
    fleet.loads = 0
    async with process.cache.write("ada", drop=[process.board]) as write:
        pass
    assert (await other.get("ada", fleet.load(), floor=write.version)).tier == "redis"
    assert (await process.board.get("ada", fleet.load(), floor=write.version)).tier == "load"
    assert fleet.loads == 1


@pytest.mark.parametrize("floor", [10**12, 2**63, 2**200])
@race(HOT, STATELESS)
async def test_a_floor_nobody_reached_costs_a_read_but_no_load(fleet: Fleet, floor: int) -> None:
    """Forged, or from before Redis lost its data: it must not make its sender's board be computed each time."""
    process = await fleet.process()
    await fleet.read(process)
    for _ in range(3):
        process.told.clear()
        assert await fleet.read(process, floor=floor) == 0
        assert process.told.calls == [("read", "ok")]
    assert fleet.loads == 1


async def test_who_was_shown_a_load_that_a_write_overtook_asks_no_lower_than_that_write(hot: Opens) -> None:
    """The load may hold the write, and is not stored: an older copy elsewhere must not come after it."""
    async with hot() as one, hot() as two:
        versions: list[int] = []

        async def load() -> Board:
            async with two.write("ada", drop=[boards(two)]) as write:
                pass
            versions.append(write.version)
            return Board("new")

        answer = await boards(one).get("ada", load)
        assert answer.version < versions[0]
        assert answer.floor >= versions[0]
