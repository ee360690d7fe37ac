"""Panels as drawings, dashboards as one page and as pictures: whole, the same each time, and nothing fetched."""

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sample_board as sample
from fetched import fetched_by, links_of

from dashboards.drawing.board import Board, Panel, load_boards
from dashboards.drawing.errors import Misuse
from dashboards.drawing.evaluating import Answered, Evaluated, Mark, named
from dashboards.drawing.intervals import Span
from dashboards.drawing.lines import with_gaps
from dashboards.drawing.page import render, words, write_dashboards
from dashboards.drawing.pictures import KINDS, draw_picture, draw_svg
from dashboards.drawing.prometheus import Sampled
from dashboards.drawing.states import blocks
from dashboards.drawing.tables import table_of
from dashboards.drawing.variables import Choices
from dashboards.drawing.wording import plain

SPAN = Span(1_790_000_000.0, 1_790_000_900.0)
TIMES = tuple(SPAN.start + 10 * number for number in range(91))
MARK = Mark(SPAN.start + 300, SPAN.start + 300, "kill web-2", "#b8291c")


def sampled(*rows: tuple[float, ...], **labels: str) -> list[Sampled]:
    return [
        Sampled({"instance": f"web-{number}", **labels}, TIMES[: len(row)], row) for number, row in enumerate(rows, 1)
    ]


WAVE = tuple(2 + math.sin(number / 5) for number in range(91))
UP = (1.0,) * 30 + (0.0,) * 6 + (1.0,) * 55
FOUND = {
    "stat": sampled((2.5,)),
    "bargauge": sampled((2.5,), (0.5,), (math.nan,)),
    "timeseries": sampled(WAVE, tuple(value / 2 for value in WAVE)),
    "state-timeline": sampled(UP, (1.0,) * 91),
    "table": sampled((3 * 2.0**20,), (2.0**20,), job="web"),
}


def answered(panel: Panel, found: list[Sampled] | None = None, **more: Any) -> Answered:
    series = [
        one
        for target in panel.asked
        for one in named(panel, target, target.expr, FOUND.get(panel.type, []) if found is None else found)
    ]
    return Answered(panel, panel.title, panel.description, tuple(series), **more)


def evaluated(board: Board, *marks: Mark, found: list[Sampled] | None = None, **more: Any) -> Evaluated:
    panels = tuple(answered(panel, found, **more) for panel in board.all_panels())
    return Evaluated(board, Choices({}, SPAN, 10), panels, marks)


def colours(pixels: np.ndarray) -> int:
    return len(np.unique(pixels.reshape(-1, 3), axis=0))


def test_every_kind_of_panel_is_drawn() -> None:
    """Each with something to see, in a picture as large as its dashboard."""
    whole = evaluated(sample.every_kind(), MARK)
    done: list[None] = []
    pixels = draw_picture(whole, "somewhere", lambda: done.append(None))
    assert len(done) == len(whole.panels) == len(sample.KINDS)
    assert pixels.shape[1] > 1800
    for kind, each in zip([panel.type for panel in whole.board.panels], whole.panels, strict=True):
        assert kind in KINDS
        with_data = draw_svg(each, whole)
        assert len(with_data) > 1000
        if each.panel.asked:
            assert with_data != draw_svg(answered(each.panel, []), whole)


