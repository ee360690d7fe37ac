"""What to keep: `python -m benchmarks.eviction`, run in a process whose memory is its own, as one more part."""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from benchmarks.figures import Figure, Part

MEAN_POINTS: Final = 2.5
WORST_POINTS: Final = -1.0


def measure(traces: Path | None, *, quick: bool) -> tuple[Part, Any]:
    """Its report, with what was asked of the hot cache; and all its figures, for a program to read."""
    with TemporaryDirectory() as folder:
        text, data = Path(folder) / "eviction.md", Path(folder) / "eviction.json"
        command = [sys.executable, "-m", "benchmarks.eviction", "--markdown", str(text), "--json", str(data)]
        command += ["--traces", str(traces)] if traces is not None else []
        command += ["--quick"] if quick else []
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return part(text.read_text(), found := json.loads(data.read_text())), found


def part(text: str, found: Any) -> Part:
    """The report as a part: its headings one level down, its title that of the part."""
    title, _, rest = text.strip().removeprefix("# ").partition("\n")
    lines = (f"#{line}" if line.startswith("#") else line for line in rest.strip().splitlines())
    ours = found["standings"]["hotseat"]["by_requests"]
    figures = [
        Figure("hit ratio over LRU, mean of all loads and sizes", ours["mean"], "points", MEAN_POINTS),
        Figure("hit ratio over LRU, worst load and size", ours["worst"], "points", WORST_POINTS),
    ]
    return Part(title, "\n".join(lines), figures)
