"""`hotseat report` finds what was written, of a comparison or of faults, and prints it or opens its page."""

import json
import os
import time
import webbrowser
from pathlib import Path

import pytest
from click.testing import CliRunner
from lab_chaos_results import made_up_chaos
from lab_results import made_up

from lab.compare.prices import Prices
from lab.report import write_report
from lab.report.chaos_page import write_chaos
from lab.reports import report
from lab.simulate.report import Kept
from lab.simulate.report import write_report as simulated


def told(*arguments: str) -> str:
    """What it prints, in one line."""
    return " ".join(CliRunner().invoke(report, arguments).output.split())


def aged(file: Path, seconds: float) -> None:
    """It was written so long ago."""
    os.utime(file, (time.time() - seconds,) * 2)


def test_the_newest_report_is_printed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of either kind, if none is named."""
    monkeypatch.chdir(tmp_path)
    assert "make one with: hotseat compare --quick, or hotseat chaos" in told()
    write_report(made_up(), tmp_path / "reports" / "first")
    assert "Stickiness saves 34 % of the CPU time here" in told()
    assert "The report: reports/first/report.html" in told()
    write_chaos(made_up_chaos(), tmp_path / "reports" / "second")
    aged(tmp_path / "reports/first/result.json", 60)
    assert "4 faults, 0 violations" in told()
    assert "The report: reports/second/chaos.html" in told()
    aged(tmp_path / "reports/second/chaos.json", 120)
    assert "reports/first/report.html" in told()
    assert "reports/second/chaos.html" in told("reports/second")


def test_it_is_printed_again_at_the_prices_of_its_run(tmp_path: Path) -> None:
    """Which are in its figures, as those of a page that is written late."""
    result = made_up()
    result.prices = Prices(core_hour=77.0)
    page = write_report(result, tmp_path)
    first = next(line for line in told(str(tmp_path)).splitlines() if "A million requests cost" in line)
    assert first not in told(str(write_report(made_up(), tmp_path / "other").parent))
    page.unlink()
    assert first in told(str(tmp_path))
    assert "Prices: 77.0 for an hour of a core" in page.read_text()


def test_a_simulation_is_printed_again(tmp_path: Path) -> None:
    """In its own words."""
    kept = Kept(options={"fleet": "3"}, results=[], complete=True, words=["Nothing was simulated."])
    simulated(kept, tmp_path)
    answer = told(str(tmp_path))
    assert "Nothing was simulated." in answer
    assert "report.html" in answer


@pytest.mark.parametrize("kind", ["report", "chaos"])
def test_its_page_is_opened(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever kind it is."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    page = write_chaos(made_up_chaos(), tmp_path) if kind == "chaos" else write_report(made_up(), tmp_path)
    assert told(str(tmp_path), "--open") == ""
    assert opened == [page.as_uri()]


def test_what_is_no_report_is_called_so(tmp_path: Path) -> None:
    """In a sentence."""
    assert "There is no report in" in told(str(tmp_path))
    (tmp_path / "result.json").write_text(json.dumps({"rounds": "many"}))
    assert "is no result of a comparison" in told(str(tmp_path))
    (tmp_path / "result.json").unlink()
    (tmp_path / "chaos.json").write_text("{}")
    assert "is no result of a run of faults" in told(str(tmp_path))
