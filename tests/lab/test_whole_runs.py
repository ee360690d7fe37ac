"""The lab's commands as a person runs them, on stacks of their own."""

from pathlib import Path

import msgspec
import pytest
from commanded import commanded
from figures import Figures
from lab_chaos_run import blamed, broken_by

from lab.chaos.results import PROMISES
from lab.compare.results import Result
from lab.faults import ALL

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]

SEED = "1"


def test_a_quick_comparison_gives_a_verdict_and_a_report(clean_environ: dict[str, str], tmp_path: Path) -> None:
    """Of all rungs, with what a kill and a rolling restart cost."""
    done = commanded("compare", "--quick", "--out", str(tmp_path), environ=clean_environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Stickiness" in done.stdout
    result = msgspec.json.decode((tmp_path / "result.json").read_bytes(), type=Result)
    assert (result.complete, len(result.measured()), len(result.rounds)) == (True, 5, 15)
    assert [each.what for each in result.failures] == ["kill", "restart"]
    assert sum(each.failed for each in result.rounds) == 0
    assert (tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("mode", ["stateless", "sticky"])
def test_no_fault_breaks_a_promise(clean_environ: dict[str, str], tmp_path: Path, mode: str, figures: Figures) -> None:
    """All of them, one after the other on one stack; and the site settles after each."""
    result = broken_by("--all", "--mode", mode, out=tmp_path, environ=clean_environ)
    assert [(each.name, each.error) for each in result.scenarios] == [(name, "") for name in ALL]
    assert result.complete
    assert {each.promise for each in result.findings if each.state != "not exercised"} == set(PROMISES)
    settled = max((each.settled_seconds or 0.0, each.name) for each in result.scenarios)
    figures(f"{mode}: {len(ALL)} faults, slowest to settle {settled[1]} after {settled[0]:.1f} s")
    assert blamed(result, mode) == set()


def test_the_naive_rung_is_found_out_and_the_sticky_one_is_not(clean_environ: dict[str, str], tmp_path: Path) -> None:
    """Of the same people with the same seed, some of whose browsers wander: copies that nobody ends are seen."""
    asked = ("kill", "--seconds", "1", "--calm", "20", "--seed", SEED)
    naive = broken_by(*asked, "--rung", "naive", out=tmp_path / "naive", environ=clean_environ)
    found = {each.promise: each for each in naive.findings if each.broken}
    assert {"P2", "P3"} <= found.keys()
    assert "does not see it" in found["P2"].story
    hot = broken_by(*asked, "--rung", "hot", out=tmp_path / "hot", environ=clean_environ)
    assert blamed(hot, "sticky") == set()
    assert {each.promise for each in hot.findings if each.state == "not exercised"} == set()
