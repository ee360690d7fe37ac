"""Blocking work off the event loop, a bounded number at once and a bounded number waiting."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from webapp.errors import Overloaded

T = TypeVar("T")


class Offload:
    """A few threads for one kind of work. A thread is taken as long as its work runs, whether or not anybody waits."""

    def __init__(self, name: str, *, at_once: int, most_waiting: int) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix=name)
        self._free = asyncio.Semaphore(at_once)
        self._name = name
        self._waiting = 0
        self._most_waiting = most_waiting
        self._given_up = 0

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises, from another thread. Raises Overloaded, and TimeoutError after `give_up`."""
        if self._waiting >= self._most_waiting:
            raise Overloaded(self._name)
        self._waiting += 1
        try:
            return await self._run(work)
        finally:
            self._waiting -= 1

    def give_up(self) -> None:
        """Fails all that wait for a thread now. Safe from any thread."""
        self._given_up += 1

    def close(self) -> None:
        """Lets running work end, refuses the rest."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], T]) -> T:
        loop, given_up = asyncio.get_running_loop(), self._given_up
        await self._free.acquire()
        if given_up != self._given_up:
            self._free.release()
            raise TimeoutError(f"gave up waiting for a thread: {self._name}")
        try:
            running = self._threads.submit(work)
        except BaseException:
            self._free.release()
            raise

        def release(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._free.release)

        running.add_done_callback(release)
        return await asyncio.wrap_future(running)
