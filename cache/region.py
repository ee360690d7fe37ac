"""Region: values of one type that are cached over a load. Hot copy, then Redis, then one load for all who wait.

Invariant: an answer reflects at least the floor it was asked with; a value made from older data is neither answered
nor stored, in memory or in Redis.

Not promised: how fresh *other* people's data inside a value is; that is the region's `ttl_seconds`.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from cache.codec import Codec
from cache.errors import Misuse, Overloaded
from cache.flight import Flights
from cache.hot import weigh
from cache.link import Reply
from cache.lookup import Answer, Found, Lookup
from cache.shared import STORE, checked_name, version_key
from cache.tiers import Tiers

T = TypeVar("T")

TTL_JITTER = 0.1  # values stored together must not expire together
WAITING_PER_LOAD = 16


class Region(Generic[T]):
    """One kind of value, one per owner. Made by `Cache.region`."""

    def __init__(
        self, tiers: Tiers, name: str, value_type: type[T], *, schema: int, ttl_seconds: float, max_loads: int
    ) -> None:
        if ttl_seconds <= 0 or max_loads <= 0:
            raise Misuse(f"region {name!r}: ttl_seconds and max_loads must be positive")
        self.name = checked_name("a region", name)
        self.trust_seconds = min(tiers.trust_seconds, ttl_seconds)
        self._tiers = tiers
        self._schema = schema
        self._ttl_seconds = ttl_seconds
        self._codec = Codec(value_type)
        self._flights: Flights[Answer[T]] = Flights()
        self._loads = asyncio.Semaphore(max_loads)
        self._waiting = 0
        self._max_waiting = max_loads * WAITING_PER_LOAD
        self._store = tiers.link.script(STORE)

    def key(self, tag: str) -> str:
        """The Redis key of the owner's value."""
        return f"{self.name}:{self._schema}:{{{checked_name('a tag', tag)}}}"

    def lookup(self, tag: str, *, floor: int = 0) -> Lookup[T]:
        """Asks for the owner's value, no older than the owner's version `floor`."""
        key = self.key(tag)
        return Lookup(self, tag, key, ("GET", key), floor)

    def read(self, reply: Reply, version: int) -> Found[T] | None:
        """The value in a reply; None for nothing, garbage, or another schema's bytes."""
        decoded = self._codec.decode(reply) if reply else None
        if decoded is None:
            return None
        value, made_at_version, stored_at = decoded
        return Found(value, made_at_version, stored_at, weigh(reply))

    async def get(self, tag: str, load: Callable[[], Awaitable[T]], *, floor: int = 0) -> Answer[T]:
        """The owner's value, from the nearest tier that has it. Raises Unavailable, Overloaded, or what `load` does."""
        [answer] = await self._tiers.look(self.lookup(tag, floor=floor))
        return answer or await self.fill(tag, load, floor=floor)

    async def fill(self, tag: str, load: Callable[[], Awaitable[T]], *, floor: int = 0) -> Answer[T]:
        """Loads the owner's value, joining a load under way if it is young enough. For a caller whose look missed."""
        key = self.key(tag)
        generation = self._tiers.hot.generation(tag)
        lookup = self.lookup(tag, floor=floor)
        return await self._flights.join(key, generation, floor, lambda: self._load(lookup, load, generation))

    async def close(self) -> None:
        """Cancels the loads under way."""
        await self._flights.close()

    async def _load(self, lookup: Lookup[T], load: Callable[[], Awaitable[T]], generation: int) -> Answer[T]:
        if self._waiting >= self._max_waiting:
            self._tiers.observer.load_refused(self.name)
            raise Overloaded(self.name)
        self._waiting += 1
        try:
            async with self._loads:
                return await self._load_and_store(lookup, load, generation)
        finally:
            self._waiting -= 1

    async def _load_and_store(self, lookup: Lookup[T], load: Callable[[], Awaitable[T]], generation: int) -> Answer[T]:
        """Version first, value second, so that the label never promises more than the content holds.

        The key is read once more beside the version: a caller whose look missed just before an earlier load was stored
        comes too late to join that load, and must not start another.
        """
        read_at = self._tiers.clock()
        counter = version_key(lookup.tag)
        counted, stored = await self._tiers.link.ask("read", ("GET", counter), lookup.command)
        version = int(counted or 0)
        found = lookup.usable(stored, version)
        if found is not None:
            self._tiers.keep(lookup, found, generation, read_at)
            return found.answer()
        value = await self._timed(load)
        encoded = self._codec.encode(value, version, time.time())
        ttl_ms = int(self._ttl_seconds * 1000 * random.uniform(1 - TTL_JITTER, 1))  # noqa: S311  # jitter, not a secret
        if await self._store("store", (counter, lookup.key), (version, encoded, ttl_ms)):
            self._tiers.keep(lookup, Found(value, version, None, weigh(encoded)), generation, read_at)
        return Answer(value, "load", version, 0.0)

    async def _timed(self, load: Callable[[], Awaitable[T]]) -> T:
        started = time.perf_counter()
        ok = False
        try:
            value = await load()
            ok = True
            return value
        finally:
            self._tiers.observer.loaded(self.name, time.perf_counter() - started, ok)
