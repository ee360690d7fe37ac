"""The lab's commands as a person runs them, on stacks of their own."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from lab.chaos.results import PROMISES, ChaosResult
from lab.compare.results import Result
from lab.faults import ALL

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(3600)]


def called(*arguments: str, environ: dict[str, str], **options: float) -> "subprocess.CompletedProcess[str]":
    """A command of ours."""
    command = [sys.executable, "-m", "hotseat", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, **options)


def test_a_quick_comparison_gives_a_verdict_and_a_report(clean_environ: dict[str, str], tmp_path: Path) -> None:
    """Of all rungs, with what a kill and a rolling restart cost."""
    done = called("compare", "--quick", "--out", str(tmp_path), environ=clean_environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Stickiness" in done.stdout
    result = msgspec.json.decode((tmp_path / "result.json").read_bytes(), type=Result)
    assert (result.complete, len(result.measured()), len(result.rounds)) == (True, 5, 15)
    assert [each.what for each in result.failures] == ["kill", "restart"]
    assert sum(each.failed for each in result.rounds) == 0
    assert (tmp_path / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("mode", ["stateless", "sticky"])
@pytest.mark.parametrize("fault", list(ALL))
def test_no_fault_breaks_a_promise(clean_environ: dict[str, str], tmp_path: Path, mode: str, fault: str) -> None:
    """And the site settles after it."""
    done = called("chaos", fault, "--mode", mode, "--out", str(tmp_path), environ=clean_environ)
    result = msgspec.json.decode((tmp_path / "chaos.json").read_bytes(), type=ChaosResult)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (result.complete, result.violations) == (True, 0)
    assert {each.promise for each in result.findings} == set(PROMISES)
