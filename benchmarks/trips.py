"""How many round trips to Redis an answer takes: counted, not timed."""

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from benchmarks.figures import Figure, Part
from benchmarks.hits import Page, load
from cache import NullObserver, open_cache

MANY: Final = [f"one-of-many{number}" for number in range(50)]
OWNER: Final = "somebody"


class Trips(NullObserver):
    """Counts the calls on the links, but for those that nobody waits for: heartbeats and checks."""

    def __init__(self) -> None:
        self.calls = 0

    def called(self, operation: str, result: str, seconds: float) -> None:
        if operation not in ("lease", "check"):
            self.calls += 1

    async def of(self, answer: Awaitable[Any]) -> int:
        """How many calls it took."""
        before = self.calls
        await answer
        return self.calls - before


def measure(url: str) -> Part:
    """Fifty values at once, and what a page needs of one person, hot and stateless."""
    how = "Every call on a link is one round trip: all its commands are written at once and answered in order. "
    how += "The counts are in the table above."
    return Part("Round trips", how, asyncio.run(_count(url)))


async def _count(url: str) -> list[Figure]:
    stateless, hot = Trips(), Trips()
    async with (
        open_cache(url, observer=stateless) as without,
        open_cache(url, hot_bytes=64 << 20, observer=hot) as cache,
    ):
        far, near = Page(without), Page(cache)
        await near.trusted()
        for tag in (*MANY, OWNER):
            await far.create(tag)
        counted = [
            ("`get_many` of 50 keys, stateless", await stateless.of(_many(far)), 1),
            ("`get_many` of 50 keys, hot cache, the first time", await hot.of(_many(near)), 1),
            ("`get_many` of 50 keys, hot", await hot.of(_many(near)), 0),
            ("a session and a board, stateless", await stateless.of(_pair(far)), 1),
            ("a session and a board, hot cache, the first time", await hot.of(_pair(near)), 1),
            ("a session and a board, hot", await hot.of(_pair(near)), 0),
        ]
    return [Figure(f"round trips of {what}", trips, "", most, at_most=True) for what, trips, most in counted]


async def _many(page: Page) -> None:
    await page.boards.get_many(MANY, lambda tag: load())


async def _pair(page: Page) -> None:
    session, board = await page.cache.look(page.sessions.lookup(OWNER, "s1"), page.boards.lookup(OWNER))
    if session is None or board is None:
        raise AssertionError("what was asked for was not there")
