"""A program: `hot_reader.py` on a host whose clock is set a quarter of an hour on (SIGUSR1) and back (SIGUSR2).

    python stepped_reader.py redis://127.0.0.1:6379 0.5

With `all` as a third argument the clock that nobody can set goes along.
"""

import asyncio
import signal
import sys
import time
from types import FrameType

import pytest
from wall_clock import WallClock

QUARTER_SECONDS = 900


def main() -> None:
    """Before anything of the cache is imported, the clock is there."""
    _, url, staleness_seconds, *everything = sys.argv
    wall = WallClock(time.time, all_clocks=bool(everything))
    wall.hang_up(pytest.MonkeyPatch())

    def step(number: int, frame: FrameType | None) -> None:
        wall.step(QUARTER_SECONDS if number == signal.SIGUSR1 else -QUARTER_SECONDS)

    signal.signal(signal.SIGUSR1, step)
    signal.signal(signal.SIGUSR2, step)
    import hot_reader  # noqa: PLC0415  # see above

    asyncio.run(hot_reader.read(url, float(staleness_seconds), 0))


if __name__ == "__main__":
    main()
