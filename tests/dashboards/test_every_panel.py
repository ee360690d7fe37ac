"""Every panel of every dashboard, asked of a real Prometheus that watched a real stack: all have something to show, in
the unit they claim, and those about failures show the failures."""

import math
from collections.abc import Iterator

import pytest
from eventful import Happened, eventful

from dashboards.drawing.board import load_boards
from dashboards.drawing.evaluating import Answered, Evaluated, Series, evaluate
from dashboards.drawing.intervals import Span
from dashboards.drawing.pictures import KINDS
from dashboards.drawing.prometheus import Prometheus
from dashboards.drawing.units import knows

pytestmark = [pytest.mark.stack, pytest.mark.timeout(500)]

BOARDS = ("failover", "fleet", "promises", "sticky")

# Which queries have nothing to find in such a run, and why.
WITHOUT_DATA: dict[tuple[str, str, str], str] = {
    ("promises", "Which alerts are firing?", "A"): "no alert fires within so short a time",
}

# The least and the most that a value of each unit can be in this run.
LIMITS = {
    "percentunit": (0.0, 1.0),
    "reqps": (0.0, 2000.0),
    "cps": (0.0, 100_000.0),
    "s": (0.0, 10.0),
    "dtdurations": (0.0, 3600.0),
    "bytes": (0.0, float(1 << 33)),
    "short": (0.0, 1e6),
    "none": (0.0, 1e6),
}
# What may leave them: a share that is a difference, or a number that has none of these limits.
WIDER: dict[tuple[str, str], tuple[float, float]] = {}


@pytest.fixture(scope="module")
def _seen(
    tmp_path_factory: pytest.TempPathFactory, clean_environ: dict[str, str]
) -> Iterator[tuple[dict[str, Evaluated], Happened]]:
    with eventful(tmp_path_factory.mktemp("eventful"), clean_environ) as (stack, happened):
        prometheus = Prometheus(stack.address("prometheus"))
        assert prometheus.scrape_seconds() == 1
        span = Span(happened.began, happened.ended)
        boards = load_boards()
        assert set(boards) == set(BOARDS)
        yield (
            {name: evaluate(board, prometheus, span, {}, scrape_seconds=1) for name, board in boards.items()},
            happened,
        )


@pytest.fixture
def seen(_seen: tuple[dict[str, Evaluated], Happened]) -> dict[str, Evaluated]:
    """The dashboards with their answers, by name."""
    return _seen[0]


@pytest.fixture
def happened(_seen: tuple[dict[str, Evaluated], Happened]) -> Happened:
    return _seen[1]


def panel(evaluated: Evaluated, title: str) -> Answered:
    [found] = [each for each in evaluated.panels if each.title == title]
    return found


def values(answered: Answered, name: str) -> Series:
    [found] = [series for series in answered.series if series.name == name]
    return found


def between(series: Series, start: float, end: float) -> list[float]:
    return [
        value
        for moment, value in zip(series.times, series.values, strict=True)
        if start <= moment <= end and not math.isnan(value)
    ]


@pytest.mark.parametrize("name", BOARDS)
def test_every_query_parses_and_finds_something(seen: dict[str, Evaluated], name: str) -> None:
    """Prometheus takes each as Grafana would send it; where nothing can be found in this run, the reason is given."""
    found = seen[name]
    assert found.problems == ()
    assert {each.panel.type for each in found.panels} <= set(KINDS)
    empty = [
        (name, each.title, target.ref_id)
        for each in found.panels
        for target in each.panel.asked
        if not any(series.numbers for series in each.series if series.ref_id == target.ref_id)
    ]
    assert [one for one in empty if one not in WITHOUT_DATA] == []


@pytest.mark.parametrize("name", BOARDS)
def test_every_value_is_in_the_unit_that_is_claimed(seen: dict[str, Evaluated], name: str) -> None:
    """No share above one, no milliseconds where seconds are said, nothing below nothing."""
    wrong = []
    for each in seen[name].panels:
        for series in each.series:
            assert knows(series.look.unit), (each.title, series.look.unit)
            least, most = WIDER.get((name, each.title)) or LIMITS[series.look.unit or "none"]
            outside = [value for value in series.numbers if not least - 1e-9 <= value <= most + 1e-9]
            if outside:
                wrong.append((each.title, series.name, series.look.unit, outside[:3]))
    assert wrong == []
