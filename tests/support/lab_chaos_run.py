"""A run of faults as a person starts it, and what it found."""

from pathlib import Path

import msgspec
from commanded import commanded

from lab.chaos.results import ChaosResult


def broken_by(*arguments: str, out: Path, environ: dict[str, str]) -> ChaosResult:
    """The result that was written; what was printed is shown if a test fails."""
    done = commanded("chaos", *arguments, "--out", str(out), environ=environ)
    print(done.stdout, done.stderr)  # noqa: T201
    result = msgspec.json.decode((out / "chaos.json").read_bytes(), type=ChaosResult)
    assert (out / "chaos.html").stat().st_size > 10_000
    assert done.returncode == (1 if result.violations or not result.complete else 0)
    return result


def blamed(result: ChaosResult, mode: str) -> set[str]:
    """The promises that were broken, but for failed requests where the machine had no room for the site."""
    found = {each.promise for each in result.findings if each.mode == mode and each.broken}
    return found if result.had_room(mode) else found - {"P7"}
