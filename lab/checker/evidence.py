"""What was known by when: the strongest of everything that was known before a moment, found in O(log n)."""

from bisect import bisect_left
from collections.abc import Hashable, Iterable
from typing import NamedTuple

from lab.history import Request


class Item(NamedTuple):
    """From `known_at` on it was known that nothing may be seen that had surely happened before `strength`, both in
    seconds; `number` and `request` say by what. `tag` is whose it is: whoever is told apart by it."""

    known_at: float
    strength: float
    tag: Hashable
    number: int
    request: Request


class Evidence:
    """Items in order of when they were known, each with the strongest up to it, and the strongest of another tag."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._times: list[float] = []
        self._best: list[Item] = []
        self._other: list[Item | None] = []
        best: Item | None = None
        other: Item | None = None
        for item in sorted(items, key=lambda each: each.known_at):
            if best is None or item.strength > best.strength:
                if best is not None and best.tag != item.tag:
                    other = best
                best = item
            elif item.tag != best.tag and (other is None or item.strength > other.strength):
                other = item
            self._times.append(item.known_at)
            self._best.append(best)
            self._other.append(other)

    def before(self, moment: float, *, but: Hashable = None) -> Item | None:
        """The strongest item known before this moment (not at it), of any tag but this one; None if there is none."""
        place = bisect_left(self._times, moment) - 1
        if place < 0:
            return None
        best = self._best[place]
        return self._other[place] if but is not None and best.tag == but else best


def strongest(items: Iterable[Item]) -> dict[Hashable, Evidence]:
    """Evidence of each tag apart."""
    apart: dict[Hashable, list[Item]] = {}
    for item in items:
        apart.setdefault(item.tag, []).append(item)
    return {tag: Evidence(each) for tag, each in apart.items()}
