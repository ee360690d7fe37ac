"""Whose requests come here: how many people this process holds, and what is under way for each.

Held is who was here within the last minute. Bounded: beyond `MOST_HELD` the one who was here least recently is not
counted any more.
"""

from collections.abc import Callable
from typing import Final

HELD_SECONDS: Final = 60.0
MOST_HELD: Final = 100_000


class Held:
    """People by their tag. `clock` in seconds, never set back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[str, float] = {}  # in the order in which they were last here
        self._under_way: dict[str, int] = {}
        self._expected = 0
        self._expected_until = 0.0

    def __len__(self) -> int:
        """How many people are held."""
        before = self._clock() - HELD_SECONDS
        while self._seen:
            tag = next(iter(self._seen))
            if self._seen[tag] > before:
                break
            del self._seen[tag]
        return len(self._seen)

    @property
    def belonging(self) -> int:
        """How many people belong here: those that are held, or were expected lately."""
        return max(len(self), self._expected if self._clock() < self._expected_until else 0)

    def expect(self, people: int) -> None:
        """This process takes over from one that held so many: they belong here, though they have yet to come."""
        self._expected, self._expected_until = people, self._clock() + HELD_SECONDS

    def seen(self, tag: str) -> None:
        """Somebody who is logged in was here."""
        self._seen.pop(tag, None)
        self._seen[tag] = self._clock()
        if len(self._seen) > MOST_HELD:
            del self._seen[next(iter(self._seen))]

    def let_go(self, tag: str) -> None:
        """They were sent elsewhere."""
        self._seen.pop(tag, None)

    def begin(self, tag: str) -> None:
        """A request came that claims to be theirs."""
        self._under_way[tag] = self._under_way.get(tag, 0) + 1

    def end(self, tag: str) -> None:
        """It is over."""
        left = self._under_way.pop(tag) - 1
        if left:
            self._under_way[tag] = left

    def under_way(self, tag: str) -> int:
        """How many of their requests are under way."""
        return self._under_way.get(tag, 0)
