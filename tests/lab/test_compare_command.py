"""The command line of comparisons: what is asked wrongly is refused in a sentence, before anything is started."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lab.compare.command import compare


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
