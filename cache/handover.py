"""Handover: who serves a slot next begins with the copies that were hottest there before.

A process writes the names of its hottest copies to Redis under its slot's name, now and then and when it leaves. Its
successor reads them back over the tracked connection: what it keeps then is kept by the reader, told of and labelled
like anything it was asked for. Names, never values: a manifest may be old, garbage or gone, and only warmth is lost.

Invariants
- Preloading evicts nothing, ends within its time whatever Redis and the loads do, and never fails its caller.
- Its copies stand in the manifest's order: read hottest first, so that what ends it early costs the coldest; then used
  once each, coldest first.

Not promised: that copies survive a connection that breaks meanwhile. They are read once more, then it is given up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any, Final, Literal

import msgspec

from cache.errors import ErrorReply, Misuse, Overloaded, Unavailable
from cache.hot import Entry
from cache.hot_tiers import HotTiers
from cache.lookup import Lookup
from cache.manifest import Manifest, Name, Unusable, names_in
from cache.records import Records
from cache.region import Region
from cache.shared import checked_name
from cache.tiers import Tiers

MOST_NAMES: Final = 20_000
MOST_BYTES: Final = 1 << 20
TTL_SECONDS: Final = 900.0
PRELOAD_SECONDS: Final = 3.0
TRUST_SECONDS: Final = 1.5  # of these, how long a lease is waited for
SHARE: Final = 0.9
LOADS: Final = 200

NAMES_PER_TURN: Final = 1000  # of the event loop
NAMES_PER_TRIP: Final = 64
TRIPS_AT_ONCE: Final = 4
LOADS_AT_ONCE: Final = 4
ATTEMPTS: Final = 2

Ended = Literal["done", "time", "bytes", "untrusted", "no manifest", "off"]
"""Why preloading was over: all was asked for; its time, or its share of the budget was used up; copies were not
trusted; there was no manifest of use; no hot copies are kept here."""

LoadOf = Callable[[str, str], Awaitable[Any]]
"""Makes the value of a region (its name) for an owner (their tag); raises if it cannot."""

_log = logging.getLogger(__name__)


class Preloaded(msgspec.Struct, frozen=True, gc=False):
    """What came of preloading: names asked for, copies held of them in the end, loads among them, and why it ended."""

    asked: int
    kept: int
    loaded: int
    seconds: float
    ended: Ended


class Handover:
    """Writes and reads the manifests of one cache. `regions` and `records` are its kinds, by name, as they are made."""

    def __init__(
        self, tiers: Tiers, *, prefix: str, regions: Mapping[str, Region[Any]], records: Mapping[str, Records]
    ) -> None:
        self._tiers = tiers
        self._prefix = prefix
        self._regions = regions
        self._records = records

    async def write(self, slot: str, *, most_names: int, most_bytes: int, ttl_seconds: float) -> int:
        """See `Cache.write_manifest`."""
        key = self._key(slot)
        if not 0 < ttl_seconds < TTL_SECONDS * 100 or most_names < 1 or most_bytes < 1:
            raise Misuse("ttl_seconds, most_names and most_bytes must be positive, and ttl_seconds at most 90000")
        if not isinstance(self._tiers, HotTiers):
            return 0
        held = list(islice(self._tiers.hot.hottest(), most_names))
        manifest = Manifest([*{**self._regions, **self._records}], most_names=most_names, most_bytes=most_bytes)
        for number, (copy, entry) in enumerate(held, 1):
            if not manifest.add(_name_of(copy, entry)):
                break
            if number % NAMES_PER_TURN == 0:
                await asyncio.sleep(0)
        if len(manifest):
            life_ms = int(ttl_seconds * 1000)
            await self._tiers.link.ask("handover", ("SET", key, manifest.encoded(), "PX", life_ms))
        return len(manifest)

    async def preload(
        self, slot: str, *, load: LoadOf | None, seconds: float, share: float, loads: int, most_names: int
    ) -> Preloaded:
        """See `Cache.preload`."""
        key = self._key(slot)
        if not 0 < seconds < float("inf") or not 0 < share <= 1 or loads < 0:
            raise Misuse("seconds must be positive, share above 0 and at most 1, loads not negative")
        if not isinstance(self._tiers, HotTiers):
            return Preloaded(0, 0, 0, 0.0, "off")
        time_of = asyncio.get_running_loop().time
        started = time_of()
        run = _Preloading(self._tiers, most_bytes=int(share * self._tiers.hot.max_bytes))
        try:
            async with asyncio.timeout(seconds) as limit:
                ended = await self._run(run, key, most_names)
                if ended == "done" and load is not None:
                    ended = await self._load(run, load, loads)
        except TimeoutError:
            if not limit.expired():
                raise
            ended = "time" if run.is_trusted() else "untrusted"
        kept = await run.settle()
        return Preloaded(len(run.asked), kept, run.loaded, time_of() - started, ended)

    async def _run(self, run: "_Preloading", key: str, most_names: int) -> Ended:
        lookups: list[Lookup[Any]] | None = None
        for _ in range(ATTEMPTS):
            if not await run.comes_to_be_trusted():
                break
            try:
                lookups = lookups or await self._wanted(key, most_names)
            except (Unavailable, Overloaded):
                continue
            if not lookups:
                return "no manifest"
            if await run.read(lookups):
                return "bytes" if run.full else "done"
        return "untrusted"

    async def _load(self, run: "_Preloading", load: LoadOf, loads: int) -> Ended:
        """Has what Redis does not hold made, as if it had been asked for; hottest first."""

        def of_regions() -> Iterator[Callable[[], Awaitable[Any]]]:
            for lookup in run.missing:
                region = self._regions.get(lookup.source.name)
                if region is not None and region.key(lookup.tag) == lookup.key:
                    yield partial(region.fill, lookup.tag, partial(load, region.name, lookup.tag))

        await run.load(islice(of_regions(), loads))
        return "bytes" if run.full else "done"

    async def _wanted(self, key: str, most_names: int) -> list[Lookup[Any]]:
        """What the manifest names and can be asked for here, hottest first. Raises Unavailable, Overloaded."""
        try:
            try:
                [data] = await self._tiers.link.ask("handover", ("GETRANGE", key, 0, MOST_BYTES), again=True)
            except ErrorReply as error:
                if error.code != "WRONGTYPE":
                    raise
                raise Unusable("it is no string") from error
            if not data:
                return []
            if not isinstance(data, bytes) or len(data) > MOST_BYTES:
                raise Unusable("it is too large")
            names = names_in(data, most_names=most_names)
        except Unusable as unusable:
            _log.info("the manifest %s is not used: %s", key, unusable)
            return []
        lookups = []
        for number, name in enumerate(names, 1):
            lookup = self._lookup(name)
            if lookup is not None:
                lookups.append(lookup)
            if number % NAMES_PER_TURN == 0:
                await asyncio.sleep(0)
        return lookups

    def _lookup(self, name: Name) -> Lookup[Any] | None:
        """What asks for it; None if it is of no kind known here, or cannot be a name."""
        try:
            if name.record_id:
                records = self._records.get(name.kind)
                return None if records is None else records.lookup(name.tag, name.record_id)
            region = self._regions.get(name.kind)
            return None if region is None else region.lookup(name.tag)
        except Misuse:
            return None

    def _key(self, slot: str) -> str:
        return f"{self._prefix}manifest:{checked_name('a slot', slot)}"


class _Preloading:
    """One preloading under way. `missing`, hottest first, is what Redis holds nothing fresh of."""

    def __init__(self, tiers: HotTiers, *, most_bytes: int) -> None:
        self.asked: dict[str, None] = {}  # keys, hottest first
        self.missing: list[Lookup[Any]] = []
        self.loaded = 0
        self.full = False
        self._tiers = tiers
        self._most_bytes = most_bytes
        self._complained = False

    def is_trusted(self) -> bool:
        """Whether what is read now is kept."""
        lease = self._tiers.lease
        return lease.keeps() and lease.holds(self._tiers.clock())

    async def comes_to_be_trusted(self) -> bool:
        """Waits for the lease, but not long, and not at all where this Redis cannot be tracked."""
        time_of = asyncio.get_running_loop().time
        deadline = time_of() + TRUST_SECONDS
        while not self.is_trusted():
            if self._tiers.lease.state == "off" or time_of() >= deadline:
                return False
            await asyncio.sleep(0.005)
        return True

    async def read(self, lookups: list[Lookup[Any]]) -> bool:
        """Asks for all, hottest first, until there is no more room. False if one connection did not carry it all."""
        number = self._tiers.tracked.number
        starts = iter(range(0, len(lookups), NAMES_PER_TRIP))
        missing: dict[int, list[Lookup[Any]]] = {}
        carried = True

        async def read_in_turn() -> None:
            nonlocal carried
            for start in starts:
                if not carried or self.full:
                    return
                batch = lookups[start : start + NAMES_PER_TRIP]
                self.asked.update(dict.fromkeys(lookup.key for lookup in batch))
                try:
                    missing[start] = await self._tiers.read_ahead(
                        [lookup for lookup in batch if self._tiers.hot.peek(lookup.key) is None], fits=self._fits
                    )
                except (Unavailable, Overloaded) as error:
                    _log.info("preloading was interrupted: %s", error)
                    carried = False
                carried = carried and self.is_trusted() and self._tiers.tracked.number == number

        async with asyncio.TaskGroup() as trips:
            for _ in range(TRIPS_AT_ONCE):
                trips.create_task(read_in_turn())
        self.missing = [lookup for start in sorted(missing) for lookup in missing[start]]
        return carried

    async def load(self, loads: Iterator[Callable[[], Awaitable[Any]]]) -> None:
        """Runs them, a few at once, until there is no more room."""

        async def load_in_turn() -> None:
            for load in loads:
                if self._tiers.hot.bytes >= self._most_bytes:
                    self.full = True
                    return
                try:
                    answer = await load()
                except Exception as error:  # noqa: BLE001  # whatever one load raises, the process is to start
                    self._complain(error)
                else:
                    self.loaded += answer.tier == "load"

        async with asyncio.TaskGroup() as turns:
            for _ in range(LOADS_AT_ONCE):
                turns.create_task(load_in_turn())

    async def settle(self) -> int:
        """Uses all that is held once, the coldest first, and so puts it in order; how many copies that are."""
        keys = list(reversed(self.asked))
        kept = 0
        for start in range(0, len(keys), NAMES_PER_TURN):
            kept += sum(self._tiers.hot.get(key) is not None for key in keys[start : start + NAMES_PER_TURN])
            await asyncio.sleep(0)
        return kept

    def _fits(self, entry: Entry) -> bool:
        """Whether there is room; once there is none, nothing colder is kept either."""
        self.full = self.full or self._tiers.hot.bytes + entry.weight > self._most_bytes
        return not self.full

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            _log.info("a preloading load failed, as others may have: %s: %s", type(error).__name__, error)


def _name_of(key: str, entry: Entry) -> Name:
    return Name(entry.region, entry.tag, "" if key.endswith("}") else key.rpartition("}:")[2])
