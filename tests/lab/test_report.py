"""The page: whole, by itself, and nothing in it that was not meant to be."""

import re
from pathlib import Path

import msgspec
import pytest
from fetched import fetched_by
from lab_results import made_up

from lab.compare.results import Result
from lab.report import write_report
from lab.report.page import charts_of


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    """No script, nothing fetched; the figures beside it are the same that are in it."""
    result = made_up()
    page = write_report(result, tmp_path).read_text()
    assert fetched_by(page) == []
    assert "<script" not in page
    assert "url(" not in re.sub(r"url\(#", "", page)
    assert msgspec.json.decode((tmp_path / "result.json").read_bytes(), type=Result) == result


def test_each_chart_is_a_picture_as_well(tmp_path: Path) -> None:
    result = made_up()
    write_report(result, tmp_path)
    names = {file.stem for file in tmp_path.glob("*.png")}
    assert names == {"cpu", "redis", "latency", "kill-hot", "restart-hot"}
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in tmp_path.glob("*.png"))


def test_the_same_figures_are_drawn_the_same() -> None:
    first, second = (charts_of(made_up()) for _ in range(2))
    assert [each.svg for each in first] == [each.svg for each in second]


def test_what_is_told_is_escaped(tmp_path: Path) -> None:
    """A name in a workload file is somebody's text."""
    result = made_up()
    result.workload["name"] = "<img src=x>"
    assert "<img" not in write_report(result, tmp_path).read_text()


@pytest.mark.parametrize("rungs", [[], ["redis"], ["redis", "hot"]])
def test_a_report_of_a_part_is_a_report(tmp_path: Path, rungs: list[str]) -> None:
    """As much as was measured before it was stopped."""
    result = made_up()
    result.rounds = [each for each in result.rounds if each.rung in rungs]
    result.complete, result.stopped = False, "it was interrupted"
    page = write_report(result, tmp_path / "new" / "folder").read_text()
    assert "was not finished: it was interrupted" in page
    assert page.count("<td>cached in Redis</td>") == ("redis" in rungs)
