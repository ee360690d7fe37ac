"""A process that asks for one cold key, very often at once: `python cold_key.py URL HOT_BYTES CALLERS`.

It says that it is ready by counting `READY` up, waits for `GO`, counts its loads in `LOADS`, and prints what it was
answered, each value once.
"""

import asyncio
import sys

from cache import Cache, open_cache

READY = "cold_key:ready"
GO = "cold_key:go"
LOADS = "cold_key:loads"


async def ask(url: str, hot_bytes: int, callers: int) -> set[int]:
    """All that so many callers were answered."""
    async with open_cache(url, hot_bytes=hot_bytes, deadline_seconds=60) as cache:
        region = cache.region("cold", int, ttl_seconds=30)
        if hot_bytes:
            assert await cache.trusted(10), cache.state()
        await cache.link.ask("count", ("INCR", READY))
        await let_go(cache)

        async def load() -> int:
            await cache.link.ask("count", ("INCR", LOADS))
            await asyncio.sleep(0.1)
            return 7

        return {answer.value for answer in await asyncio.gather(*(region.get("ada", load) for _ in range(callers)))}


async def let_go(cache: Cache) -> None:
    """Until somebody sets the sign."""
    while (await cache.link.ask("read", ("GET", GO)))[0] is None:  # noqa: ASYNC110  # it is set in Redis
        await asyncio.sleep(0.005)


if __name__ == "__main__":
    print(*asyncio.run(ask(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201  # this is its answer
