"""Regions over a real Redis: tiers, floors, brackets, and the races they close."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from cache_doubles import Board, Clock, Recorder
from quiet_log import Expects

from cache import Cache, CacheError, Misuse, Overloaded, Refused, Region, open_cache
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


async def test_a_hot_copy_is_answered_while_the_lease_holds_and_not_a_moment_longer(hot: Opens, clock: Clock) -> None:
    """B after the last heartbeat that was answered, Redis is asked again."""
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


async def test_the_floor_makes_a_write_seen_on_every_process(hot: Opens) -> None:
    """Random routing, hot copies everywhere, no affinity: the floor alone keeps one's writes in sight."""
    async with hot() as one, hot() as two:
        first, second = boards(one), boards(two)
        await second.get("ada", load_of("before"))
        async with one.write("ada", drop=[first]) as write:
            pass
        answer = await second.get("ada", load_of("after"), floor=write.version)
        assert answer.value.text == "after"
        assert answer.version >= write.version


async def test_a_load_overtaken_by_a_write_is_not_kept_anywhere(hot: Opens) -> None:
    """The load read the old truth; the write came in between; neither Redis nor memory may hold the old value."""
    async with hot() as one, hot() as two:
        region = boards(one)
        loading, go = asyncio.Event(), asyncio.Event()

        async def slow() -> Board:
            loading.set()
            await go.wait()
            return Board("old")

        reading = asyncio.create_task(region.get("ada", slow))
        await loading.wait()
        async with one.write("ada", drop=[region]):
            pass
        go.set()
        assert (await reading).value.text == "old"  # asked before the write
        assert (await region.get("ada", load_of("new"))).value.text == "new"
        assert (await boards(two).get("ada", load_of("newer"))).value.text == "new"


async def test_a_load_overtaken_by_another_processs_write_is_not_stored(hot: Opens) -> None:
    """The version read before the load no longer stands, so the store does nothing."""
    async with hot() as one, hot() as two:
        region = boards(one)

        async def slow() -> Board:
            async with two.write("ada", drop=[region]):
                return Board("old")

        await region.get("ada", slow)
        [stored] = await one.link.ask("read", ("GET", region.key("ada")))
        assert stored is None


async def test_a_request_after_a_write_does_not_join_an_older_load(hot: Opens) -> None:
    """Read your writes holds for whoever asks after the answer."""
    async with hot() as cache:
        region = boards(cache)
        loading, go = asyncio.Event(), asyncio.Event()

        async def slow() -> Board:
            loading.set()
            await go.wait()
            return Board("old")

        reading = asyncio.create_task(region.get("ada", slow))
        await loading.wait()
        async with cache.write("ada", drop=[region]) as write:
            pass
        answer = await region.get("ada", load_of("new"), floor=write.version)
        assert answer.value.text == "new"
        go.set()
        await reading


async def test_a_value_loaded_between_begin_and_commit_does_not_survive(hot: Opens) -> None:
    """The commit deletes what was cached while the truth was changing."""
    async with hot() as one, hot() as two:
        region, other = boards(one), boards(two)
        async with one.write("ada", drop=[region]):
            await other.get("ada", load_of("half-way"))
        assert (await region.get("ada", load_of("after"))).value.text == "after"


async def test_a_failed_write_drops_what_is_cached_all_the_same(hot: Opens) -> None:
    """A write that raised may have happened."""
    async with hot() as cache:
        region = boards(cache)
        await region.get("ada", load_of("before"))
        with pytest.raises(RuntimeError):
            async with cache.write("ada", drop=[region]):
                raise RuntimeError
        assert (await region.get("ada", load_of("after"))).value.text == "after"


async def test_a_write_whose_record_is_gone_is_refused_before_it_starts(hot: Opens) -> None:
    """A session that was ended never writes again, even if a hot copy of it is still around."""
    async with hot() as cache:
        ran = False
        with pytest.raises(Refused):
            async with cache.write("ada", alive="session:{ada}:gone"):
                ran = True
        assert not ran


