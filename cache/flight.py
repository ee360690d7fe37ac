"""One load per key at a time, and who may join it.

Joining is for callers who may use the result: nothing was invalidated since it took off, it reflects the floor they
ask with, and it took off within `join_seconds` (half of B), so that its data is not older than what may be answered.
A load that runs while its owner is writing is joined by nobody who comes after it began: it may have read before the
write, and its joiner may have seen the write already.

The load runs in a task of its own, so a caller who is cancelled takes nobody down with it; the table is cleared in one
place, whatever the load does.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Flight:
    """What is known of one load. `version` is the owner's version it was begun at, once that was read."""

    __slots__ = ("began", "floor", "generation", "open", "task", "version")

    def __init__(self, generation: int, floor: int, began: float) -> None:
        self.generation = generation
        self.floor = floor
        self.began = began
        self.version: int | None = None
        self.open = True
        self.task: asyncio.Task[Any]

    def close(self) -> None:
        """Nobody may join any more."""
        self.open = False


Load = Callable[[Flight], Coroutine[Any, Any, T]]


class Flights(Generic[T]):
    """The loads under way in this process, by key. `join_seconds`: how old one may be to be joined."""

    def __init__(self, *, clock: Callable[[], float], join_seconds: float) -> None:
        self._clock = clock
        self._join_seconds = join_seconds
        self._running: dict[str, Flight] = {}
        self._tasks: set[asyncio.Task[T]] = set()

    async def join(self, key: str, generation: int, floor: int, load: Load[T]) -> T:
        """The result of the running load of this key if it will do, else of a new one; its error is everybody's."""
        return await asyncio.shield(self.start(key, generation, floor, load))

    def start(self, key: str, generation: int, floor: int, load: Load[T]) -> "asyncio.Task[T]":
        """The load itself, for whoever does not want to wait for it."""
        flight = self._running.get(key)
        if flight is None or not self._serves(flight, generation, floor):
            flight = Flight(generation, floor, self._clock())
            flight.task = asyncio.get_running_loop().create_task(load(flight), name=f"load {key}")
            self._running[key] = flight
            self._tasks.add(flight.task)
            landing = flight
            flight.task.add_done_callback(lambda task: self._landed(key, landing))
        task: asyncio.Task[T] = flight.task
        return task

    def __contains__(self, key: str) -> bool:
        return key in self._running

    async def close(self) -> None:
        """Cancels what is still running."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _serves(self, flight: Flight, generation: int, floor: int) -> bool:
        reflects = flight.floor if flight.version is None else flight.version
        young = self._clock() - flight.began < self._join_seconds
        return flight.open and flight.generation == generation and reflects >= floor and young

    def _landed(self, key: str, flight: Flight) -> None:
        self._tasks.discard(flight.task)
        if self._running.get(key) is flight:
            del self._running[key]
        if not flight.task.cancelled():
            flight.task.exception()  # seen: a load whose callers all left must not be reported as forgotten
