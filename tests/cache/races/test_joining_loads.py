"""Who may join a load under way: nobody who may know of a write that the load began too early to see."""

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any

import pytest
from cache_races import HOT, STATELESS, Fleet, Process, TakesAway, must, race, until, without

from cache.flight import Flight, Flights

pytestmark = pytest.mark.asyncio

B = 2.0

Change = Callable[[], Awaitable[int]]


def ignore(what: str) -> TakesAway:
    """A load is joined whatever has been invalidated since, whatever its version is, or however old it is."""

    def take_away(patch: pytest.MonkeyPatch) -> None:
        serves = Flights._serves

        def joined(flights: Flights[Any], flight: Flight, generation: int, floor: int) -> bool:
            if what == "age":
                flights._join_seconds = inf
            return serves(
                flights,
                flight,
                flight.generation if what == "invalidations" else generation,
                0 if what == "floor" else floor,
            )

        patch.setattr(Flights, "_serves", joined)

    return take_away


def leave_open(patch: pytest.MonkeyPatch) -> None:
    """A load under a barrier can be joined like any other."""
    patch.setattr(Flight, "close", lambda flight: None)


async def asked(process: Process, *, times: int) -> None:
    """Until so many callers have found nothing in Redis, and have joined a load or begun one in that very turn."""
    await until(lambda: process.told.lookups.count(("board", "redis", False)) == times)


async def early_and_late(fleet: Fleet, reader: Process, *, change: Change, floor: int | None = None) -> None:
    """A load that has read the truth; the truth changes; somebody asks who must not get what that load has read."""
    load = fleet.held_up()
    early = fleet.begin(reader.board.get("ada", load))
    await load.began.wait()
    seen = await change()
    late = fleet.begin(reader.board.get("ada", fleet.load(), floor=seen if floor is None else floor))
    await asked(reader, times=2)
    load.go.set()
    assert (await early).value == 0
    must((await late).value == fleet.truth["ada"], "joined a load that began before the write")


@race(
    HOT,
    STATELESS,
    without("invalidations", ignore("invalidations")),
    without("invalidations", ignore("invalidations"), STATELESS),
)
async def test_a_load_from_before_a_write_of_the_same_process_is_not_joined(fleet: Fleet) -> None:
    """Whoever asks: there need be no floor. (The naive cache's loads are these very loads.)"""
    process = await fleet.process()
    await early_and_late(fleet, process, change=lambda: fleet.write(process), floor=0)


@race(HOT, STATELESS, without("the floor", ignore("floor"), STATELESS))
async def test_a_load_from_before_a_write_of_another_process_is_not_joined_by_who_knows_of_it(fleet: Fleet) -> None:
    """The floor says so, though nobody has told this process."""
    writer, reader = await fleet.process(), await fleet.process()
    await early_and_late(fleet, reader, change=lambda: fleet.write(writer))


@race(HOT, without("invalidations", ignore("invalidations")))
async def test_a_load_from_before_a_write_of_another_process_is_not_joined_once_it_was_told(fleet: Fleet) -> None:
    """Another device, without a floor: a process that keeps copies is told of the write."""
    writer, reader = await fleet.process(), await fleet.process()

    async def change() -> int:
        version = await fleet.write(writer)
        await reader.told_all()
        return version

    await early_and_late(fleet, reader, change=change, floor=0)


@race(STATELESS, without("the age", ignore("age"), STATELESS))
async def test_a_load_older_than_may_be_answered_is_not_joined_by_anybody(fleet: Fleet) -> None:
    """Another device, without a floor, where nobody is told of anything: B after the write it sees the write."""
    writer, reader = await fleet.process(staleness_seconds=B), await fleet.process(staleness_seconds=B)

    async def change() -> int:
        version = await fleet.write(writer)
        fleet.turn_clock(B)
        return version

    await early_and_late(fleet, reader, change=change, floor=0)


@race(HOT, STATELESS, without("private loads", leave_open), without("private loads", leave_open, STATELESS))
@pytest.mark.parametrize("where", ["the writer's process", "another process"])
async def test_a_load_while_its_owner_is_writing_is_joined_by_nobody_after_it_began(fleet: Fleet, where: str) -> None:
    """Who has seen the new value before it was acknowledged must not be given the former one (P3)."""
    writer, other = await fleet.process(), await fleet.process()
    reader = writer if where == "the writer's process" else other
    witness = other if reader is writer else writer

    async with writer.cache.write("ada"):

        async def change() -> int:
            fleet.truth["ada"] = 1
            seen = await witness.board.get("ada", fleet.load())
            assert seen.value == 1
            return seen.version

        await early_and_late(fleet, reader, change=change)


@race(HOT, STATELESS)
async def test_who_may_join_a_load_does(fleet: Fleet) -> None:
    """Nothing was written: a floor that the load has reached, and one that nobody ever reached, cost no second load."""
    process = await fleet.process()
    version = await fleet.write(process)
    load = fleet.held_up()
    early = fleet.begin(process.board.get("ada", load, floor=version))
    await load.began.wait()
    late = fleet.begin(process.board.get("ada", fleet.load(), floor=version))
    forged = fleet.begin(process.board.get("ada", fleet.load(), floor=10**12))
    await asked(process, times=3)
    load.go.set()
    await asyncio.gather(early, late, forged)
    assert fleet.loads == 1
