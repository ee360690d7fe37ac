"""Values past their time: answered while they are refreshed, or in place of a load that fails; never after a write."""

import asyncio

import pytest
from cache_races import HOT, NAIVE, STATELESS, Fleet, Process, cut, must, race, until, without

from cache import Answer, Overloaded

pytestmark = pytest.mark.asyncio

REFRESH = {"ttl_seconds": 30, "refresh_seconds": 10}
ON_ERROR = {"ttl_seconds": 30, "stale_on_error_seconds": 60}

BEGIN_KEEPS = cut("cache.writing.BEGIN", "for i = 4, gate do redis.call('DEL', KEYS[i]) end")
UNLEASED = cut("cache.loading.STORE", "~= ARGV[1] then return 0 end", "== '' then return 0 end")
COMMIT_KEEPS = cut("cache.writing.COMMIT", "for i = 3, #KEYS - 1 do redis.call('DEL', KEYS[i]) end")


def keep_all(patch: pytest.MonkeyPatch) -> None:
    """A write deletes nothing."""
    BEGIN_KEEPS(patch)
    COMMIT_KEEPS(patch)


async def past_its_time(fleet: Fleet, process: Process, *, left_seconds: float) -> None:
    """Stores the truth, and lets so much of its life pass that only this is left."""
    await fleet.read(process)
    fleet.foreign.pexpire(process.board.key("ada"), int(left_seconds * 1000))
    await fleet.told_all()
    fleet.loads = 0


async def get(fleet: Fleet, process: Process, *, floor: int = 0) -> Answer[int]:
    return await process.board.get("ada", fleet.load(), floor=floor)


async def failing() -> int:
    """A load whose truth is away."""
    raise ConnectionError("the database is away")


async def must_not_run() -> int:
    """A load that there must not be."""
    raise AssertionError("it was loaded")


@race(HOT, STATELESS)
async def test_a_value_past_its_time_is_answered_at_once_and_refreshed_once(fleet: Fleet) -> None:
    """However many ask meanwhile, in two processes: all are answered at once, and one load refreshes it for all."""
    one, two = [await fleet.process(board=REFRESH) for _ in range(2)]
    await past_its_time(fleet, one, left_seconds=5)
    fleet.truth["ada"] = 1
    load = fleet.held_up()
    for process in (one, two):
        for _ in range(20):
            answer = await process.board.get("ada", load)
            assert (answer.value, answer.stale) == (0, "refreshing")
            assert answer.age_seconds > 30
    await load.began.wait()
    load.go.set()
    await until(lambda: fleet.stored() == 1)
    await fleet.told_all()
    for process in (one, two):
        answer = await get(fleet, process)
        assert (answer.value, answer.stale) == (1, "")
    assert fleet.loads == 1
    assert one.told.stale == two.told.stale == [("board", "refreshing")] * 20


@race(HOT)
async def test_a_copy_past_its_time_is_answered_from_memory_and_refreshed(fleet: Fleet) -> None:
    """No round trip before the answer: the copy's time is over by this process's own clock."""
    process = await fleet.process(board=REFRESH)
    fleet.store(0, life_seconds=40)
    assert (await get(fleet, process)).tier == "redis"
    fleet.turn_clock(31)
    await process.renew_lease()
    process.told.clear()
    fleet.foreign.pexpire(process.board.key("ada"), 9_000)  # the time has passed in Redis too
    answer = await get(fleet, process)
    assert (answer.tier, answer.stale) == ("hot", "refreshing")
    assert process.told.calls == []
    await until(lambda: process.told.loads == [("board", True)])


@race(HOT, STATELESS)
async def test_a_value_is_refreshed_for_so_long_and_then_loaded(fleet: Fleet) -> None:
    """`refresh_seconds` past its time it is not answered any more, though another bound keeps it in Redis."""
    process = await fleet.process(board={**REFRESH, "stale_on_error_seconds": 60})
    await past_its_time(fleet, process, left_seconds=45)  # 15 of 60 seconds past its time
    fleet.truth["ada"] = 1
    answer = await get(fleet, process)
    assert (answer.value, answer.tier, answer.stale) == (1, "load", "")


