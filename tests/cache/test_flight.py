"""One load per key at a time."""

import asyncio
import gc
from collections.abc import Callable

import pytest

from cache.flight import Flight, Flights

pytestmark = pytest.mark.asyncio


class Load:
    """A load that waits until it is let go, and counts how often it was begun."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = 0
        self.go = asyncio.Event()
        self._error = error

    async def __call__(self, flight: Flight) -> int:
        self.begun += 1
        self.flight = flight
        await self.go.wait()
        if self._error:
            raise self._error
        return self.begun


def flights_of(now: Callable[[], float] = lambda: 0.0) -> Flights[int]:
    return Flights[int](clock=now, join_seconds=1.0)


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_callers_of_one_key_share_one_load() -> None:
    """A thousand waiters, one load."""
    flights, load = flights_of(), Load()
    waiting = [asyncio.create_task(flights.join("k", 0, 0, load)) for _ in range(1000)]
    await turns()
    load.go.set()
    assert set(await asyncio.gather(*waiting)) == {1}
    assert load.begun == 1


async def test_the_first_caller_can_leave_without_harming_the_rest() -> None:
    """The load belongs to nobody in particular."""
    flights, load = flights_of(), Load()
    leader = asyncio.create_task(flights.join("k", 0, 0, load))
    await turns()
    follower = asyncio.create_task(flights.join("k", 0, 0, load))
    await turns()
    leader.cancel()
    await turns()
    load.go.set()
    assert await follower == 1
    assert load.begun == 1


async def test_a_caller_after_an_invalidation_does_not_join_an_older_load() -> None:
    """What was invalidated while it was being loaded is loaded again (FusionCache 535, 628)."""
    flights, old, new = flights_of(), Load(), Load()
    before = asyncio.create_task(flights.join("k", 0, 0, old))
    await turns()
    after = asyncio.create_task(flights.join("k", 1, 0, new))
    await turns()
    assert (old.begun, new.begun) == (1, 1)
    old.go.set()
    new.go.set()
    await asyncio.gather(before, after)


async def test_a_caller_with_a_higher_floor_does_not_join() -> None:
    """A load begun for a lower floor may have read too early."""
    flights, low, high = flights_of(), Load(), Load()
    first = asyncio.create_task(flights.join("k", 0, 3, low))
    await turns()
    second = asyncio.create_task(flights.join("k", 0, 4, high))
    await turns()
    assert high.begun == 1
    low.go.set()
    high.go.set()
    await asyncio.gather(first, second)


async def test_a_failed_load_fails_all_who_waited_and_is_not_remembered() -> None:
    """The next caller tries again."""
    flights, load = flights_of(), Load(RuntimeError("no"))
    waiting = [asyncio.create_task(flights.join("k", 0, 0, load)) for _ in range(3)]
    await turns()
    load.go.set()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [RuntimeError] * 3
    again = Load()
    again.go.set()
    assert await flights.join("k", 0, 0, again) == 1


async def test_closing_cancels_what_is_under_way() -> None:
    """Nothing is left running."""
    flights, load = flights_of(), Load()
    waiting = asyncio.create_task(flights.join("k", 0, 0, load))
    await turns()
    await flights.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_load_that_has_read_the_version_is_joined_by_who_asks_no_more_than_that() -> None:
    """Once it is known at which version a load began, that decides, not the floor it was asked with."""
    flights, load, other = flights_of(), Load(), Load()
    first = asyncio.create_task(flights.join("k", 0, 0, load))
    await turns()
    load.flight.version = 7
    joined = asyncio.create_task(flights.join("k", 0, 7, other))
    apart = asyncio.create_task(flights.join("k", 0, 8, other))
    await turns()
    assert other.begun == 1
    load.go.set()
    other.go.set()
    await asyncio.gather(first, joined, apart)


async def test_a_load_under_a_barrier_is_joined_by_nobody_after_it_began() -> None:
    """It may have read before a write whose result the newcomer has seen already."""
    flights, load, other = flights_of(), Load(), Load()
    first = asyncio.create_task(flights.join("k", 0, 0, load))
    await turns()
    load.flight.close()
    second = asyncio.create_task(flights.join("k", 0, 0, other))
    await turns()
    assert other.begun == 1
    load.go.set()
    other.go.set()
    await asyncio.gather(first, second)


async def test_a_load_that_takes_long_is_not_joined_any_more() -> None:
    """Its data may be older than what may be answered to somebody who asks now."""
    now = 0.0
    flights, load, other = flights_of(lambda: now), Load(), Load()
    first = asyncio.create_task(flights.join("k", 0, 0, load))
    await turns()
    now = 1.0
    second = asyncio.create_task(flights.join("k", 0, 0, other))
    await turns()
    assert other.begun == 1
    load.go.set()
    other.go.set()
    await asyncio.gather(first, second)


async def test_an_older_load_that_lands_later_does_not_hide_the_newer_one() -> None:
    """The newer one is joined until it lands itself, whenever the older one does."""
    flights, old, new, other = flights_of(), Load(), Load(), Load()
    before = asyncio.create_task(flights.join("k", 0, 0, old))
    await turns()
    after = asyncio.create_task(flights.join("k", 1, 0, new))
    await turns()
    old.go.set()
    await before
    joined = asyncio.create_task(flights.join("k", 1, 0, other))
    await turns()
    new.go.set()
    await asyncio.gather(after, joined)
    assert (new.begun, other.begun) == (1, 0)


async def test_loads_of_different_keys_do_not_wait_for_each_other() -> None:
    """One that hangs holds up nobody else."""
    flights, hung, load = flights_of(), Load(), Load()
    waiting = asyncio.create_task(flights.join("hung", 0, 0, hung))
    load.go.set()
    assert await flights.join("k", 0, 0, load) == 1
    hung.go.set()
    await waiting


async def test_a_load_that_was_not_waited_for_and_failed_is_not_complained_about() -> None:
    """Its callers have all left; asyncio must not report it as forgotten either."""
    flights, load = flights_of(), Load(RuntimeError("no"))
    caller = asyncio.create_task(flights.join("k", 0, 0, load))
    await turns()
    caller.cancel()
    load.go.set()
    await turns()
    assert "k" not in flights
    del caller
    gc.collect()
