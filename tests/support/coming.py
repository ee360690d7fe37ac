"""The one way to wait for something inside an event loop."""

import asyncio
import time
from collections.abc import Callable


async def comes_true(predicate: Callable[[], object], within_seconds: float = 5.0) -> None:
    """Returns once it is true; fails after the deadline."""
    deadline = time.monotonic() + within_seconds
    while not predicate():
        assert time.monotonic() < deadline, f"not so within {within_seconds} s: {predicate}"
        await asyncio.sleep(0.01)
