"""Region: values of one type that are cached over a load. Hot copy, then Redis, then one load for all who wait.

Invariant: an answer reflects at least the floor it was asked with; a value made from older data is neither answered nor
stored, in memory or in Redis.

Not promised: how fresh *other* people's data inside a value is; that is the region's `ttl_seconds`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Generic, TypeVar

from cache.flight import Flight, Flights
from cache.loading import Load, Loading
from cache.lookup import Answer, Lookup
from cache.options import RegionOptions
from cache.tiers import Tiers
from cache.values import Values

T = TypeVar("T")

_log = logging.getLogger(__name__)


class Region(Generic[T]):
    """One kind of value, one per owner. Made by `Cache.region`, which says what the options mean."""

    def __init__(
        self, tiers: Tiers, value_type: type[T], options: RegionOptions, *, prefix: str, join_seconds: float
    ) -> None:
        self.name = options.name
        self._tiers = tiers
        self._max_loads = options.max_loads
        self._values = Values(value_type, options, prefix=prefix, observer=tiers.observer)
        self._head = self._values.head
        self._loading = Loading(tiers, self._values, options)
        self._flights: Flights[Answer[T]] = Flights(clock=tiers.clock, join_seconds=join_seconds)

    def key(self, tag: str) -> str:
        """The Redis key of the owner's value."""
        return self._values.key(tag)

    def lookup(self, tag: str, *, floor: int = 0) -> Lookup[T]:
        """Asks for the owner's value, no older than the owner's version `floor`."""
        return Lookup(self._values, tag, self.key(tag), floor)

    async def get(self, tag: str, load: Load[T], *, floor: int = 0, stale: bool = False) -> Answer[T]:
        """The owner's value, from the nearest tier that has it.

        `stale`: a copy held here may be answered, marked, while Redis cannot be reached.
        Raises Unavailable, Overloaded, Misuse for a bad tag, or what `load` raises.
        """
        key = f"{self._head}{tag}}}" if type(tag) is str else self.key(tag)
        answer: Answer[T] | None = self._tiers.held(self._values, key, floor)
        if answer is None:
            lookup = self.lookup(tag, floor=floor)
            [answer] = await self._tiers.look_past_hot([lookup], stale=stale)
        return answer if answer is not None and not answer.stale else await self.fill(tag, load, answer, floor=floor)

    async def get_many(
        self,
        tags: Sequence[str],
        load: Callable[[str], Awaitable[T]],
        *,
        floors: Mapping[str, int] | None = None,
        stale: bool = False,
    ) -> dict[str, Answer[T]]:
        """The values of several owners, asked for in one round trip; those that are missing are loaded side by side.

        `floors` by tag, 0 where it names none. Raises as `get`; one load that fails fails the whole.
        """
        wanted = list(dict.fromkeys(tags))
        floor_of = (floors or {}).get
        lookups = [self.lookup(tag, floor=floor_of(tag, 0)) for tag in wanted]
        answers = await self._tiers.look(lookups, guarded=False, stale=stale) if lookups else []
        found = dict(zip(wanted, answers, strict=True))
        lacking = [tag for tag, answer in found.items() if answer is None or answer.stale]
        turn = asyncio.Semaphore(self._max_loads)

        async def fill(tag: str) -> Answer[T]:
            async with turn:  # one caller does not fill the queue that all wait in
                return await self.fill(tag, partial(load, tag), found[tag], floor=floor_of(tag, 0))

        found |= dict(zip(lacking, await asyncio.gather(*map(fill, lacking)), strict=True))
        return {tag: answer for tag, answer in found.items() if answer is not None}  # none is left

    async def fill(self, tag: str, load: Load[T], found: Answer[T] | None = None, *, floor: int = 0) -> Answer[T]:
        """Loads the owner's value, joining a load under way if that may be used. For a caller who looked.

        `found` is what the look gave: a value past its time is answered at once, and refreshed meanwhile; one that is
        fresh, or stands in for an outage, is handed back as it is, without a load.
        """
        if found is not None and found.stale != "refreshing":
            return found
        lookup = self.lookup(tag, floor=floor)
        generation = self._tiers.generations.of(tag)

        async def fly(flight: Flight) -> Answer[T]:
            return await self._loading.load(lookup, load, flight)

        if found is not None:
            if lookup.key not in self._flights:
                self._flights.start(lookup.key, generation, floor, fly).add_done_callback(self._refreshed)
            return found
        return await self._flights.join(lookup.key, generation, floor, fly)

    async def close(self) -> None:
        """Cancels the loads under way."""
        await self._flights.close()

    def _refreshed(self, task: "asyncio.Task[Answer[T]]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.info("a refresh of region %r failed: %s", self.name, error)
