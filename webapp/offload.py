"""CPU-bound work off the event loop, a bounded number at once and a bounded number waiting."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from webapp.errors import Overloaded

T = TypeVar("T")


class Offload:
    """A few threads for one kind of work."""

    def __init__(self, name: str, *, at_once: int, most_waiting: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._name = name
        self._waiting = 0
        self._most_waiting = most_waiting

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, from another thread. Raises Overloaded."""
        if self._waiting >= self._most_waiting:
            raise Overloaded(self._name)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Lets running work end, refuses the rest."""
        self._threads.shutdown(wait=False, cancel_futures=True)
