"""Two processes' caches over one table, played by one process. `python -m examples.profiles redis://127.0.0.1:6379`"""

import asyncio
import sqlite3
import sys

import msgspec

from cache import Region, open_cache


class Profile(msgspec.Struct, frozen=True):
    """What is cached: computed from the table, never changed once made."""

    name: str


async def main(url: str) -> None:
    """Prints which tier answered, and what."""
    table = sqlite3.connect(":memory:")
    table.execute("CREATE TABLE people (handle TEXT PRIMARY KEY, name TEXT)")

    async def load() -> Profile:  # the truth: asked when no tier has the value
        return Profile(*table.execute("SELECT name FROM people WHERE handle = 'ada'").fetchone())

    async def show(profiles: Region[Profile], floor: int = 0) -> None:
        answer = await profiles.get("ada", load, floor=floor)
        print(answer.tier, answer.value.name)  # noqa: T201  # this is what the example is for

    async with open_cache(url, hot_bytes=1 << 20) as one, open_cache(url, hot_bytes=1 << 20) as two:
        here, there = (cache.region("profile", Profile, ttl_seconds=60) for cache in (one, two))
        await asyncio.gather(one.trusted(5), two.trusted(5))  # only to make what follows the same in each run

        async with one.write("ada", drop=[here]):
            table.execute("INSERT INTO people VALUES ('ada', 'Ada Byron')")
        await show(here)  # load Ada Byron
        await show(here)  # hot Ada Byron
        await show(there)  # redis Ada Byron
        await show(there)  # hot Ada Byron

        async with one.write("ada", drop=[here]) as write:
            table.execute("UPDATE people SET name = 'Ada Lovelace'")
        # Whoever was told of the write asks with its version as the floor, wherever they are served.
        await show(there, floor=write.version)  # load Ada Lovelace
        await show(here)  # redis Ada Lovelace
        await show(here)  # hot Ada Lovelace
    table.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
