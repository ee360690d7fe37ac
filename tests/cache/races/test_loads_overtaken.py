"""A write while a value is being loaded: who asked before may get the former value; it is kept nowhere.

A cache that notes an invalidation only against what it holds loses those that come while it holds nothing (FusionCache
535 and 628).
"""

import contextlib
from collections.abc import Awaitable, Callable

import pytest
from cache_races import HOT, NAIVE, STATELESS, Fleet, Process, cut, must, race, without

pytestmark = pytest.mark.asyncio

UNLEASED = cut("cache.loading.STORE", "~= ARGV[1] then return 0 end", "== '' then return 0 end")


def unbarred(patch: pytest.MonkeyPatch) -> None:
    """A barrier stops neither the lease of a load nor what it stores."""
    cut("cache.loading.FILL", "if barred(KEYS[2]) then return {'barred', version, stored, left} end")(patch)
    cut("cache.loading.STORE", "if barred(KEYS[2]) then return 0 end")(patch)


async def write(fleet: Fleet, process: Process) -> None:
    await fleet.write(process)


async def invalidate(fleet: Fleet, process: Process) -> None:
    fleet.truth["ada"] = 1
    await process.cache.invalidate("ada", process.board)


async def invalidate_tag(fleet: Fleet, process: Process) -> None:
    fleet.truth["ada"] = 1
    await process.cache.invalidate_tag("ada")


async def write_and_fail(fleet: Fleet, process: Process) -> None:
    with contextlib.suppress(ConnectionError):
        async with process.cache.write("ada"):
            fleet.truth["ada"] = 1
            raise ConnectionError


WAYS = pytest.mark.parametrize("change", [write, invalidate, invalidate_tag, write_and_fail])


@WAYS
@pytest.mark.parametrize("writer", ["own process", "other process"])
@race(HOT, STATELESS, NAIVE, without("the lease", UNLEASED), without("the lease", UNLEASED, STATELESS))
async def test_a_value_whose_truth_changed_while_it_was_loaded_is_kept_nowhere(
    fleet: Fleet, change: Callable[[Fleet, Process], Awaitable[None]], writer: str
) -> None:
    """Not in Redis and not in memory, whoever wrote, and however."""
    one, two = await fleet.process(), await fleet.process()
    load = fleet.held_up()
    early = fleet.begin(one.board.get("ada", load))
    await load.began.wait()
    await change(fleet, one if writer == "own process" else two)
    fleet.end_barriers()  # of the write that failed: that it is not stored under a barrier is another test
    load.go.set()
    assert (await early).value == 0  # it asked before the write
    must(fleet.stored() in (None, 1), "the former value was stored")
    must(not await fleet.differing(), "a copy of the former value is held")
    for process in (one, two):
        must(await fleet.read(process) == 1, "the former value is answered")


@race(HOT, STATELESS, NAIVE, without("the barrier", unbarred))
async def test_a_value_loaded_while_its_truth_is_being_written_is_kept_nowhere(fleet: Fleet) -> None:
    """It may have read either side of the write. Here it reads before it, and ends before the commit."""
    one, two = await fleet.process(), await fleet.process()
    await fleet.read(two)
    async with one.cache.write("ada"):
        await two.told_all()
        for process in (one, two):
            assert await fleet.read(process) == 0
        must(fleet.stored() is None, "stored while it is being written")
        must(not await fleet.differing(), "a copy is kept while it is being written")
        fleet.truth["ada"] = 1
    for process in (one, two):
        must(await fleet.read(process) == 1, "the former value is answered")


@race(HOT, STATELESS, NAIVE, without("the lease", UNLEASED))
async def test_a_load_that_outlasts_a_whole_write_and_the_load_after_it_changes_nothing(fleet: Fleet) -> None:
    """The lease is by then that of another load, whose value stands."""
    one, two = await fleet.process(), await fleet.process()
    load = fleet.held_up()
    early = fleet.begin(one.board.get("ada", load))
    await load.began.wait()
    await fleet.write(two)
    must(await fleet.read(two) == 1, "the former value is answered")
    load.go.set()
    assert (await early).value == 0
    must(fleet.stored() == 1, "the former value was stored over the new one")
    must(not await fleet.differing(), "a copy of the former value is held")


@race(HOT, STATELESS, NAIVE)
async def test_what_two_writers_at_once_leave_behind_is_the_truth(fleet: Fleet) -> None:
    """The first to commit lifts its own barrier only; what is loaded then is not kept either."""
    one, two, three = [await fleet.process() for _ in range(3)]
    await fleet.read(three)
    async with one.cache.write("ada"):
        async with two.cache.write("ada"):
            fleet.truth["ada"] = 1
        await three.told_all()
        must(await fleet.read(three) == 1, "an acknowledged write is not seen")
        must(fleet.stored() is None, "stored while somebody is still writing")
        fleet.truth["ada"] = 2
    must(not await fleet.differing(), "a copy differs from Redis")
    must(await fleet.read(three) == 2, "the second write is not seen")
