"""The benchmarks of the cache: that they run, compare in turn and say what they found. No figure is judged here."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.engines import part as eviction_part
from benchmarks.figures import Figure, Part, table
from benchmarks.report import as_data, document, targets
from benchmarks.rounds import Contender, in_turn

ROOT = Path(__file__).parents[2]


def test_what_is_compared_takes_turns() -> None:
    """A B A B, one turn of each more than counts, and each made ready before its turn."""
    told: list[str] = []

    def contender(name: str) -> Contender:
        async def run(calls: int) -> None:
            told.append(f"{name} {calls}")

        async def ready() -> None:
            told.append(f"{name} ready")

        return Contender(run, 3, ready if name == "b" else None)

    seconds = asyncio.run(in_turn({"a": contender("a"), "b": contender("b")}, rounds=2))
    assert told == ["a 3", "b ready", "b 3"] * 3
    assert set(seconds) == {"a", "b"}


@pytest.mark.parametrize(
    ("value", "target", "at_most", "met"),
    [
        (2.5, 2.5, False, True),
        (2.4, 2.5, False, False),
        (1.0, 1, True, True),
        (1.1, 1, True, False),
        (9, None, True, None),
    ],
)
def test_a_figure_says_whether_its_target_is_met(
    value: float, target: float | None, at_most: bool, met: bool | None
) -> None:
    """At least that much, or no more; None where nothing was asked for."""
    assert Figure("x", value, "us", target, at_most).met is met


def test_the_report_shows_misses_as_plainly_as_hits() -> None:
    """A target that was missed is marked; what has none is told in its part only; and so is another report."""
    part = Part("The link", "How.", [Figure("a", 2, "times", 2.5), Figure("b", 7.123, "us")], [["x"], ["y"]])
    assert targets([part]) == table([["what", "measured", "wanted", ""], ["a", "2 times", "at least 2.5", "NOT MET"]])
    keeping = eviction_part(
        "# What to keep\n\n## Costs\n", {"standings": {"hotseat": {"by_requests": {"mean": 3.0, "worst": -2.0}}}}
    )
    text = document({"date": "today"}, [part, keeping])
    assert "| b | 7.12 us |  |  |" in text
    assert "\n## What to keep\n\n### Costs\n" in text
    assert [figure.met for figure in keeping.figures] == [True, False]
    assert as_data({}, [part], {})["parts"][0]["figures"][0]["met"] is False


def test_a_quick_run_measures_everything(tmp_path: Path, clean_environ: dict[str, str]) -> None:
    """Every part is there, every ratio is a positive number; how large it is means nothing."""
    data, text = tmp_path / "figures.json", tmp_path / "report.md"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(data), "--markdown", str(text)]
    subprocess.run(command, cwd=ROOT, env=clean_environ, check=True, capture_output=True, timeout=110)
    found = json.loads(data.read_text())
    parts = {part["title"]: part["figures"] for part in found["parts"]}
    assert list(parts)[:4] == ["The link", "A hot hit", "Round trips", "A thousand callers of one cold key"]
    assert len(parts) == 5
    for title in ("The link", "A hot hit"):
        assert len(parts[title]) == 8
        assert all(figure["value"] > 0 for figure in parts[title])
    assert all(figure["met"] for figure in parts["Round trips"] + parts["A thousand callers of one cold key"])
    assert found["eviction"]["cells"]
    assert {"date", "machine", "system", "versions"} < found["machine"].keys()
    assert all(f"## {title}" in text.read_text() for title in parts)