@race(HOT, STATELESS, NAIVE, without("deleting", keep_all), without("deleting", keep_all, STATELESS))
async def test_a_value_past_its_time_is_not_answered_after_a_write(fleet: Fleet) -> None:
    """Refreshing ends at an invalidation, at whichever process, with a floor or without."""
    one, two = [await fleet.process(board=REFRESH) for _ in range(2)]
    await past_its_time(fleet, one, left_seconds=5)
    await two.cache.look(two.board.lookup("ada"))  # a naive copy
    version = await fleet.write(one)
    must((await get(fleet, two, floor=version)).value == 1, "a former value after a write")
    await fleet.told_all()
    must((await get(fleet, two)).value == 1, "a former value after a write")
    must((await get(fleet, one)).value == 1, "a former value after a write")


@race(HOT, STATELESS, without("the lease", UNLEASED), without("the lease", UNLEASED, STATELESS))
async def test_a_refresh_overtaken_by_a_write_is_kept_nowhere(fleet: Fleet) -> None:
    """What it read is from before."""
    one, two = [await fleet.process(board=REFRESH) for _ in range(2)]
    await past_its_time(fleet, one, left_seconds=5)
    load = fleet.held_up()
    assert (await one.board.get("ada", load)).stale == "refreshing"
    await load.began.wait()
    await fleet.write(two)
    load.go.set()
    await until(lambda: one.told.loads == [("board", True)] * 2)
    must((await get(fleet, one)).value == 1, "what a refresh had read before a write")
    must(fleet.stored() in (None, 1), "what a refresh had read before a write")
    must(not await fleet.differing(), "a copy differs from Redis")


@race(HOT, STATELESS)
async def test_a_refresh_that_fails_is_tried_again_by_the_next_who_asks(fleet: Fleet) -> None:
    """Nobody who was answered is told; the value goes on being answered until its time for that is over."""
    process = await fleet.process(board=REFRESH)
    await past_its_time(fleet, process, left_seconds=5)
    for attempt in range(1, 3):
        answer = await process.board.get("ada", failing)
        assert (answer.value, answer.stale) == (0, "refreshing")
        await until(lambda attempt=attempt: process.told.loads.count(("board", False)) == attempt)  # type: ignore[misc]
        await until(lambda: not fleet.foreign.exists(f"{process.board.key('ada')}:lease"))
    fleet.truth["ada"] = 1
    await get(fleet, process)
    await until(lambda: fleet.stored() == 1)


@race(HOT, STATELESS)
async def test_a_value_past_its_time_is_answered_in_place_of_a_load_that_fails(fleet: Fleet) -> None:
    """The load's failure costs its caller the marking, and nothing else."""
    process = await fleet.process(board=ON_ERROR)
    await past_its_time(fleet, process, left_seconds=50)
    answer = await process.board.get("ada", failing)
    assert (answer.value, answer.tier, answer.stale) == (0, "redis", "error")
    assert process.told.stale == [("board", "error")]


@race(HOT, STATELESS)
async def test_a_load_that_failed_is_not_tried_again_at_once(fleet: Fleet) -> None:
    """For a second the former value is answered instead, without a load or a turn to wait for; then it is tried."""
    process = await fleet.process(board={**ON_ERROR, "max_loads": 1})
    await past_its_time(fleet, process, left_seconds=50)
    assert (await process.board.get("ada", failing)).stale == "error"
    other = fleet.held_up()
    taking_the_only_turn = asyncio.ensure_future(process.board.get("bob", other))
    await other.began.wait()
    async with asyncio.timeout(10):
        for _ in range(3):
            answer = await process.board.get("ada", failing)
            assert (answer.value, answer.tier, answer.stale) == (0, "redis", "error")
    assert process.told.stale == [("board", "error")] * 4
    assert process.told.loads.count(("board", False)) == 1
    other.go.set()
    await taking_the_only_turn
    fleet.turn_clock(1.0)
    fleet.truth["ada"] = 1
    answer = await get(fleet, process)
    assert (answer.value, answer.tier, answer.stale) == (1, "load", "")


@race(HOT, STATELESS)
async def test_what_another_process_could_load_is_answered_in_a_pause(fleet: Fleet) -> None:
    """It is fresh, and not marked."""
    one, two = [await fleet.process(board=ON_ERROR) for _ in range(2)]
    await past_its_time(fleet, one, left_seconds=50)
    assert (await one.board.get("ada", failing)).stale == "error"
    fleet.truth["ada"] = 1
    await get(fleet, two)
    answer = await one.board.fill("ada", must_not_run)
    assert (answer.value, answer.stale) == (1, "")


