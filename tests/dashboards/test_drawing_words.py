"""Values, times and looks in words: units, steps, thresholds, mappings."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.drawing.board import Defaults, FieldConfig, Matcher, Override, Property, Step, Thresholds
from dashboards.drawing.errors import Misuse
from dashboards.drawing.intervals import MOST_POINTS, Span, rate_seconds, rounded, seconds_of, step_seconds, written
from dashboards.drawing.look import colour, look_of
from dashboards.drawing.times import span_of
from dashboards.drawing.units import knows, size_of, told

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "words"),
    [
        (0.0123, "s", None, "12.3 ms"),
        (0.9999, "s", None, "1 s"),
        (90, "s", None, "1.5 min"),
        (0, "s", None, "0 s"),
        (250, "ms", None, "250 ms"),
        (0.42, "percentunit", None, "42 %"),
        (1, "percentunit", None, "100 %"),
        (0.99995, "percentunit", None, "99.995 %"),
        (0.9999999999, "percentunit", None, "99.9999 %"),
        (0.999, "percentunit", 1, "99.9 %"),
        (42.25, "percent", None, "42.2 %"),
        (1536, "bytes", None, "1.5 KiB"),
        (0, "bytes", None, "0 B"),
        (3 << 20, "bytes", None, "3 MiB"),
        (1500, "decbytes", None, "1.5 kB"),
        (12.5, "reqps", None, "12.5 req/s"),
        (123_456, "short", None, "123 K"),
        (9_999, "none", None, "9999"),
        (2.0, "none", 2, "2.00"),
        (3, "suffix: nines", None, "3 nines"),
        (3, "prefix:x", None, "x3"),
        (-0.25, "s", None, "-250 ms"),
        (math.nan, "s", None, "-"),
        (math.inf, "s", None, "∞"),
    ],
)
def test_a_value_is_told_in_its_unit(value: float, unit: str, decimals: float | None, words: str) -> None:
    """Three digits that matter; of what is almost all, the part that is missing."""
    assert told(value, unit, decimals) == words
    assert knows(unit)


def test_an_unknown_unit_stands_behind_the_value_and_is_known_to_be_unknown() -> None:
    """A dashboard with a unit that is not drawn right is found by a test."""
    assert told(3, "furlongs") == "3 furlongs"
    assert not knows("furlongs")


@given(st.floats(min_value=0, max_value=1, exclude_max=True))
def test_nothing_but_all_is_told_as_all(share: float) -> None:
    """99.99999 % is not 100 %: for an objective that difference is the point."""
    assert told(share, "percentunit") != "100 %"


@pytest.mark.parametrize(("high", "unit", "size"), [(5 << 20, "bytes", 1 << 20), (300, "s", 60), (7, "reqps", 1)])
def test_an_axis_is_divided_as_people_count(high: float, unit: str, size: float) -> None:
    """Bytes by 1024, minutes by 60."""
    assert size_of(high, unit) == size


@pytest.mark.parametrize(("text", "seconds"), [("15m", 900), ("1h30m", 5400), ("250ms", 0.25), ("2d", 172_800)])
def test_lengths_of_time_are_read_and_written_alike(text: str, seconds: float) -> None:
    """As Prometheus writes them."""
    assert seconds_of(text) == seconds
    assert seconds_of(written(seconds)) == seconds


@pytest.mark.parametrize("text", ["", "15", "m", "15 m", "15x", "-5m", "1m x"])
def test_what_is_no_length_of_time_is_none(text: str) -> None:
    """It is not read as far as it goes."""
    assert seconds_of(text) == 0.0


@pytest.mark.parametrize(
    ("seconds", "points", "finest", "step"),
    [(900, 1440, 5, 5), (900, 480, 1, 2), (3840, 480, 5, 10), (6 * 3600, 720, 5, 30), (7 * 86_400, 720, 5, 900)],
)
def test_the_step_is_that_of_grafana(seconds: float, points: int, finest: float, step: float) -> None:
    """The range over the points, rounded by Grafana's table, never finer than what is scraped."""
    assert step_seconds(Span(0, seconds), points=points, finest=finest) == step


@given(st.floats(10, 31 * 86_400), st.integers(1, 100_000), st.sampled_from([1.0, 5.0, 15.0, 60.0]))
def test_no_question_asks_for_more_points_than_prometheus_gives(seconds: float, points: int, finest: float) -> None:
    """Whatever is chosen."""
    assert seconds / step_seconds(Span(0, seconds), points=points, finest=finest) <= MOST_POINTS


