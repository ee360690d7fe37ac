"""Zipf's law, as it is drawn from."""

from collections import Counter
from random import Random

import pytest

from lab.load.popularity import Zipf

DRAWS = 40_000


@pytest.mark.parametrize("exponent", [0.0, 0.7, 1.0, 1.5])
def test_places_are_drawn_by_the_law(exponent: float) -> None:
    """Of each place as often as 1 / r ** exponent says, within five standard deviations."""
    zipf, chance = Zipf(50, exponent), Random(1)
    drawn = Counter(zipf.place(chance.random()) for _ in range(DRAWS))
    weights = [place**-exponent for place in range(1, 51)]
    for place, weight in enumerate(weights):
        expected = weight / sum(weights)
        assert zipf.share(place) == pytest.approx(expected)
        spread = (expected * (1 - expected) * DRAWS) ** 0.5
        assert abs(drawn[place] - expected * DRAWS) < 5 * spread, place


def test_among_fewer_only_those_are_drawn() -> None:
    """By the law for so many, up to the ends of the chance."""
    zipf = Zipf(1000, 1.0)
    assert [zipf.place(chance, among=3) for chance in (0.0, 0.54, 0.55, 0.81, 0.82, 0.999999)] == [0, 0, 1, 1, 2, 2]
    assert zipf.place(0.999999999, among=10_000) == 999
    assert zipf.place(0.5, among=1) == 0
