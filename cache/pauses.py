"""Keys whose load failed a moment ago. For a short while it is not tried again where a former value will do: while the
truth is away, one caller per key and pause waits for a load's end, not every one.

Memory is bounded: of so many keys the newest are remembered; one that is forgotten is merely tried again.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

PAUSE_SECONDS: Final = 1.0
MOST_KEYS: Final = 1024


class Pauses:
    """The pauses of one region."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until: OrderedDict[str, float] = OrderedDict()

    def begin(self, key: str) -> None:
        """A load failed now."""
        self._until[key] = self._clock() + PAUSE_SECONDS
        self._until.move_to_end(key)
        if len(self._until) > MOST_KEYS:
            self._until.popitem(last=False)

    def end(self, key: str) -> None:
        """A load succeeded."""
        self._until.pop(key, None)

    def __contains__(self, key: str) -> bool:
        until = self._until.get(key)
        return until is not None and self._clock() < until