def test_rounding_goes_up_with_what_is_rounded() -> None:
    """A longer range never has a finer step."""
    steps = [rounded(seconds) for seconds in (0.001, 0.2, 1, 3, 7, 16, 40, 100, 400, 1000, 5000, 40_000, 10**6, 10**8)]
    assert all(one <= other for one, other in pairwise(steps))


def test_a_rate_has_four_scrapes_or_a_step_and_one() -> None:
    """`$__rate_interval`."""
    assert rate_seconds(5, 5) == 20
    assert rate_seconds(300, 5) == 305


def test_the_time_shown_is_told_in_three_ways() -> None:
    """So long until now; from one moment to another; relative to now."""
    assert span_of(None, None, None, now=NOW) == Span(NOW - 900, NOW)
    assert span_of("2h", None, None, now=NOW) == Span(NOW - 7200, NOW)
    assert span_of(None, "now-1h", "now-30m", now=NOW) == Span(NOW - 3600, NOW - 1800)
    assert span_of(None, "2026-09-21T00:00+00:00", "2026-09-21T01:00+00:00", now=NOW).seconds == 3600


@pytest.mark.parametrize(
    ("last", "start", "end", "why"),
    [
        ("soon", None, None, "--last soon is no length of time"),
        ("15m", "now-1h", None, "not both"),
        (None, None, "now", "--to needs --from"),
        (None, "yesterday", None, "--from yesterday is no time"),
        (None, "now", "now-1h", "beginning before its end"),
        ("60d", None, None, "31 days"),
        ("1s", None, None, "10 seconds"),
        (None, "now-5", None, "--from 5 is no length of time"),
    ],
)
def test_what_is_no_time_is_refused_with_a_sentence(
    last: str | None, start: str | None, end: str | None, why: str
) -> None:
    """That says what is allowed."""
    with pytest.raises(Misuse, match=why):
        span_of(last, start, end, now=NOW)


CONFIG = FieldConfig(
    Defaults(
        unit="s",
        thresholds=Thresholds(steps=(Step("green"), Step("orange", 0.25), Step("red", 1.0))),
        mappings=(
            {"type": "value", "options": {"0": {"text": "none", "color": "blue"}}},
            {"type": "range", "options": {"from": 100, "to": None, "result": {"text": "for ever"}}},
            {"type": "special", "options": {"match": "nan", "result": {"text": "unknown"}}},
        ),
    ),
    (
        Override(Matcher("byName", "p99"), (Property("unit", "ms"), Property("custom.fillOpacity", 5))),
        Override(Matcher("byRegexp", "/^web/"), (Property("color", {"mode": "fixed", "fixedColor": "purple"}),)),
        Override(Matcher("byFrameRefID", "B"), (Property("displayName", "the other"),)),
    ),
)


def test_thresholds_give_a_value_its_colour() -> None:
    """Each holds from its value upwards."""
    look = look_of(CONFIG, "p50", "A")
    assert [look.colour_of(value) for value in (0.1, 0.25, 0.9, 1.0)] == [
        colour(name) for name in ("green", "orange", "orange", "red")
    ]


def test_mappings_stand_in_the_place_of_numbers() -> None:
    """Of one value, of a range without an end, of no number."""
    look = look_of(CONFIG, "p50", "A")
    assert [look.told(value) for value in (0, 0.5, 200, math.nan)] == ["none", "500 ms", "for ever", "unknown"]
    assert look.colour_of(0) == colour("blue")


def test_overrides_hold_for_the_series_they_name() -> None:
    """By its name, by a part of it, by its query; and for no other."""
    assert look_of(CONFIG, "p99", "A").unit == "ms"
    assert look_of(CONFIG, "p99", "A").custom == {"fillOpacity": 5}
    assert look_of(CONFIG, "web-1", "A").colour == colour("purple")
    assert look_of(CONFIG, "any", "B").name == "the other"
    plain = look_of(CONFIG, "any", "A")
    assert (plain.unit, plain.colour, plain.name, plain.custom) == ("s", None, "", {})


def test_shades_are_lighter_and_darker() -> None:
    """Grafana's names; what has none is grey, a number is itself."""
    assert int(colour("dark-red")[1:3], 16) < int(colour("red")[1:3], 16) < int(colour("light-red")[1:3], 16)
    assert colour("#123456") == "#123456"
    assert colour("unheard-of") == colour("gray")
