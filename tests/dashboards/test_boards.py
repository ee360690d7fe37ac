"""What a person needs of a board: an answer in its first row, pictures that fit a laptop, a way on, no dead ends."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import promql_parser as promql
import pytest
from board_queries import OF_GRAFANA, asked, panels, walk

from dashboards.board import WIDTH
from dashboards.boards import boards
from dashboards.boards.both_modes import LEGEND
from dashboards.rules.rule import RUNBOOK

Board = dict[str, Any]
Spoil = Callable[[Board], object]
NARROWEST = 4  # columns: 220 of a laptop's 1366 pixels, for one number
NARROWEST_PICTURE = 6
# The inside of a legend is filled in by Grafana from labels.
LABELS_OF = re.compile(r"{{(\w+)}}")


def test_there_are_four_and_each_is_found_under_its_name() -> None:
    """In the order in which one would read them; a bookmark stays good."""
    assert [(each.uid, each.title) for each in boards()] == [
        ("hotseat-sticky", "1 Sticky or stateless?"),
        ("hotseat-failover", "2 Failover"),
        ("hotseat-fleet", "3 Fleet"),
        ("hotseat-promises", "4 Promises"),
    ]


def test_a_board_leads_to_the_others_and_to_the_runbook(board: Board) -> None:
    """With the same variables and the same time range."""
    assert "hotseat" in board["tags"]
    others, runbook = board["links"]
    assert (others["type"], others["tags"]) == ("dashboards", ["hotseat"])
    assert others["includeVars"]
    assert others["keepTime"]
    assert (runbook["type"], runbook["url"]) == ("link", RUNBOOK)


def test_a_board_begins_with_the_answer(board: Board) -> None:
    """Its first row is numbers alone, read at one glance: a heading and at most six of them, side by side."""
    first = [panel for panel in board["panels"] if panel["gridPos"]["y"] <= 1]
    assert first[0]["type"] == "row"
    assert first[0]["title"].endswith("?")
    assert {panel["type"] for panel in first[1:]} == {"stat"}
    assert 3 <= len(first[1:]) <= 6


def test_pictures_fit_a_laptop(board: Board) -> None:
    """Rows are full, nothing lies over anything else, and nothing is too narrow to be read."""
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in _lines(place)}
        assert not cells & taken, panel["title"]
        taken |= cells
        least = NARROWEST if panel["type"] == "stat" else NARROWEST_PICTURE
        assert place["w"] >= least, panel["title"]
    lines = {y for _, y in taken}
    assert {y: sum((x, y) in taken for x in range(WIDTH)) for y in lines} == dict.fromkeys(lines, WIDTH)


def test_every_panel_asks_a_question_and_says_why_it_may_be_empty(board: Board) -> None:
    """A title that ends with a question mark, two of which are never the same; a sentence in place of nothing."""
    for panel in panels(board):
        assert panel["title"].endswith("?"), panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["noValue"].endswith("."), panel["title"]
    for key in ("id", "title"):
        given = [panel[key] for panel in board["panels"]]
        assert len(set(given)) == len(given), sorted(given)


def test_every_series_has_a_name(board: Board) -> None:
    """A legend is never the whole of a series with its braces; the letters of queries differ."""
    for panel in panels(board):
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)
        if panel["type"] != "table":
            assert all(target["legendFormat"] for target in panel["targets"]), panel["title"]


def test_what_a_legend_names_is_there(board: Board) -> None:
    """Each label of a legend is one that its query keeps: in `by`, or untouched."""
    for panel in panels(board):
        for target in panel["targets"]:
            for label in LABELS_OF.findall(target["legendFormat"]):
                assert label != "job", "a job is a kind of process; what the application calls so is its exported_job"
                assert re.search(rf"\bby \([^)]*\b{label}\b", target["expr"]) or label == "slo", target


def test_nothing_is_tied_to_a_time(board: Board) -> None:
    """No length of time is written into a query: it all comes from the range that is looked at. It ends now."""
    assert re.fullmatch(r"now-\d+[mh]", board["time"]["from"])
    assert board["time"]["to"] == "now"
    assert [length for each in asked(board) for length in _lengths(each.expression) if length not in OF_GRAFANA] == []


@pytest.mark.parametrize("expression", ["x[5m]", "max_over_time(x[$__range:15s])", "x offset 1h", "x offset -1h"])
def test_a_length_of_time_in_a_query_is_noticed(expression: str) -> None:
    """Wherever one can stand."""
    assert [length for length in _lengths(expression) if length not in OF_GRAFANA] != []


def test_colours_mean_the_same_everywhere(board: Board) -> None:
    """Sticky is green and stateless orange on every picture that shows both."""
    for panel in panels(board):
        if panel["targets"][0]["legendFormat"] == LEGEND:
            colours = {
                override["matcher"]["options"]: override["properties"][0]["value"]["fixedColor"]
                for override in panel["fieldConfig"]["overrides"]
            }
            assert colours == {"sticky on": "green", "sticky off": "orange"}, panel["title"]


def test_marks_are_on_every_board(board: Board) -> None:
    """Kills, restarts, deploys, toggles and drains, each in its colour, found beside the name and in the target."""
    marks = board["annotations"]["list"]
    assert {mark["name"] for mark in marks} == {"Kills", "Restarts", "Deploys", "Toggles", "Drains", "Deaths"}
    assert len({mark["iconColor"] for mark in marks}) == len(marks)
    assert all(mark["target"]["expr"] == mark["expr"] for mark in marks)
    assert all(mark["enable"] for mark in marks)


def _first_panel(**changed: object) -> Spoil:
    return lambda board: panels(board)[0].update(changed)


def _first_target(**changed: object) -> Spoil:
    return lambda board: panels(board)[0]["targets"][0].update(changed)


def _first_place(**changed: int) -> Spoil:
    return lambda board: panels(board)[0]["gridPos"].update(changed)


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        (test_a_board_leads_to_the_others_and_to_the_runbook, lambda board: board["links"].pop()),
        (test_a_board_leads_to_the_others_and_to_the_runbook, lambda board: board["links"][0].update(keepTime=False)),
        (test_a_board_leads_to_the_others_and_to_the_runbook, lambda board: board.update(tags=[])),
        (test_a_board_begins_with_the_answer, _first_panel(type="timeseries")),
        (test_pictures_fit_a_laptop, _first_place(w=3)),
        (test_pictures_fit_a_laptop, _first_place(x=1)),
        (test_pictures_fit_a_laptop, _first_place(h=4)),
        (test_every_panel_asks_a_question_and_says_why_it_may_be_empty, _first_panel(title="Requests")),
        (test_every_panel_asks_a_question_and_says_why_it_may_be_empty, _first_panel(description="?")),
        (test_every_panel_asks_a_question_and_says_why_it_may_be_empty, _first_panel(id=1)),
        (
            test_every_panel_asks_a_question_and_says_why_it_may_be_empty,
            lambda board: panels(board)[0]["fieldConfig"]["defaults"].update(noValue=""),
        ),
        (test_every_series_has_a_name, _first_target(legendFormat="")),
        (test_what_a_legend_names_is_there, _first_target(legendFormat="{{handle}}")),
        (test_what_a_legend_names_is_there, _first_target(legendFormat="{{job}}", expr="sum by (job) (up)")),
        (test_nothing_is_tied_to_a_time, _first_target(expr="rate(x[5m])")),
        (test_nothing_is_tied_to_a_time, lambda board: board["time"].update(to="now-1h")),
        (test_nothing_is_tied_to_a_time, lambda board: board["time"].update({"from": "2026-11-29T02:10"})),
        (test_colours_mean_the_same_everywhere, _first_target(legendFormat=LEGEND)),
        (test_marks_are_on_every_board, lambda board: board["annotations"]["list"].pop()),
        (test_marks_are_on_every_board, lambda board: board["annotations"]["list"][0].update(enable=False)),
    ],
)
def test_a_board_that_is_spoilt_is_noticed(board: Board, check: Callable[[Board], None], spoil: Spoil) -> None:
    """Each of the above can fail."""
    spoil(board)
    with pytest.raises((AssertionError, ValueError)):
        check(board)


def _lines(place: dict[str, int]) -> range:
    return range(place["y"], place["y"] + place["h"])


def _lengths(expression: str) -> Iterator[timedelta]:
    for found in walk(expression):
        if isinstance(found.node, promql.MatrixSelector):
            yield found.node.range
        if isinstance(found.node, promql.SubqueryExpr):
            yield found.node.range
            if found.node.step is not None:
                yield found.node.step
        if getattr(found.node, "offset", None) is not None:
            yield found.node.offset
