"""A process killed between `begin` and `commit`, before or after its database carried out the write."""

import asyncio

import pytest
from cache_races import HOT, NAIVE, STATELESS, Fleet, Process, cut, must, race, without

from cache import Unavailable

pytestmark = pytest.mark.asyncio

NO_BARRIER = cut("cache.writing.BEGIN", "redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[2])")


async def begin_and_die(fleet: Fleet, process: Process, *, lands: bool) -> None:
    """Begins a write; the database carries it out, or has not yet; then the process is gone."""
    with pytest.raises(Unavailable):
        await _write(fleet, process, lands=lands)


async def _write(fleet: Fleet, process: Process, *, lands: bool) -> None:
    async with process.cache.write("ada"):
        if lands:
            fleet.truth["ada"] = 1
        await process.kill()


@pytest.mark.parametrize("lands", [True, False], ids=["after the database's part", "before it"])
@race(HOT, STATELESS, NAIVE, without("a barrier", NO_BARRIER), without("a barrier", NO_BARRIER, STATELESS))
async def test_nothing_from_before_the_write_of_a_dead_process_is_kept(fleet: Fleet, lands: bool) -> None:
    """While its write may still land, loads are answered and not stored; then they are stored again."""
    dying, one, two = [await fleet.process() for _ in range(3)]
    for process in (one, two):
        await fleet.read(process)
    await begin_and_die(fleet, dying, lands=lands)
    fleet.processes.remove(dying)
    await fleet.told_all()
    for process in (one, two):
        value = await fleet.read(process)
        must(value == fleet.truth.get("ada", 0), f"answered {value}, the truth is {fleet.truth}")
        must(fleet.stored() is None, "stored while the write may still land")
    fleet.truth["ada"] = 1  # at the latest now
    for process in (one, two):
        must(await fleet.read(process) == 1, "the former value is answered")
    fleet.end_barriers()
    for process in (one, two):
        must(await fleet.read(process) == 1, "the former value is answered after the barrier")
    must(fleet.stored() == 1, "nothing is stored after the barrier")
    must(not await fleet.differing(), "a copy differs from Redis")


@race(HOT, STATELESS)
async def test_the_barrier_of_a_dead_process_ends_by_itself(fleet: Fleet) -> None:
    """Nobody has to clean up. (Waits out the real time of a short one.)"""
    dying, reader = await fleet.process(barrier_seconds=0.3), await fleet.process()
    await begin_and_die(fleet, dying, lands=True)
    assert fleet.foreign.exists("w:{ada}")

    async def until_stored() -> None:
        while fleet.stored() is None:
            assert await fleet.read(reader) == 1
            await asyncio.sleep(0.02)

    await asyncio.wait_for(until_stored(), 5)
    assert not fleet.foreign.exists("w:{ada}"), "the barrier outlives its time"


@race(HOT, STATELESS)
async def test_a_writer_after_a_dead_one_does_not_lift_its_barrier(fleet: Fleet) -> None:
    """Each barrier is its writer's own: the dead one's write may land after the other one's commit."""
    dying, writer, reader = [await fleet.process() for _ in range(3)]
    await begin_and_die(fleet, dying, lands=False)
    await fleet.write(writer)
    must(await fleet.read(reader) == 1, "an acknowledged write is not seen")
    must(fleet.stored() is None, "stored while the dead process's write may still land")
    fleet.truth["ada"] = 2
    must(await fleet.read(reader) == 2, "the former value is answered")


@race(HOT, STATELESS)
async def test_a_write_that_redis_could_not_begin_changes_nothing(fleet: Fleet) -> None:
    """Redis is gone before the block: it does not run."""
    process = await fleet.process()
    await process.kill()
    fleet.processes.remove(process)
    with pytest.raises(Unavailable):
        await _write(fleet, process, lands=True)
    assert fleet.truth == {}
