"""One load per key at a time.

A flight is joined only by callers who may use its result: same key, same generation of the tag (nothing was
invalidated since it took off) and a floor it satisfies. The load runs in a task of its own, so a caller who is
cancelled takes nobody down with it; the table is cleared in one place, whatever the load does.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    generation: int
    floor: int


class Flights(Generic[T]):
    """The loads under way in this process, by key."""

    def __init__(self) -> None:
        self._running: dict[str, _Flight[T]] = {}
        self._tasks: set[asyncio.Task[T]] = set()

    async def join(self, key: str, generation: int, floor: int, load: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of the running load of this key if it will do, else of a new one; its error is everybody's."""
        flight = self._running.get(key)
        if flight is None or flight.generation != generation or flight.floor < floor:
            flight = _Flight(asyncio.create_task(load(), name=f"load {key}"), generation, floor)
            self._running[key] = flight
            self._tasks.add(flight.task)
            flight.task.add_done_callback(lambda task: self._landed(key, task))
        return await asyncio.shield(flight.task)

    async def close(self) -> None:
        """Cancels what is still running."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, key: str, task: asyncio.Task[T]) -> None:
        self._tasks.discard(task)
        flight = self._running.get(key)
        if flight is not None and flight.task is task:
            del self._running[key]
        if not task.cancelled():
            task.exception()  # seen: a load whose callers all left must not be reported as forgotten
