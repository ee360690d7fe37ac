"""Loading: a value is made once for all who wait for it, in the fleet and in this process, and stored if that is safe.

Whoever gets the fleet's lease of a key loads and stores; the others ask again, in growing steps, until the value is
there or the lease is gone. Under a barrier, and where Redis takes nothing in, a value is loaded and not stored.
At most `max_loads` run at once; what waits beyond sixteen times that is refused. In place of a load that is refused, or
that failed a moment ago, a former value is answered where there is one and the region allows it.
"""

import asyncio
import logging
import random
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from cache.connection import Reply
from cache.errors import ErrorReply, Overloaded, Unavailable
from cache.flight import Flight
from cache.lookup import Answer, ForeignReply, Lookup
from cache.options import RegionOptions
from cache.pauses import Pauses
from cache.shared import FILL, RELEASE, STORE, lease_key, version_key, writers_key
from cache.tiers import Tiers
from cache.values import Values

T = TypeVar("T")

WAITING_PER_LOAD: Final = 16
FIRST_WAIT_SECONDS: Final = 0.002
LONGEST_WAIT_SECONDS: Final = 0.05
NEVER_FRESH_MS: Final = 1 << 52  # more than any time to live

_log = logging.getLogger(__name__)

Load = Callable[[], Awaitable[T]]