def test_the_same_answers_give_the_same_bytes(tmp_path: Path) -> None:
    """So that a picture changes only with what it shows."""
    boards = {"sample": evaluated(sample.every_kind(), MARK)}
    for folder in ("one", "other"):
        write_dashboards(boards, "somewhere", tmp_path / folder)
    for name in ("dashboards.html", "sample.png"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    """No script, nothing fetched; every title, description and query is on it."""
    board = sample.every_kind()
    whole = evaluated(board, MARK, queries=(("sum(requests_total)", 10.0),))
    page = write_dashboards({"sample": whole}, "somewhere", tmp_path).read_text()
    assert fetched_by(page) == []
    assert "<script" not in page
    assert "url(" not in re.sub(r"url\(#", "", page)
    for text in ("A sample", "What it is for.", "kill web-2", "requests_total"):
        assert text in page
    assert all(panel.title in page for panel in board.panels)


def test_what_comes_from_outside_is_no_markup() -> None:
    """A label may hold anything; so may an address."""
    board = sample.board(sample.panel("timeseries", {"expr": "up", "legendFormat": "{{instance}}"}))
    nasty = [Sampled({"instance": "<script>alert(1)</script>"}, TIMES, WAVE)]
    page = render([evaluated(board, Mark(SPAN.start, SPAN.start, "<b>", "red"), found=nasty)], "<i>")
    assert "<script" not in page
    assert "<b>" not in page.replace("<b>A</b>", "")
    assert "<i>" not in page


@pytest.mark.parametrize("name", ["$x^2_{", "a_b$c$", "\\alpha", "\n\n", "é" * 300, "_x", ""])
def test_any_name_can_be_drawn(name: str) -> None:
    """Nothing in it is taken for mathematics, and none is too long."""
    board = sample.board(
        *(sample.panel(kind, {"expr": "up", "legendFormat": "{{instance}}"}) for kind in FOUND), title=name or "x"
    )
    found = [Sampled({"instance": name}, TIMES, WAVE)]
    whole = evaluated(board, Mark(SPAN.start + 9, SPAN.start + 99, name, "#123456"), found=found)
    assert draw_picture(whole, name).any()
    assert render([whole], name)


def test_nothing_to_show_is_said_in_the_words_of_the_panel() -> None:
    """Whatever its kind; no number counts as nothing, nought does not."""
    board = sample.every_kind()
    for panel in board.panels:
        if panel.asked:
            nothing = answered(panel, [])
            assert nothing.is_empty
            assert "Nobody asked." in words(nothing)
            assert answered(panel, sampled((math.nan,))).is_empty
            assert not answered(panel, sampled((0.0,))).is_empty


def test_what_failed_is_said_where_it_failed() -> None:
    """In its place, in red, in words."""
    board = sample.board(sample.panel("timeseries", sample.RATE))
    broken = evaluated(board, problem="parse error", found=[])
    assert "parse error" in words(broken.panels[0])
    assert red_pixels(broken) > 0
    assert red_pixels(evaluated(board, found=[])) == 0


def red_pixels(whole: Evaluated) -> int:
    return int((draw_picture(whole, "x") == (0xB8, 0x29, 0x1C)).all(axis=2).sum())


def test_a_kind_that_only_grafana_draws_is_said() -> None:
    """In red; it is not left out, and not taken for another."""
    unknown = sample.board(sample.panel("nodeGraph", sample.RATE, title="x"))
    known = sample.board(sample.panel("stat", sample.RATE, title="x"))
    assert red_pixels(evaluated(unknown, found=sampled(WAVE))) > 50
    assert red_pixels(evaluated(known, found=sampled(WAVE))) == 0


def test_what_happened_is_seen_on_every_panel_of_time() -> None:
    """A mark changes lines and states, and no number."""
    board = sample.every_kind()
    plain_one, marked = evaluated(board), evaluated(board, MARK)
    for each in plain_one.panels:
        same = draw_svg(each, plain_one) == draw_svg(each, marked)
        assert same == (each.panel.type not in ("timeseries", "state-timeline")), each.panel.type


def test_a_hole_in_the_values_is_a_hole_in_the_line() -> None:
    """A process that was gone has no value between its last and its next."""
    panel = sample.board(sample.panel("timeseries", sample.RATE)).panels[0]
    [series] = named(panel, panel.asked[0], "x", [Sampled({}, (0.0, 10.0, 20.0, 60.0, 70.0), (1, 2, 3, 4, 5))])
    times, values = with_gaps(series)
    assert len(times) == 6
    assert np.isnan(values).tolist() == [False, False, False, True, False, False]


def test_equal_states_are_one_block() -> None:
    """As long as they lasted; nothing where nothing was known, whatever was there before and behind it."""
    panel = sample.board(sample.panel("state-timeline", sample.RATE)).panels[0]
    span = Span(0, 100)
    times = (0.0, 10.0, 20.0, 30.0, 70.0, 80.0)
    found = [Sampled({}, times, (1, 1, 0, 0, 1, 1)), Sampled({}, times, (1, 1, 0, 0, 0, 0))]
    changed, same = named(panel, panel.asked[0], "x", found)
    assert list(blocks(changed, span)) == [(0.0, 20.0, 1), (20.0, 40.0, 0), (70.0, 90.0, 1)]
    assert list(blocks(same, span)) == [(0.0, 20.0, 1), (20.0, 40.0, 0), (70.0, 90.0, 0)]


def test_a_table_is_joined_renamed_and_sorted_as_the_panel_says() -> None:
    """Two queries with the same labels are one row."""
    panel = sample.board(
        sample.panel(
            "table",
            {"expr": "a", "instant": True, "format": "table"},
            {"expr": "b", "instant": True, "format": "table"},
            transformations=[
                {"id": "merge", "options": {}},
                {
                    "id": "organize",
                    "options": {
                        "excludeByName": {"job": True},
                        "renameByName": {"instance": "process", "Value #A": "held", "Value #B": "rate"},
                        "indexByName": {"instance": 0, "Value #B": 1, "Value #A": 2},
                    },
                },
                {"id": "sortBy", "options": {"sort": [{"field": "rate", "desc": True}]}},
            ],
            defaults={"unit": "none"},
        )
    ).panels[0]
    first, second = panel.asked
    series = named(panel, first, "a", sampled((1.0,), (2.0,), job="web"))
    series += named(panel, second, "b", sampled((30.0,), (40.0,), job="web"))
    table = table_of(Answered(panel, "", "", tuple(series)))
    assert table.heads == ("process", "rate", "held")
    assert [[cell.text for cell in row] for row in table.rows] == [["web-2", "40", "2"], ["web-1", "30", "1"]]


def test_only_the_columns_that_are_named_are_there_if_some_are_named() -> None:
    """`includeByName`."""
    options = {"includeByName": {"instance": True}, "renameByName": {}, "indexByName": {}, "excludeByName": {}}
    panel = sample.board(
        sample.panel("table", {"expr": "a"}, transformations=[{"id": "organize", "options": options}])
    ).panels[0]
    assert table_of(answered(panel)).heads == ("instance",)


def test_markdown_is_read_as_words() -> None:
    """Links by their names, lists by dots."""
    assert plain("# Look\n- **here** and [there](https://x)\n- `code`") == "Look\n• here and there\n• code"


def test_links_lead_to_the_page_itself_or_to_an_address() -> None:
    """One that only Grafana could follow is left out."""
    links = [
        {"title": "Sample", "url": "/d/sample/x"},
        {"title": "Elsewhere", "url": "/d/elsewhere"},
        {"title": "Runbook", "url": "https://example.org/runbook"},
        {"title": "Evil", "url": "javascript:alert(1)"},
    ]
    board = sample.board(sample.panel("text", options={"content": "x"}), links=links)
    assert set(links_of(render([evaluated(board)], "x"))) == {"#sample", "https://example.org/runbook"}


def test_a_folder_without_dashboards_and_a_file_that_is_none_are_told(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(Misuse, match="make dashboards"):
        load_boards(tmp_path)
    (tmp_path / "broken.json").write_text('{"title": 3}')
    with pytest.raises(Misuse, match=r"broken\.json is no dashboard"):
        load_boards(tmp_path)
