"""Cache: one process's view of what is kept, hot and in Redis. Opened by `open_cache`, closed with it.

    async with open_cache("redis://127.0.0.1:6379", hot_bytes=64 << 20) as cache:
        boards = cache.region("board", Board, ttl_seconds=30)
        answer = await boards.get(tag, load=lambda: compute(user), floor=seen)
        async with cache.write(tag, drop=[boards]) as write:
            ...  # change the truth
        write.version  # the floor for whoever must see this write

Invariant: a hot copy is answered for at most `staleness_seconds` after its Redis key changed, whoever changed it and
whatever became of the connection, and never below the floor it is asked with. `docs/cache.md` says why.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from cache.handover import (
    LOADS,
    MOST_BYTES,
    MOST_NAMES,
    PRELOAD_SECONDS,
    SHARE,
    TTL_SECONDS,
    Handover,
    LoadOf,
    Preloaded,
)
from cache.hot_tiers import HotTiers
from cache.lookup import Answer, Lookup
from cache.options import LOAD_SECONDS, MAX_VALUE_BYTES, RegionOptions
from cache.records import Records
from cache.region import Region
from cache.replicas import replicated
from cache.shared import checked_name, version_key
from cache.tiers import Tiers
from cache.traffic import Traffic
from cache.writing import Once, Quota, Write, Writes

T = TypeVar("T")


class Cache:
    """Regions and records over one Redis, with this process's copies in front. See `open_cache`.

    `link` is the untracked link, for whatever else is asked of the same Redis; `traffic` counts the bytes of all links.
    """

    def __init__(
        self, tiers: Tiers, *, traffic: Traffic, prefix: str, barrier_seconds: float, staleness_seconds: float
    ) -> None:
        self.traffic = traffic
        self.staleness_seconds = staleness_seconds
        self.link = tiers.link
        self.hot = tiers.hot
        self._tiers = tiers
        self._prefix = prefix
        self._regions: list[Region[Any]] = []
        self._regions_by_name: dict[str, Region[Any]] = {}
        self._records_by_name: dict[str, Records] = {}
        self._handover = Handover(tiers, prefix=prefix, regions=self._regions_by_name, records=self._records_by_name)
        self._writes = Writes(tiers, prefix=prefix, barrier_seconds=barrier_seconds)

    # --- kinds of things -----------------------------------------------------------------------------------------

    def region(
        self,
        name: str,
        value_type: type[T],
        *,
        ttl_seconds: float,
        schema: int = 1,
        refresh_seconds: float = 0.0,
        stale_on_error_seconds: float = 0.0,
        outage: bool = True,
        max_loads: int = 8,
        load_seconds: float = LOAD_SECONDS,
        max_value_bytes: int = MAX_VALUE_BYTES,
    ) -> Region[T]:
        """A kind of value, cached over a load. `schema` goes up when the type changes so that old bytes don't fit.

        A value is fresh for `ttl_seconds` (a tenth less at random). For `refresh_seconds` more it is answered while one
        load refreshes it; for `stale_on_error_seconds` more it is answered in place of a load that fails, failed within
        the last second, or is refused; an invalidation ends all that. `outage`: whether a copy may stand in for a Redis
        that cannot be reached.
        `max_loads` run at once in this process, none for longer than `load_seconds`.

        Raises Misuse, also for a type whose values could be changed by whoever reads them.
        """
        options = RegionOptions(
            name=name,
            ttl_seconds=ttl_seconds,
            schema=schema,
            refresh_seconds=refresh_seconds,
            stale_on_error_seconds=stale_on_error_seconds,
            outage=outage,
            max_loads=max_loads,
            load_seconds=load_seconds,
            max_value_bytes=max_value_bytes,
        )
        join_seconds = self.staleness_seconds / 2
        region = Region(self._tiers, value_type, options, prefix=self._prefix, join_seconds=join_seconds)
        self._regions.append(region)
        self._regions_by_name[name] = region
        return region

    def records(self, name: str, *, outage: bool = True) -> Records:
        """A kind of record whose truth is Redis."""
        records = self._records_by_name[name] = Records(self._tiers, name, prefix=self._prefix, outage=outage)
        return records

    # --- reading -------------------------------------------------------------------------------------------------

    async def look(self, *lookups: Lookup[Any], stale: bool = False) -> list[Answer[Any] | None]:
        """An answer or None for each lookup, in at most one round trip, and in none if all are held hot.

        The first is the guard: while it has no answer the others have none either, and nothing of theirs is kept.
        `stale`: copies may be answered, marked, while Redis cannot be reached. Raises Unavailable, Overloaded.
        """
        return await self._tiers.look(lookups, guarded=True, stale=stale)

    def forget(self, tag: str) -> None:
        """Drops this process's copies of an owner; a load under way is not joined any more.

        What is being read now may still be kept: Redis tells of its changes as of any copy's.
        """
        self._tiers.forget(tag)

    # --- writing -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def write(
        self,
        tag: str,
        *,
        drop: Sequence[Region[Any]] | None = None,
        alive: str | None = None,
        once: Once | None = None,
        quotas: Sequence[Quota] = (),
    ) -> AsyncIterator[Write]:
        """Brackets a write to the owner's truth: nothing cached of it survives, nothing older is answered after it.

        `drop`: the regions that the write affects (None: all). Before the block runs there may be raised, with nothing
        done: Refused, where the record under the key `alive` does not exist; Repeated and Reused, where the key of
        `once` was used before, for this or for something else; OverQuota, where one of `quotas` is used up;
        Unavailable.

        The block has a deadline, which raises Unavailable. If it raises, its write counts as unknown: the barrier stays
        until it ends by itself, since the write may still land. The same if Redis goes away before the end:
        Unavailable is raised.
        """
        regions = self._regions if drop is None else drop
        async with self._writes.write(tag, regions, alive=alive, once=once, quotas=quotas) as write:
            yield write

    async def may_write(
        self, tag: str, *, alive: str | None = None, once: Once | None = None, quotas: Sequence[Quota] = ()
    ) -> None:
        """Raises what `write` would raise before its block, and changes nothing: for what is costly and comes first.

        One round trip. Whoever is let in here may still be refused by `write`, where it is decided.
        """
        await self._writes.may_write(tag, alive=alive, once=once, quotas=quotas)

    async def invalidate(self, tag: str, *regions: Region[Any]) -> int:
        """Drops what is cached of an owner in these regions, everywhere; the owner's new version. Raises Unavailable.

        For a truth that was changed by somebody else: loads under way are not stored, and who asks with the new version
        as the floor is not answered from them.
        """
        return await self._writes.invalidate(tag, regions)

    async def invalidate_tag(self, tag: str) -> int:
        """As `invalidate`, in every region of this cache."""
        return await self.invalidate(tag, *self._regions)

    async def replicated(self, tag: str) -> bool:
        """Whether a replica has what was written of this owner; True where there is none. See `cache.replicas`."""
        return await replicated(self.link, version_key(checked_name("a tag", tag)))

    # --- handing over --------------------------------------------------------------------------------------------

    async def write_manifest(
        self,
        slot: str,
        *,
        most_names: int = MOST_NAMES,
        most_bytes: int = MOST_BYTES,
        ttl_seconds: float = TTL_SECONDS,
    ) -> int:
        """Leaves the names of the hottest copies for whoever serves this slot next; how many. Values are not written.

        While nothing is held, nothing is written, and a former manifest stays. Raises Unavailable, Overloaded.
        """
        return await self._handover.write(slot, most_names=most_names, most_bytes=most_bytes, ttl_seconds=ttl_seconds)

    async def preload(
        self,
        slot: str,
        *,
        load: LoadOf | None = None,
        seconds: float = PRELOAD_SECONDS,
        share: float = SHARE,
        loads: int = LOADS,
        most_names: int = MOST_NAMES,
    ) -> Preloaded:
        """Reads what the slot's manifest names; a warm start. All regions and records have been made before.

        Within `seconds` and `share` of the hot budget. What Redis does not hold is made by `load(region's name, tag)`,
        at most `loads` times, as if it had been asked for. An outage, a manifest of no use and a load that fails end
        it or leave something out; none is raised.
        """
        return await self._handover.preload(
            slot, load=load, seconds=seconds, share=share, loads=loads, most_names=most_names
        )

    # --- how things stand ----------------------------------------------------------------------------------------

    def state(self) -> tuple[str, str]:
        """Whether hot copies are trusted now (`trusted`, `suspect`, `lost`, `off`), and if not, why."""
        if isinstance(self._tiers, HotTiers):
            lease = self._tiers.lease
            return lease.state, lease.reason
        return "off", "no hot copies are wanted"

    @property
    def lease_seconds(self) -> float:
        """For how long copies may be trusted if no other heartbeat is answered; 0 while they are not."""
        return self._tiers.lease.left_seconds if isinstance(self._tiers, HotTiers) else 0.0

    @property
    def backlog(self) -> int:
        """Calls to Redis that wait for an answer, on all links."""
        tracked = self._tiers.tracked.backlog if isinstance(self._tiers, HotTiers) else 0
        return self.link.backlog + tracked

    async def trusted(self, within_seconds: float) -> bool:
        """Waits until hot copies are trusted, but no longer than this: for tests, preloading and warm starts."""
        deadline = asyncio.get_running_loop().time() + within_seconds
        while self.state()[0] != "trusted":
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(0.005)
        return True

    async def close(self) -> None:
        """Cancels every load under way."""
        for region in self._regions:
            await region.close()
