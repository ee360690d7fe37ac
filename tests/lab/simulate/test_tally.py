"""How a fall of the hit rate is told from chance."""

from lab.simulate.tally import Dip, Seconds, dip


def _seconds(*rates: float, lookups: int = 1000) -> Seconds:
    found = Seconds(len(rates))
    for second, rate in enumerate(rates):
        found.lookups[second] = lookups
        found.hot[second] = round(rate * lookups)
    return found


def test_a_fall_has_a_lowest_window_and_an_end() -> None:
    """Ten seconds at 0.2: the lowest five are all of them, the last window to be low ends soon after."""
    found = dip(_seconds(*[0.8] * 10, *[0.2] * 10, *[0.8] * 20), 0.8, 10, 40)
    assert (found.before, found.lowest) == (0.8, 0.2)
    assert 10 < found.recovered_seconds <= 10 + 5


def test_no_fall_is_no_fall() -> None:
    """Nor is one of less than a twentieth."""
    assert dip(_seconds(*[0.8] * 30), 0.8, 5, 30) == Dip(0.8, 0.8, 0.0)
    assert dip(_seconds(*[0.77] * 30), 0.8, 5, 30) == Dip(0.8, 0.8, 0.0)


def test_what_so_few_lookups_may_be_by_chance_is_no_fall() -> None:
    """A rate of 0.6 in place of 0.8 among ten lookups a second; among a thousand it is one."""
    assert not dip(_seconds(*[0.6] * 20, lookups=10), 0.8, 0, 20).recovered_seconds
    assert dip(_seconds(*[0.6] * 20, lookups=1000), 0.8, 0, 20).recovered_seconds == 20


def test_a_rate_of_nothing_is_none() -> None:
    """And says that it is of no lookups."""
    assert Seconds(10).rate(0, 10) == (0.0, 0)
