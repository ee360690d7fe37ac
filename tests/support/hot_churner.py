"""A program: one process whose small hot cache is asked for ever new owners, and which says what memory it takes.

    python hot_churner.py redis://127.0.0.1:6379 576000

lets 576,000 owners come and go, at most sixteen at once, while a day passes by the clock of its cache. It writes a
`Sample` in JSON at the start and at each of `SAMPLES` moments after that. With `leak` as a further argument it keeps
what it should not: the board of each owner.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import msgspec
from cache_doubles import Clock
from hot_filler import Board, board, id_of, session, tag_of
from resident import resident_bytes

from cache import Answer, Cache, NullObserver, open_cache
from cache.hot_tiers import HotTiers

SAMPLES: Final = 10
AT_ONCE: Final = 16
HOT_BYTES: Final = 2 << 20  # some 400 owners
SECONDS_PER_OWNER: Final = 0.15  # by the clock of the cache
TTL_SECONDS: Final = 30  # 200 owners
STALENESS_SECONDS: Final = 60.0
CONNECTION_OWNERS: Final = 1000  # how many come before the connection is lost
EARLIER: Final = (40, 250, 1600)  # how many owners ago those came who come back: still held, expired, evicted
UNREACHED: Final = 1 << 40  # a floor that nobody has been given


class Sample(msgspec.Struct, frozen=True):
    """How things stood once so many owners had come. `events` are counts, by name, since the start."""

    owners: int
    bytes: int
    held: int
    counted_bytes: int
    events: dict[str, int]


class Counting(NullObserver):
    """Counts what the cache tells, by name."""

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()

    def called(self, operation: str, result: str, seconds: float) -> None:
        self.events["calls"] += operation not in ("lease", "check")

    def looked_up(self, region: str, tier: str, hit: bool) -> None:
        self.events["lookups"] += 1
        self.events["hits"] += hit and tier == "hot"

    def loaded(self, region: str, seconds: float, ok: bool) -> None:
        self.events["loads"] += 1

    def evicted(self, region: str, reason: str) -> None:
        self.events[reason] += 1

    def invalidated(self, region: str, reason: str, copies: int = 1) -> None:
        self.events[reason] += copies


class LoadFailed(Exception):
    """The truth could not be read."""


class WriteFailed(Exception):
    """The truth may have been written, or not."""


class Churn:
    """Owners who come once: they are read, written, invalidated, cancelled, refused, and never heard of again."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._boards = cache.region("board", Board, ttl_seconds=TTL_SECONDS, max_loads=AT_ONCE)
        self._sessions = cache.records("session")
        self._ways: tuple[Callable[[int], Coroutine[Any, Any, object]], ...] = (
            self._writes,
            self._is_written_by_another,
            self._is_invalidated,
            self._logs_out,
            self._cannot_be_loaded,
            self._gives_up,
            self._fails_to_write,
            self._asks_for_too_much,
        )

    async def come(self, number: int) -> None:
        """One owner's visit."""
        await self._sessions.create(
            tag_of(number), id_of(number), session(number), lives_seconds=60, now=number, ends=number + 60
        )
        await self._page(number)
        await self._sessions.change(tag_of(number), id_of(number), {"unread": "0"}, counts=False)
        await self._page(number)
        await self._page(number)
        for earlier in EARLIER:
            await self._page(max(0, number - earlier))
        await self._ways[number % len(self._ways)](number)
        await self._page(number)

    async def _page(self, number: int) -> None:
        """A session, and the board behind it."""
        tag = tag_of(number)
        _, found = await self._cache.look(self._sessions.lookup(tag, id_of(number)), self._boards.lookup(tag))
        await self._boards.fill(tag, self._load(number), found)

    def _load(self, number: int) -> Callable[[], Coroutine[Any, Any, Board]]:
        async def load() -> Board:
            return board(number)

        return load

    async def _writes(self, number: int) -> None:
        async with self._cache.write(tag_of(number), drop=[self._boards]) as write:
            pass
        await self._boards.get(tag_of(number), self._load(number), floor=write.version)

    async def _is_written_by_another(self, number: int) -> None:
        tag = tag_of(number)
        await self._cache.link.ask("foreign", ("SET", self._boards.key(tag), "nothing of ours", "PX", 50))

    async def _is_invalidated(self, number: int) -> None:
        await self._cache.invalidate(tag_of(number), self._boards)

    async def _logs_out(self, number: int) -> None:
        await self._sessions.delete(tag_of(number), [id_of(number)])

    async def _cannot_be_loaded(self, number: int) -> None:
        await self._cache.invalidate(tag_of(number), self._boards)
        with suppress(LoadFailed):
            await self._boards.get(tag_of(number), fails)

    async def _gives_up(self, number: int) -> None:
        await self._cache.invalidate(tag_of(number), self._boards)
        asking = asyncio.ensure_future(self._boards.get(tag_of(number), self._load(number)))
        for _ in range(number // len(self._ways) % 6):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    async def _fails_to_write(self, number: int) -> None:
        with suppress(WriteFailed):
            async with self._cache.write(tag_of(number), drop=[self._boards]):
                raise WriteFailed

    async def _asks_for_too_much(self, number: int) -> Answer[Board]:
        return await self._boards.get(tag_of(number), self._load(number), floor=UNREACHED)


async def fails() -> Board:
    """A load that does."""
    raise LoadFailed


@asynccontextmanager
async def trusting(url: str, clock: Clock, told: Counting) -> AsyncIterator[Cache]:
    async with open_cache(
        url,
        hot_bytes=HOT_BYTES,
        staleness_seconds=STALENESS_SECONDS,
        barrier_seconds=1,
        deadline_seconds=10,
        observer=told,
        clock=clock,
    ) as cache:
        await cache.trusted(5)
        yield cache


async def renew(cache: Cache) -> None:
    """Has a heartbeat sent now: the cache's clock runs ahead of that by which the next one would be due."""
    assert isinstance(cache._tiers, HotTiers)
    cache._tiers.lease._changed.set()
    if not await cache.trusted(5):
        raise TimeoutError(f"no trust: {cache.state()}")


async def lose_connection(cache: Cache) -> None:
    """Has Redis end the tracked connection, and with it all that is held."""
    await cache.link.ask("foreign", ("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"))
    async with asyncio.timeout(5):
        while len(cache.hot):  # noqa: ASYNC110  # what is waited for comes from Redis
            await asyncio.sleep(0.005)
    await renew(cache)


async def churn(url: str, owners: int, *, leak: bool) -> AsyncIterator[Sample]:
    """What was taken, at the start and at each sample."""
    clock, told, leaked = Clock(), Counting(), []
    async with trusting(url, clock, told) as cache:
        visits = Churn(cache)
        yield Sample(0, resident_bytes(), 0, 0, {})
        for first in range(0, owners, AT_ONCE):
            numbers = range(first, first + AT_ONCE)
            await asyncio.gather(*(visits.come(number) for number in numbers))
            if leak:
                leaked += [board(number) for number in numbers]
            clock.advance(AT_ONCE * SECONDS_PER_OWNER)
            await renew(cache)
            if numbers.stop % (owners // SAMPLES) < AT_ONCE:
                yield Sample(numbers.stop, resident_bytes(), len(cache.hot), cache.hot.bytes, dict(told.events))
            if numbers.stop % CONNECTION_OWNERS < AT_ONCE:
                await lose_connection(cache)


async def main() -> None:
    _, url, owners, *leak = sys.argv
    async for sample in churn(url, int(owners), leak=bool(leak)):
        print(msgspec.json.encode(sample).decode(), flush=True)  # noqa: T201  # for who started it


if __name__ == "__main__":
    asyncio.run(main())
