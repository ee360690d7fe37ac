"""Cache: one process's view of what is kept, hot and in Redis. Opened by `open_cache`, closed with it.

    async with open_cache("redis://127.0.0.1:6379", hot_bytes=64 << 20) as cache:
        boards = cache.region("board", Board, ttl_seconds=30)
        answer = await boards.get(tag, load=lambda: compute(user), floor=seen)
        async with cache.write(tag, drop=[boards.key(tag)]) as write:
            ...  # change the truth
        write.version  # the floor for whoever must see this write

Invariant: a hot copy is answered for at most `trust_seconds` after it was asked for, never below the floor it is asked
with, and never after a write of this process to the same owner.

Not promised yet: that a hot copy notices another process's write sooner than that. Keep `trust_seconds` small.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from cache.errors import Refused
from cache.link import Link
from cache.observer import GuardedObserver, NullObserver, Observer
from cache.records import Records
from cache.region import Region
from cache.shared import BEGIN, COMMIT, checked_name, version_key
from cache.tiers import Tiers

T = TypeVar("T")


def boot_clock() -> float:
    """Seconds since boot, sleep included; never stepped by anyone who sets the time."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@asynccontextmanager
async def open_cache(
    url: str,
    *,
    hot_bytes: int = 0,
    trust_seconds: float = 1.0,
    deadline_seconds: float = 0.9,
    observer: Observer | None = None,
    clock: Callable[[], float] = boot_clock,
) -> AsyncIterator["Cache"]:
    """A cache over the Redis at `url`; with `hot_bytes` above 0 it also keeps copies in this process.

    Does not wait for Redis: a process may start while Redis is away. Raises Misuse for an address it cannot use.
    """
    told = GuardedObserver(observer or NullObserver())
    link = Link(url, deadline_seconds=deadline_seconds, called=told.called)
    cache = Cache(Tiers(link, hot_bytes=hot_bytes, trust_seconds=trust_seconds, observer=told, clock=clock))
    try:
        yield cache
    finally:
        await cache.close()
        await link.close()


class Write:
    """A write under way. `version` is the owner's version that includes it, once the block has ended."""

    def __init__(self, version: int) -> None:
        self.version = version


class Cache:
    """Regions and records over one link, with one hot cache in front. See `open_cache`."""

    def __init__(self, tiers: Tiers) -> None:
        self.link = tiers.link
        self.hot = tiers.hot
        self.look = tiers.look
        self.forget = tiers.forget
        self._tiers = tiers
        self._regions: list[Region[Any]] = []
        self._begin = tiers.link.script(BEGIN)
        self._commit = tiers.link.script(COMMIT)

    def region(
        self, name: str, value_type: type[T], *, schema: int = 1, ttl_seconds: float, max_loads: int = 8
    ) -> Region[T]:
        """A kind of value, cached over a load. `schema` goes up when the type changes so that old bytes don't fit."""
        region = Region(self._tiers, name, value_type, schema=schema, ttl_seconds=ttl_seconds, max_loads=max_loads)
        self._regions.append(region)
        return region

    def records(self, name: str) -> Records:
        """A kind of record whose truth is Redis."""
        return Records(name, self.link, trust_seconds=self._tiers.trust_seconds)

    @asynccontextmanager
    async def write(self, tag: str, *, drop: Sequence[str] = (), alive: str | None = None) -> AsyncIterator[Write]:
        """Brackets a write to the owner's truth: nothing cached of it survives, nothing older is answered after it.

        `alive` names a record that must exist, or Refused is raised and the block does not run; so does Unavailable.
        If Redis goes away before the end, Unavailable is raised and whether the write happened is unknown.
        """
        counter = version_key(checked_name("a tag", tag))
        version = int(await self._begin("begin", (counter, alive or counter, *drop), ("1" if alive else "0",)))
        if version < 0:
            self.forget(tag)
            raise Refused(f"the record {alive} that this write depends on is gone")
        self.forget(tag)
        write = Write(version)
        try:
            yield write
        finally:
            self.forget(tag)
            write.version = int(await self._commit("commit", (counter, *drop), ()))
            self.forget(tag)

    async def close(self) -> None:
        """Cancels every load under way."""
        for region in self._regions:
            await region.close()
