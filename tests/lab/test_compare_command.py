"""The command line of comparisons: what is asked wrongly is refused in a sentence, before anything is started."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lab_results import made_up

from lab.compare.command import compare, report
from lab.compare.prices import Prices
from lab.report import write_report


def called(*arguments: str) -> Result:
    return CliRunner().invoke(compare, arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--rungs", "redis,warm"],
            "There is no rung 'warm'; there are: compute, denormalised, hot, hot-anywhere, redis.",
        ),
        (["--rungs", ","], "No rung is named; there are: compute,"),
        (["--workload", "none"], "There is no preset of this name"),
        (["--rtt", "5"], "'5' is no time from 0 to 10 s; write it like 0.5ms or 0.01s."),
        (["--rtt", "-1ms"], "is no time from 0 to 10 s"),
        (["--rtt", "11s"], "is no time from 0 to 10 s"),
        (["--rounds", "0"], "0 is not in the range"),
        (["--prices", "nowhere.toml"], "does not exist"),
    ],
)
def test_what_cannot_be_done_is_refused(arguments: list[str], words: str) -> None:
    answer = called("--quick", *arguments)
    assert answer.exit_code != 0
    assert words in " ".join(answer.output.split())


def test_prices_are_checked(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    for content in ("core = 1", "core_hour = 'dear'", "core_hour ="):
        file.write_text(content)
        answer = called("--quick", "--prices", str(file))
        assert answer.exit_code == 1
        assert "core_hour, redis_core_hour" in " ".join(answer.output.split())


def test_a_report_is_printed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest, if none is named."""
    monkeypatch.chdir(tmp_path)
    assert "make one with: hotseat compare --quick" in CliRunner().invoke(report, []).output
    write_report(made_up(), Prices(), tmp_path / "reports" / "first")
    answer = CliRunner().invoke(report, [])
    assert answer.exit_code == 0
    assert "Stickiness saves 34 % of the CPU time here" in " ".join(answer.output.split())
    assert "reports/first/report.html" in answer.output


def test_what_is_no_report_is_called_so(tmp_path: Path) -> None:
    assert "There is no report in" in CliRunner().invoke(report, [str(tmp_path)]).output
    (tmp_path / "result.json").write_text(json.dumps({"rounds": "many"}))
    assert "is no result of a comparison" in " ".join(CliRunner().invoke(report, [str(tmp_path)]).output.split())
