"""One process of the world: a cache of its own, with a way to Redis of its own, which can die and be born again."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from cache_model.raw_redis import RawRedis
from cache_model.truth import Card
from cache_model.turned_loop import TurnedLoop
from cache_model.ways import Way

from cache import Cache, Records, Region
from cache.link import Link

Opens = Callable[[str], AbstractAsyncContextManager[Cache]]


class Process:
    """`cache`, `boards` and `sessions` are there once `start` has been given a turn of the loop."""

    def __init__(self, number: int, loop: TurnedLoop, raw: RawRedis, opens: Opens) -> None:
        self.number = number
        self.way = Way(raw)
        self.cache: Cache
        self.boards: Region[Card]
        self.sessions: Records
        self._loop = loop
        self._opens = opens
        self._end: asyncio.Event
        self._life: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.way.live()
        self._end = asyncio.Event()
        self._life = self._loop.create_task(self._live(self._end), name=f"process {self.number}")

    def stop(self) -> None:
        """Begins to close its cache."""
        self._end.set()

    @property
    def ended(self) -> bool:
        return self._life is None or self._life.done()

    @property
    def trusted(self) -> bool:
        return self.cache.state()[0] == "trusted"

    @property
    def connected(self) -> bool:
        """False while it gave up an attempt to connect, and waits before the next one: all calls fail until then."""
        link = self.cache.link
        return isinstance(link, Link) and link.down is None

    async def _live(self, end: asyncio.Event) -> None:
        async with self._opens(self.way.url) as cache:
            self.cache = cache
            self.boards = cache.region(
                "board", Card, ttl_seconds=30, refresh_seconds=5, stale_on_error_seconds=10, max_loads=3
            )
            self.sessions = cache.records("session", outage=False)
            await end.wait()
