"""The examples do what they say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local import RunningStore

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "examples").glob("*.py")))
def test_an_example_prints_what_its_comments_say(name: str, redis_server: RunningStore) -> None:
    """Each `show(...)  # ...` is one line of output, and nothing else is printed or complained of."""
    promised = re.findall(r"await show\(.*\)  # (.*)", (ROOT / "examples" / f"{name}.py").read_text())
    command = [sys.executable, "-W", "error", "-m", f"examples.{name}", redis_server.url]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == promised
    assert len(promised) > 3
