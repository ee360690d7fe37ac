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
    "Bps": (0.0, float(1 << 30)),
    "short": (0.0, 1e6),
    "none": (0.0, 1e6),
}
# What may leave them: times of a whole process, shares of what may be overdrawn, and what several threads use.
WIDER: dict[tuple[str, str], tuple[float, float]] = {
    ("failover", "What was the longest gap?"): (0.0, 120.0),
    ("failover", "How long was each slot down?"): (0.0, 120.0),
    ("fleet", "Who uses the processor?"): (0.0, 2.0),
    ("promises", "What is left of the budget?"): (-1e6, 1.0),
    ("promises", "How does the budget go?"): (-1e6, 1.0),
    ("sticky", "What does stickiness save?"): (-1.0, 1.0),
}
SUCCESSOR_SECONDS = 25.0  # from a death until its successor is there and has been seen


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


def test_figures_are_those_that_the_load_measured(seen: dict[str, Evaluated], happened: Happened) -> None:
    """From the outside and from the inside it is the same site: requests, the median wait, where lookups ended."""
    per_second = panel(seen["sticky"], "How many requests are there to judge by?")
    waits = panel(seen["sticky"], "How long does every second one wait at most?")
    for mode, switch in (("stateless", "off"), ("sticky", "on")):
        measured = happened.measured[mode]
        rate = values(per_second, f"sticky {switch}")
        told = sum(rate.numbers) / len(rate.numbers)
        assert measured.requests_per_second / 2 < told < 2 * measured.requests_per_second
        median = measured.service.p50
        assert median is not None
        assert median / 10 < values(waits, f"sticky {switch}").reduced("mean") < 10 * median
    hits = values(panel(seen["sticky"], "Who answers when it is on?"), "memory")
    assert max(hits.numbers) > 0.5
    off = values(panel(seen["sticky"], "Who answers when it is off?"), "memory")
    assert max(off.numbers, default=0.0) == 0


def test_what_was_done_is_marked_on_every_dashboard(seen: dict[str, Evaluated], happened: Happened) -> None:
    """Each kill when its successor began, each restart, and the switch: by name, at its time, and no other kill."""
    for evaluated in seen.values():
        marks = {(mark.title, mark.start) for mark in evaluated.marks}

        def at(title: str, moment: float, seconds: float, marks: set[tuple[str, float]] = marks) -> bool:
            return any(name == title and moment - 1 <= start <= moment + seconds for name, start in marks)

        assert at("web-2 was killed", happened.killed["stateless"], SUCCESSOR_SECONDS), marks
        assert at("web-1 was killed", happened.killed["sticky"], SUCCESSOR_SECONDS), marks
        assert len([name for name, _ in marks if name.endswith("was killed")]) == 2, marks
        for restarted in (*happened.restarted.values(), happened.toggled):
            for name in ("web-1", "web-2", "web-3"):
                assert at(f"{name} restarted", restarted, 120), (name, marks)
        assert at("sticky on", happened.toggled, 120), marks


def test_a_slot_that_was_killed_is_seen_to_be_down(seen: dict[str, Evaluated], happened: Happened) -> None:
    """For seconds, each at its time."""
    served = panel(seen["failover"], "Which slot served when?")
    for mode, name in (("stateless", "web-2"), ("sticky", "web-1")):
        killed = happened.killed[mode]
        found = values(served, name)
        assert "down" in {found.look.told(value) for value in between(found, killed, killed + SUCCESSOR_SECONDS)}
    down = panel(seen["failover"], "How long was each slot down?")
    assert all(0 < values(down, name).reduced() < 60 for name in ("web-1", "web-2"))
    assert values(panel(seen["failover"], "What was the longest gap?"), "one slot").reduced() > 0


def test_who_was_moved_is_seen(seen: dict[str, Evaluated], happened: Happened) -> None:
    """When the instance that people belonged to was killed, and not while nobody belonged anywhere."""
    moved = values(panel(seen["failover"], "Why were people moved?"), "moved_down")
    killed = happened.killed["sticky"]
    assert max(between(moved, killed, killed + SUCCESSOR_SECONDS)) > 0
    assert max(between(moved, happened.began, happened.toggled), default=0.0) == 0
    assert panel(seen["failover"], "How many times was somebody moved?").series[0].reduced() > 0


def test_what_haproxy_put_right_is_seen(seen: dict[str, Evaluated], happened: Happened) -> None:
    """Before it knows of a death, requests are sent again, or to another slot, or find no connection."""
    right = panel(seen["failover"], "What did HAProxy put right?")
    found = [
        max(between(series, killed, killed + SUCCESSOR_SECONDS), default=0.0)
        for killed in happened.killed.values()
        for series in right.series
    ]
    assert max(found) > 0


def test_the_hit_rate_is_seen_to_dip_and_to_come_back(seen: dict[str, Evaluated], happened: Happened) -> None:
    """The successor of the killed instance begins with what it could preload."""
    hits = values(panel(seen["failover"], "How deep did the hit rate dip, and is it back?"), "web-1")
    killed = happened.killed["sticky"]
    before = between(hits, killed - 8, killed)
    after = between(hits, killed + 1, killed + SUCCESSOR_SECONDS)
    later = between(hits, killed + SUCCESSOR_SECONDS, happened.ended)
    dip = min(after)
    assert dip < sum(before) / len(before)
    assert max(later) > dip
