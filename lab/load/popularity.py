"""Zipf's law: of things in the order of their popularity, the one in place r is wanted as 1 / r ** exponent.

G. K. Zipf, Human Behavior and the Principle of Least Effort (1949); for the web, Breslau et al., Web Caching and
Zipf-like Distributions (1999).
"""

from bisect import bisect_right
from itertools import accumulate


class Zipf:
    """Chooses among up to `most` things; an exponent of 0 wants all of them alike."""

    def __init__(self, most: int, exponent: float) -> None:
        self._up_to: list[float] = list(accumulate(place**-exponent for place in range(1, most + 1)))

    def place(self, chance: float, among: int | None = None) -> int:
        """The place (from 0) that a chance in [0, 1) falls on, if there are `among` things; never beyond the most."""
        count = len(self._up_to) if among is None else min(among, len(self._up_to))
        return min(bisect_right(self._up_to, chance * self._up_to[count - 1], 0, count), count - 1)

    def share(self, place: int) -> float:
        """How often this place is chosen, of all `most`."""
        before = self._up_to[place - 1] if place else 0.0
        return (self._up_to[place] - before) / self._up_to[-1]
