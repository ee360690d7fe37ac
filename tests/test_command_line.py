"""The command line: one loader over what the packages register."""

import socket
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner

import hotseat

KEY = "0123456789abcdef0123456789abcdef"


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hotseat", *arguments]
    environ = {"PATH": "/usr/bin:/bin", "HOTSEAT_RUN_DIR": "no-stack-here", **variables}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60)


def test_every_registered_command_is_offered_with_a_sentence() -> None:
    """`hotseat --help` lists them all."""
    result = CliRunner().invoke(hotseat.main, ["--help"])
    assert result.exit_code == 0
    for entry in entry_points(group="hotseat.commands"):
        command = entry.load()
        assert f"  {entry.name} " in result.output
        assert command.help


def test_a_command_does_not_pay_for_the_imports_of_others() -> None:
    """Asking for the stack's state loads neither the web server nor a driver."""
    source = (
        "import sys, hotseat\n"
        "hotseat.main.get_command(None, 'status')\n"
        "print([name for name in ('webapp', 'tornado', 'motor', 'boto3', 'redis') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_an_unknown_command_is_refused() -> None:
    """With exit code 2, as for any wrong use."""
    result = CliRunner().invoke(hotseat.main, ["levitate"])
    assert result.exit_code == 2
    assert "No such command 'levitate'" in result.output


def test_a_command_whose_packages_are_missing_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed all the same, and others are not concerned."""
    monkeypatch.setitem(sys.modules, "lab.simulate.command", None)
    listed = CliRunner().invoke(hotseat.main, ["--help"])
    assert listed.exit_code == 0
    assert "not installed here" in listed.output
    called = CliRunner().invoke(hotseat.main, ["simulate", "--fleet", "3"])
    assert called.exit_code == 1
    assert "which is not installed; run: make .venv/.lab" in called.output


@pytest.mark.parametrize("command", ["web", "worker", "release", "config", "seed"])
def test_wrong_settings_are_told_and_end_the_command(command: str, tmp_path: Path) -> None:
    """Every faulty variable in one message, exit code 2, before anything is opened."""
    done = run(command, PORT="many", STICKY_MODE="perhaps", HOTSEAT_RUN_DIR=str(tmp_path / "none"))
    assert done.returncode == 2
    for name in ("PORT", "STICKY_MODE", "REDIS_URL", "MONGODB_URL", "SECRET_KEYS", "AFFINITY_KEY"):
        assert f"\n{name}: " in done.stderr
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_told() -> None:
    """One sentence with both ports, exit code 2."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(
            "web",
            PORT=port,
            ADMIN_PORT="0",
            REDIS_URL="redis://127.0.0.1:1",
            MONGODB_URL="mongodb://127.0.0.1:1",
            SECRET_KEYS=KEY,
            AFFINITY_KEY=KEY,
        )
    assert done.returncode == 2
    assert f"Cannot listen on port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_openapi_document_is_printed() -> None:
    """Without any setting: it depends on none."""
    done = run("openapi")
    assert done.returncode == 0
    assert '"openapi": "3.1.0"' in done.stdout