@race(HOT, STATELESS)
async def test_no_former_value_is_answered_in_a_pause_after_a_write(fleet: Fleet) -> None:
    """The pause is for who has something to answer meanwhile: after a write the load is tried."""
    one, two = [await fleet.process(board=ON_ERROR) for _ in range(2)]
    await past_its_time(fleet, one, left_seconds=50)
    assert (await one.board.get("ada", failing)).stale == "error"
    version = await fleet.write(two)
    await fleet.told_all()
    answer = await get(fleet, one, floor=version)
    must((answer.value, answer.stale) == (1, ""), "a former value after a write")


@race(HOT, STATELESS)
async def test_a_load_that_is_refused_is_answered_by_a_former_value(fleet: Fleet) -> None:
    """Better than nothing; who has none is refused as ever. Both are counted as refused."""
    process = await fleet.process(board={**ON_ERROR, "max_loads": 1})
    await past_its_time(fleet, process, left_seconds=50)
    slow = fleet.held_up()
    crowd = [asyncio.ensure_future(process.board.get(f"user{n}", slow)) for n in range(16)]
    await slow.began.wait()
    await until(lambda: process.board._loading._waiting == 16)
    answer = await process.board.get("ada", must_not_run)
    assert (answer.value, answer.tier, answer.stale) == (0, "redis", "error")
    with pytest.raises(Overloaded):
        await process.board.get("eve", must_not_run)
    assert process.told.refused == 2
    slow.go.set()
    await asyncio.gather(*crowd)


@race(HOT, STATELESS)
async def test_a_load_that_takes_too_long_is_one_that_fails(fleet: Fleet) -> None:
    """A database that hangs is away as well."""
    process = await fleet.process(board={**ON_ERROR, "load_seconds": 0.05})
    await past_its_time(fleet, process, left_seconds=50)
    answer = await process.board.get("ada", asyncio.Event().wait)  # type: ignore[arg-type]
    assert (answer.value, answer.stale) == (0, "error")


@race(HOT, STATELESS)
async def test_a_failed_load_is_raised_once_the_time_for_former_values_is_over(fleet: Fleet) -> None:
    """`stale_on_error_seconds`, and no longer, though another bound keeps the value in Redis."""
    process = await fleet.process(board={"ttl_seconds": 30, "stale_on_error_seconds": 5, "refresh_seconds": 100})
    await past_its_time(fleet, process, left_seconds=97)  # 3 seconds past its time
    assert (await process.board.fill("ada", failing)).value == 0
    fleet.foreign.pexpire(process.board.key("ada"), 90_000)  # 10 seconds past its time
    await fleet.told_all()
    with pytest.raises(ConnectionError):
        await process.board.fill("ada", failing)


@race(HOT, STATELESS)
async def test_without_that_option_a_failed_load_is_raised(fleet: Fleet) -> None:
    """A region has to ask for it."""
    process = await fleet.process(board=REFRESH)
    await past_its_time(fleet, process, left_seconds=5)
    with pytest.raises(ConnectionError):
        await process.board.fill("ada", failing)


@race(HOT, STATELESS, NAIVE, without("deleting", keep_all, STATELESS))
async def test_no_former_value_is_answered_for_a_failed_load_after_a_write(fleet: Fleet) -> None:
    """Not to who wrote, nor to anybody else: what is gone is gone, and the failure is told."""
    one, two = [await fleet.process(board=ON_ERROR) for _ in range(2)]
    await fleet.read(two)
    await past_its_time(fleet, one, left_seconds=50)
    version = await fleet.write(one)
    await fleet.told_all()
    for process in (one, two):
        for floor in (version, 0):
            try:
                answer = await process.board.get("ada", failing, floor=floor)
            except ConnectionError:
                continue
            must(answer.value == 1, f"a former value after a write: {answer}")


@race(HOT, STATELESS)
async def test_a_write_that_went_wrong_leaves_no_former_value_either(fleet: Fleet) -> None:
    """Redis forgets before the block runs, so a database that is away makes an error, not a value from before."""
    process = await fleet.process(board=ON_ERROR)
    await fleet.read(process)
    with pytest.raises(ConnectionError):
        async with process.cache.write("ada"):
            await failing()
    with pytest.raises(ConnectionError):
        await process.board.get("ada", failing)