async def test_nothing_is_answered_or_kept_beside_a_guard_that_misses(hot: Opens) -> None:
    """A stranger who knows a tag but has no session reads nothing of its owner and warms nothing."""
    async with hot() as cache:
        region, sessions = boards(cache), cache.records("session")
        await region.get("ada", load_of("private"))
        cache.forget("ada")
        assert await cache.look(sessions.lookup("ada", "garbage"), region.lookup("ada")) == [None, None]
        assert len(cache.hot) == 0
        await region.get("ada", load_of("private"))
        assert await cache.look(sessions.lookup("ada", "garbage"), region.lookup("ada")) == [None, None]


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


async def test_a_floor_nobody_reached_costs_a_read_but_no_load(hot: Opens, recorder: Recorder) -> None:
    """A forged floor must not make its sender's board be computed each time."""
    async with hot() as cache:
        region = boards(cache)
        await region.get("ada", load_of("a"))
        recorder.calls.clear()
        answer = await region.get("ada", load_of("b"), floor=10**12)
        assert (answer.value.text, recorder.calls) == ("a", [("read", "ok")])
        assert recorder.loads == [("board", True)]


async def test_garbage_in_redis_is_a_miss_and_is_overwritten(hot: Opens, expects: Expects) -> None:
    """What cannot be read is loaded and stored afresh; that is told once."""
    expects("what Redis holds for region 'board' cannot be used")
    async with hot() as cache:
        region = boards(cache)
        await cache.link.ask("store", ("SET", region.key("ada"), b"\xff garbage"))
        assert (await region.get("ada", load_of("a"))).tier == "load"
        cache.forget("ada")
        assert (await region.get("ada", load_of("b"))).tier == "redis"


async def test_another_schema_of_the_same_region_is_not_read(hot: Opens) -> None:
    """A release with another shape has keys of its own."""
    async with hot() as cache:
        await boards(cache).get("ada", load_of("a"))
        assert (await boards(cache, schema=2).get("ada", load_of("b"))).tier == "load"


async def test_a_thousand_callers_of_a_cold_key_make_one_load(redis_server: RunningStore, recorder: Recorder) -> None:
    """However many wait, the truth is asked once per process. (Deadlines are not what this is about.)"""
    async with open_cache(redis_server.url, hot_bytes=1 << 20, deadline_seconds=60, observer=recorder) as cache:
        region = boards(cache)

        async def slow() -> Board:
            await asyncio.sleep(0.05)
            return Board("a")

        answers = await asyncio.gather(*(region.get("ada", slow) for _ in range(1000)))
        assert {answer.value.text for answer in answers} == {"a"}
        assert recorder.loads == [("board", True)]


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


@pytest.mark.parametrize("tag", ["", "a" * 513, "a{b", "a}b", None, 7])
async def test_a_bad_tag_is_refused_at_once(hot: Opens, tag: object) -> None:
    """The error names it; nothing is sent."""
    async with hot() as cache:
        with pytest.raises(Misuse, match="tag"):
            await boards(cache).get(tag, load_of("a"))  # type: ignore[arg-type]
        with pytest.raises(Misuse, match="tag"):
            async with cache.write(tag):  # type: ignore[arg-type]
                pass


async def test_a_value_that_cannot_be_encoded_is_an_error(hot: Opens) -> None:
    """Not silently kept in one tier only."""
    async with hot() as cache:
        region = cache.region("odd", object, ttl_seconds=5)  # type: ignore[type-abstract]

        async def load() -> object:
            return object()

        with pytest.raises(TypeError):
            await region.get("ada", load)


@pytest.mark.parametrize(("ttl", "loads"), [(0, 1), (-1, 1), (1, 0)])
async def test_a_region_without_time_or_room_is_refused(stateless: Opens, ttl: float, loads: int) -> None:
    """Misuse raises at construction."""
    async with stateless() as cache:
        with pytest.raises(Misuse, match="must be positive"):
            cache.region("board", Board, ttl_seconds=ttl, max_loads=loads)


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


async def test_a_caller_who_missed_just_before_a_load_was_stored_does_not_load_again(
    hot: Opens, recorder: Recorder
) -> None:
    """Its look came too early for the stored value, its load too late to join the one that stored it."""
    async with hot() as cache:
        region = boards(cache)
        assert await cache.look(region.lookup("ada")) == [None]
        await region.get("ada", load_of("first"))
        answer = await region.fill("ada", load_of("second"))
        assert (answer.value.text, answer.tier) == ("first", "redis")
        assert recorder.loads == [("board", True)]
