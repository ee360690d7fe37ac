"""How long this process got no turn: tests of how long something takes are not about a machine that is busy."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PERIOD_SECONDS = 0.005


class Stalls:
    """`seconds` is the sum of all delays so far of a task that wakes every few milliseconds."""

    def __init__(self) -> None:
        self.seconds = 0.0


@asynccontextmanager
async def stalls() -> AsyncIterator[Stalls]:
    """Watches the event loop while inside."""
    found = Stalls()

    async def watch() -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(PERIOD_SECONDS)
            late = time.monotonic() - before - PERIOD_SECONDS
            if late > PERIOD_SECONDS:
                found.seconds += late

    watching = asyncio.get_running_loop().create_task(watch())
    try:
        yield found
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching
