"""A program: one process with a hot cache, that reads one record again and again and says what it was answered.

    python hot_reader.py redis://127.0.0.1:6379 0.5 1000

reads ada's record with a staleness of 0.5 s, once it has asked for those of 1,000 owners with long names who have none.
Each line it writes is `<when it asked> <tier> <value> <state of its lease>`, the time by CLOCK_BOOTTIME.
"""

import asyncio
import sys

from cache import Unavailable, boot_clock, open_cache

PAUSE_SECONDS = 0.002


def owner(number: int) -> str:
    """The tag of somebody with a long name."""
    return f"{number:0500}"


async def read(url: str, staleness_seconds: float, owners: int) -> None:
    """Until its standard output is closed."""
    async with open_cache(url, hot_bytes=1 << 20, staleness_seconds=staleness_seconds) as cache:
        records = cache.records("session")
        assert await cache.trusted(5)
        for number in range(owners):
            await cache.look(records.lookup(owner(number), "s"))
        while True:
            asked_at = boot_clock()
            try:
                [answer] = await cache.look(records.lookup("ada", "s"))
                line = "- -" if answer is None else f"{answer.tier} {answer.value['text']}"
            except Unavailable:
                line = "unavailable -"
            print(f"{asked_at:.6f} {line} {cache.state()[0]}", flush=True)  # noqa: T201  # for who started it
            await asyncio.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    asyncio.run(read(sys.argv[1], float(sys.argv[2]), int(sys.argv[3])))
