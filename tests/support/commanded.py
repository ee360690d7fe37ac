"""A command of ours, as a person runs it."""

import subprocess
import sys


def commanded(*arguments: str, environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """What became of it; whatever its exit code."""
    command = [sys.executable, "-m", "hotseat", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
