"""The benchmark of a scrape: that it runs and says what it found. No figure is judged here."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_quick_run_measures_everything(clean_environ: dict[str, str]) -> None:
    """Every part is there, every figure is a positive number."""
    command = [sys.executable, "-m", "benchmarks.scrape", "--quick"]
    done = subprocess.run(command, cwd=ROOT, env=clean_environ, check=True, capture_output=True, text=True, timeout=110)
    assert re.findall(r"^## (.*)$", done.stdout, re.MULTILINE) == ["A scrape", "Counting a request", "Counting bytes"]
    figures = re.findall(r"^\| [a-z][^|]* \| ([\d.]+) (?:ms|us|KiB)? \|", done.stdout, re.MULTILINE)
    assert len(figures) == 9
    assert all(float(figure) > 0 for figure in figures)
    assert len(re.findall(r"^\| (?:1|64) \| [\d.]+ \| [\d.]+ \| [\d.]+ \|$", done.stdout, re.MULTILINE)) == 2
