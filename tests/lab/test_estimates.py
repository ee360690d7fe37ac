"""Medians of a few measurements, and how sure they are."""

import random

import pytest

from lab.compare.estimates import estimate


@pytest.mark.parametrize(("number", "confidence"), [(1, 0.0), (3, 0.75), (5, 0.9375), (6, 0.96875)])
def test_few_values_give_their_whole_range_and_little_confidence(number: int, confidence: float) -> None:
    found = estimate([float(value) for value in range(number)])
    assert (found.low, found.high, found.confidence) == (0, number - 1, confidence)


def test_with_more_values_the_interval_is_within_them() -> None:
    """Of nine, the second and the eighth: 96 %; leaving out two at each end would be 82 %."""
    found = estimate([9, 1, 8, 2, 7, 3, 6, 4, 5])
    assert (found.median, found.low, found.high) == (5, 2, 8)
    assert found.confidence == pytest.approx(0.9609, abs=1e-4)


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    """Of a lopsided distribution; its median is ln 2."""
    chance = random.Random(7)
    held = 0
    for _ in range(4000):
        found = estimate([chance.expovariate(1.0) for _ in range(9)])
        held += found.low <= 0.6931 <= found.high
    assert held / 4000 == pytest.approx(found.confidence, abs=0.015)


def test_intervals_that_touch_cannot_be_told_apart() -> None:
    low, middle, high = estimate([1, 2, 3]), estimate([3, 4, 5]), estimate([6, 7, 8])
    assert low.overlaps(middle)
    assert middle.overlaps(low)
    assert not middle.overlaps(high)
    assert not high.overlaps(low)


def test_another_unit_scales_everything() -> None:
    found = estimate([1, 2, 3]).scaled(1000)
    assert (found.median, found.low, found.high, found.values) == (2000, 1000, 3000, (1000, 2000, 3000))


def test_nothing_measured_is_no_estimate() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        estimate([])
    with pytest.raises(ValueError, match="above 0"):
        estimate([1]).scaled(0)