class Loading(Generic[T]):
    """The loads of one region."""

    def __init__(self, tiers: Tiers, values: Values[T], options: RegionOptions) -> None:
        self._tiers = tiers
        self._values = values
        self._options = options
        self._loads = asyncio.Semaphore(options.max_loads)
        self._pauses = Pauses(tiers.clock)
        self._waiting = 0
        self._max_waiting = options.max_loads * WAITING_PER_LOAD
        self._fill = tiers.link.script(FILL)
        self._store = tiers.link.script(STORE)
        self._release = tiers.link.script(RELEASE)

    async def load(self, lookup: Lookup[T], load: Load[T], flight: Flight) -> Answer[T]:
        """Gets the owner's value by a load, or from whoever else in the fleet is loading it.

        Raises what `load` does, Unavailable, and Overloaded if too much is waiting already.
        """
        crowded = self._waiting >= self._max_waiting
        if crowded:
            self._tiers.observer.load_refused(self._options.name)
        if crowded or lookup.key in self._pauses:
            former = await self._former(lookup)
            if former is not None:
                return former
        if crowded:
            raise Overloaded(f"loads of region {self._options.name!r}")
        self._waiting += 1
        try:
            return await self._settle(lookup, load, flight)
        finally:
            self._waiting -= 1

    async def _settle(self, lookup: Lookup[T], load: Load[T], flight: Flight) -> Answer[T]:
        """Gets the fleet's lease and loads; or waits for whoever has it, and answers what they stored."""
        token = secrets.token_hex(8)
        keys = (version_key(lookup.tag), writers_key(lookup.tag), lookup.key, lease_key(lookup.key))
        stale_ms = int(self._options.stale_seconds * 1000)
        wait, until = FIRST_WAIT_SECONDS, self._tiers.clock() + self._options.load_seconds
        while True:
            async with self._loads:
                now = self._tiers.clock()
                args = (token, int(self._options.load_seconds * 1000), stale_ms)
                kind, counted, stored, left_ms = await self._fill("fill", keys, args)
                version = int(counted)
                if kind == b"stored":
                    answer = self._stored_answer(lookup, stored, version, left_ms, now)
                    if answer is not None and not answer.stale:
                        return answer
                    stale_ms = NEVER_FRESH_MS  # of no use: it is not to be answered again
                    continue
                flight.version = version
                if kind != b"wait" or now >= until:
                    former = self._fallback(self._stored_answer(lookup, stored, version, left_ms, now))
                    return await self._load_once(lookup, load, flight, former, token if kind == b"load" else None)
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, not a secret
            stale_ms = int(self._options.stale_seconds * 1000)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)

    async def _load_once(
        self, lookup: Lookup[T], load: Load[T], flight: Flight, former: Answer[T] | None, token: str | None
    ) -> Answer[T]:
        """Loads; stores if there is a lease (`token`); answers `former`, if there is one, in place of a failure."""
        if token is None:
            flight.close()
        try:
            value = await self._timed(load)
        except Exception:
            await self._give_back(lookup, token)
            if former is None:
                raise
            self._pauses.begin(lookup.key)
            self._tiers.observer.stale_served(self._options.name, "error")
            return former
        self._pauses.end(lookup.key)
        if token is not None and (stored_at := await self._keep(lookup, value, token)):
            return Answer(value, "load", stored_at, 0.0)
        return Answer(value, "load", flight.version or 0, 0.0, overtaken_by=await self._reached(lookup))

    async def _former(self, lookup: Lookup[T]) -> Answer[T] | None:
        """What Redis has, without a load, if it is fresh after all or may stand in for one. Raises Unavailable."""
        if not self._options.stale_on_error_seconds:
            return None
        now = self._tiers.clock()
        # The version first: a write between the two is then a value newer than its label, never an older one.
        reading = (("GET", version_key(lookup.tag)), ("PTTL", lookup.key), ("GET", lookup.key))
        try:
            counted, left_ms, stored = await self._tiers.link.ask("read", *reading, again=True)
            version = int(counted or 0)
        except (ErrorReply, ValueError):
            return None
        answer = self._fallback(self._stored_answer(lookup, stored, version, int(left_ms), now))
        if answer is not None and answer.stale:
            self._tiers.observer.stale_served(self._options.name, "error")
        return answer

    def _stored_answer(
        self, lookup: Lookup[T], stored: Reply, version: int, left_ms: int, now: float
    ) -> Answer[T] | None:
        """What a script found stored: marked `error`, to be answered only in place of one, if it is past its time."""
        try:
            entry = self._values.entry(lookup.tag, lookup.key, stored, version=version, left_ms=left_ms, now=now)
        except ForeignReply:
            return None
        value = None if entry is None else self._values.decode(entry)
        if entry is None or value is None:
            return None
        stale = "" if now < entry.fresh_until else "error"
        return Answer(value, "redis", version, now - entry.made_at, stale)  # type: ignore[arg-type]  # one of Stale

    def _fallback(self, answer: Answer[T] | None) -> Answer[T] | None:
        """What may be answered in place of a load that fails."""
        past = self._options.ttl_seconds + self._options.stale_on_error_seconds
        if answer is None or not self._options.stale_on_error_seconds or answer.age_seconds >= past:
            return None
        return answer

    async def _keep(self, lookup: Lookup[T], value: T, token: str) -> int:
        """Stores a loaded value; the owner's version with it, 0 if it was not stored.

        Redis failing now costs the next reader a load, and this one nothing.
        """
        try:
            encoded = self._values.encode(lookup.key, value)
        except BaseException:
            await self._give_back(lookup, token)
            raise
        if encoded is None:
            await self._give_back(lookup, token)
            return 0
        keys = (version_key(lookup.tag), writers_key(lookup.tag), lookup.key, lease_key(lookup.key))
        try:
            return await self._tiers.store(self._store, keys, (token, *encoded), lookup)
        except (Unavailable, Overloaded) as error:
            _log.info("a loaded value was not stored: %s", error)
            return 0

    async def _reached(self, lookup: Lookup[T]) -> int:
        """What the owner's version is now; 0 if Redis does not say.

        A load that was not stored may hold a write that began after the load did; and a process that has not heard of
        that write yet may hold an older copy whose label is as high as that of the load.
        """
        try:
            [counted] = await self._tiers.link.ask("read", ("GET", version_key(lookup.tag)), again=True)
            return int(counted or 0)
        except (Unavailable, Overloaded, ValueError) as error:
            _log.debug("it is not known by what a load was overtaken: %s", error)
            return 0

    async def _give_back(self, lookup: Lookup[T], token: str | None) -> None:
        """Lets the next one load at once; without this the lease ends by itself."""
        if token is None:
            return
        try:
            await self._release("fill", (lease_key(lookup.key),), (token,))
        except (Unavailable, Overloaded) as error:
            _log.debug("a lease was not given back: %s", error)

    async def _timed(self, load: Load[T]) -> T:
        started = time.perf_counter()
        ok = False
        try:
            async with asyncio.timeout(self._options.load_seconds) as limit:
                value = await load()
            ok = True
            return value
        except TimeoutError as error:
            if limit.expired():
                raise Unavailable(
                    "load", f"region {self._options.name!r}: no value within {self._options.load_seconds} s"
                ) from error
            raise
        finally:
            self._tiers.observer.loaded(self._options.name, time.perf_counter() - started, ok)
