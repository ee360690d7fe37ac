"""An event loop whose time stands still until it is turned, and which can be run one round at a time.

No timer fires by itself, nothing ever waits, and whatever the machine's load, the same steps give the same order of
events. `activity` rises whenever anything happens, so that its user can tell when all is quiet.
"""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class _CountingSelector(selectors.DefaultSelector):
    """Counts the events it hands out."""

    def __init__(self) -> None:
        super().__init__()
        self.events = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(timeout)
        self.events += len(found)
        return found


class TurnedLoop(asyncio.SelectorEventLoop):
    """`now` is its time, in seconds; whoever raises it runs `once` then, and what was due happens."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._calls = 0
        self._selecting = _CountingSelector()
        super().__init__(self._selecting)

    def time(self) -> float:
        return self.now

    def call_soon(self, callback: Callable[..., Any], *args: Any, **how: Any) -> asyncio.Handle:
        self._calls += 1
        return super().call_soon(callback, *args, **how)

    @property
    def activity(self) -> int:
        """How much has happened so far."""
        return self._calls + self._selecting.events

    def once(self) -> None:
        """One round: what is ready, what is due, what came over the network; all without waiting."""
        super().call_soon(self.stop)
        self.run_forever()
