"""The page of a simulation: whole, by itself, and with every figure."""

import re
from pathlib import Path

import msgspec
import pytest
from fetched import fetched_by

from lab.simulate.plan import Plan
from lab.simulate.report import Kept, charts_of, write_report
from lab.simulate.result import Result
from lab.simulate.run import Run
from lab.simulate.tally import WINDOW_SECONDS
from lab.simulate.workload import Workload

TIMES = {"warm_seconds": 10, "calm_seconds": 20, "apart_seconds": 30}


@pytest.fixture(scope="module")
def results() -> list[Result]:
    """Two fleets under two routings, with two changes."""
    return [
        Run(
            Plan(
                instances=size,
                routing=routing,
                workload=Workload(users=20 * size),
                changes=("kill", "grow"),
                **TIMES,
            )
        ).result()
        for size in (3, 5)
        for routing in ("sticky", "hash")
    ]


def test_the_page_needs_nothing_else(results: list[Result], tmp_path: Path) -> None:
    """No script, nothing fetched; the figures beside it are the same that are in it."""
    kept = Kept(True, {"seed": 1}, results, ["The first sentence.", "Another one."])
    page = write_report(kept, tmp_path / "new").read_text()
    assert fetched_by(page) == []
    assert "<script" not in page
    assert "url(" not in re.sub(r"url\(#", "", page)
    assert "<h1>The first sentence.</h1>" in page
    assert "<li>Another one.</li>" in page
    for each in results:
        assert f"<td>{100 * each.hit_rate:.1f}</td>" in page
        for felt in each.changes:
            assert f"{100 * felt.before:.0f} " in page
    assert msgspec.json.decode((tmp_path / "new" / "simulate.json").read_bytes(), type=Kept) == kept


def test_each_chart_is_a_picture_as_well(results: list[Result], tmp_path: Path) -> None:
    """By the name of what it shows."""
    write_report(Kept(True, {}, results, []), tmp_path)
    names = {file.stem for file in tmp_path.glob("*.png")}
    assert names == {"hot", "trips", "reads", "told", "busiest", "memory", "over-time"}
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in tmp_path.glob("*.png"))


def test_the_same_figures_are_drawn_the_same(results: list[Result]) -> None:
    """And other ones in another way."""
    first, second = charts_of(results), charts_of(results)
    assert [each.svg for each in first] == [each.svg for each in second]
    fewer = charts_of(results[:2])
    assert all(one.svg != other.svg for one, other in zip(first, fewer, strict=True))


def test_what_was_done_is_marked_where_it_was_done(results: list[Result]) -> None:
    """In the chart over time, of the largest fleet."""
    unmarked = [msgspec.structs.replace(each, changes=[]) for each in results]
    differ = [
        one.name for one, other in zip(charts_of(results), charts_of(unmarked), strict=True) if one.svg != other.svg
    ]
    assert differ == ["over-time"]


def test_nothing_is_drawn_of_nothing(tmp_path: Path) -> None:
    """What was interrupted at once has a page, too."""
    assert "interrupted" in write_report(Kept(False, {}, [], []), tmp_path).read_text()
    assert list(tmp_path.glob("*.png")) == []


def test_what_is_told_is_escaped(results: list[Result], tmp_path: Path) -> None:
    """Options are somebody's text."""
    assert "<img" not in write_report(Kept(True, {"out": "<img src=x>"}, results, []), tmp_path).read_text()


def test_the_hit_rate_over_time_is_that_of_the_whole_run(results: list[Result]) -> None:
    """Cold at first; in calm, as the calm time's figure says; each change has its moment in it."""
    for each in results:
        assert len(each.over_time) == (10 + 20 + 2 * 30) / WINDOW_SECONDS
        calm = each.over_time[2:6]
        assert sum(calm) / len(calm) == pytest.approx(each.hit_rate, abs=0.05)
        assert [felt.at for felt in each.changes] == [30.0, 60.0]
