"""A Redis that can fall into a black hole: connections stay open, new ones open too, and nothing comes back.

What was sent meanwhile is lost for good, unlike behind a stopped process, which reads it when it goes on.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from door import Door

CALL_SECONDS = 10


class BlackHole:
    """The way to the server at `url`, with its own thread; `self.url` is what the stack is given."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._door = Door(url)
        self.url = self._door.url

    def open(self) -> None:
        self._thread.start()
        self._run(self._door.open())

    def swallow(self) -> None:
        """Nothing passes any more, in either direction."""
        self._loop.call_soon_threadsafe(self._door.stall)

    def give_back(self) -> None:
        """The connections of before are reset, with what they held; new ones work."""
        self._run(self._door.shut())
        self._run(self._door.open())

    def close(self) -> None:
        self._run(self._door.shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_SECONDS)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)


@contextmanager
def black_hole_before(url: str) -> Iterator[BlackHole]:
    """Open until left."""
    hole = BlackHole(url)
    hole.open()
    try:
        yield hole
    finally:
        hole.close()
