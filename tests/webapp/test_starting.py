"""What a process says when it starts, and what it refuses to start with."""

import json
import signal
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from webapp.commands import config

KEY = "0123456789abcdef0123456789abcdef"
ENOUGH = {
    "REDIS_URL": "redis://127.0.0.1:1",
    "MONGODB_URL": "mongodb://127.0.0.1:1",
    "SECRET_KEYS": KEY,
    "AFFINITY_KEY": KEY,
    "PORT": "0",
    "ADMIN_PORT": "0",
}
COMMAND = [sys.executable, "-m", "hotseat", "web"]


def first_lines(count: int, **variables: str) -> list[dict[str, Any]]:
    """What a web process without any store logs first."""
    process = subprocess.Popen(COMMAND, env={"PATH": "", **ENOUGH, **variables}, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        return [json.loads(process.stdout.readline()) for _ in range(count)]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("variables", "rung"), [({}, "cached in Redis"), ({"STICKY_MODE": "on"}, "hot behind stickiness")]
)
def test_a_process_says_on_which_rung_it_stands(variables: dict[str, str], rung: str) -> None:
    """As soon as it is ready, which does not depend on any store."""
    [line] = first_lines(1, **variables)
    assert (line["event"], line["rung"], line["level"]) == ("ready", rung, "info")


def test_the_control_warns_of_itself() -> None:
    """In the log, right behind "ready"."""
    ready, warning = first_lines(2, STICKY_MODE="on", HOT_CACHE="naive")
    assert ready["rung"] == "control: naive, wrong by design"
    assert (warning["event"], warning["level"]) == ("this is the control", "warning")
    assert "wrong by design" in warning["meaning"]


def test_the_effective_settings_begin_with_the_rung() -> None:
    """As a comment before the variables, or as one more of them in JSON."""
    environ = {**ENOUGH, "STICKY_MODE": "on", "HOT_CACHE": "naive"}
    first, *lines = CliRunner(env=environ).invoke(config, []).output.splitlines()
    assert first.startswith("# rung: control: naive, wrong by design (copies in a plain TTL cache")
    assert {"STICKY_MODE=on", "HOT_CACHE=naive", "BOARD_STRATEGY=hot", "STALE_ON_OUTAGE_SECONDS=60.0"} <= set(lines)
    told = json.loads(CliRunner(env=environ).invoke(config, ["--json"]).output)
    assert (told["RUNG"], told["HOT_CACHE"]) == ("control: naive, wrong by design", "naive")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis+sentinel://127.0.0.1:26379", "REDIS_URL: a redis+sentinel address ends with /service"),
        ("redis+cluster://127.0.0.1:many", "REDIS_URL: each host of a redis+cluster address"),
        ("redis://127.0.0.1:many", "REDIS_URL: "),
    ],
)
def test_an_address_of_no_use_is_refused_in_one_sentence(url: str, told: str) -> None:
    """Exit code 2, as for any wrong setting, and no traceback."""
    environ = {"PATH": "", **ENOUGH, "REDIS_URL": url}
    done = subprocess.run(COMMAND, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
