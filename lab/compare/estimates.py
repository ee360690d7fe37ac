"""What a few repeated measurements say: their median, and an interval in which it lies.

The interval is between two of the values themselves, the order statistics that hold the median with at least the
confidence that is asked for, whatever the distribution (Conover, Practical Nonparametric Statistics, 3.2). Few values
cannot give much confidence: three reach 75 %, five 94 %, six 97 %. What is reached is part of the answer.
"""

import math
import statistics
from collections.abc import Sequence
from typing import Final

import msgspec

CONFIDENCE: Final = 0.9


class Estimate(msgspec.Struct, frozen=True):
    """A median and the interval around it; `confidence` is how sure it is that the interval holds the true median."""

    median: float
    low: float
    high: float
    confidence: float
    values: tuple[float, ...]

    def overlaps(self, other: "Estimate") -> bool:
        """Whether the two cannot be told apart."""
        return self.low <= other.high and other.low <= self.high

    def scaled(self, factor: float) -> "Estimate":
        """In another unit. Raises ValueError for a factor that is not above 0."""
        if factor <= 0:
            raise ValueError(f"a unit's factor is above 0, got {factor}")
        values = tuple(value * factor for value in self.values)
        return Estimate(self.median * factor, self.low * factor, self.high * factor, self.confidence, values)


def estimate(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """The median, in the narrowest such interval; the widest there is if none reaches the confidence.

    Raises ValueError for no values.
    """
    if not values:
        raise ValueError("nothing was measured")
    ordered = sorted(values)
    number = len(ordered)
    cut = 0
    while 2 * (cut + 1) < number and _confidence(number, cut + 1) >= confidence:
        cut += 1
    return Estimate(
        statistics.median(ordered), ordered[cut], ordered[number - 1 - cut], _confidence(number, cut), tuple(values)
    )


def _confidence(number: int, cut: int) -> float:
    """Of the interval that leaves out so many values at each end: 1 - 2 P(Binomial(n, 1/2) <= cut)."""
    return 1.0 - float(sum(math.comb(number, k) for k in range(cut + 1))) / 2.0 ** (number - 1)
