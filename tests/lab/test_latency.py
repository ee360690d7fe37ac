"""Histograms: figures to three digits or two, merged without loss, in bounded memory."""

from lab.load.latency import NOTHING, ROUGH, Histogram, merged


def _of(*seconds: float) -> Histogram:
    found = Histogram()
    for each in seconds:
        found.record(each)
    return found


def test_figures_are_right_to_three_digits() -> None:
    """From microseconds to a minute."""
    told = _of(*[n / 10_000 for n in range(1, 10_001)]).told()
    assert told.count == 10_000
    for found, expected in (
        (told.mean, 0.50005),
        (told.p50, 0.5),
        (told.p90, 0.9),
        (told.p99, 0.99),
        (told.p999, 0.999),
    ):
        assert found is not None
        assert abs(found - expected) / expected < 0.001
    assert told.longest is not None
    assert abs(told.longest - 1) < 0.001
    assert _of(0.000_005, 60).percentiles(100, 1) == [60.030975, 0.000_005]


def test_histograms_are_merged_without_loss() -> None:
    """As if all had been recorded in one."""
    one, other = _of(0.001, 0.002, 0.5), _of(0.004, 7.0)
    assert merged([one.told(), NOTHING, other.told()]) == _of(0.001, 0.002, 0.5, 0.004, 7.0).told()
    assert merged([]) == NOTHING


def test_what_is_told_can_be_opened_and_asked_for_more() -> None:
    """A report is enough to draw a whole distribution from."""
    assert Histogram.opened(_of(0.001, 0.002, 0.5).told()).percentiles(50) == _of(0.002).percentiles(50)
    assert Histogram.opened(NOTHING).count == 0
    assert Histogram.opened(NOTHING).told() == NOTHING


def test_a_rough_histogram_is_right_to_two_digits() -> None:
    """And can be merged with others."""
    rough = Histogram(ROUGH)
    for n in range(1, 1001):
        rough.record(n / 1000)
    told = rough.told()
    assert told.p50 is not None
    assert abs(told.p50 - 0.5) / 0.5 < 0.01
    both = merged([told, _of(7.0).told()])
    assert both.count == 1001
    assert both.longest is not None
    assert abs(both.longest - 7) < 0.1


def test_what_is_told_is_of_now() -> None:
    """Though it is worked out once only."""
    found = _of(0.001)
    first = found.told()
    assert found.told() is first
    found.record(0.5)
    assert found.told().count == 2


def test_nothing_is_lost_that_is_too_long_or_too_short() -> None:
    """Two minutes and more count as two minutes, less than a microsecond as one."""
    told = _of(500.0, 0.0, -1.0).told()
    assert told.count == 3
    assert told.longest is not None
    assert 120 <= told.longest < 120.1
    assert told.p50 == 0.000_001
