"""A process that the lab started has a clock that can be put off, and no other clock is touched."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.testbed.clocks import Clocks
from lab.testbed.launcher import through

_TELLING = """
import sys
from pathlib import Path
from lab.testbed.clocks import hang_up
hang_up(Path(sys.argv[1]))
import datetime, json, time
from datetime import datetime as dated
for line in sys.stdin:
    told = {
        "time": time.time(), "time_ns": time.time_ns() / 1e9,
        "gettime": time.clock_gettime(time.CLOCK_REALTIME), "gettime_ns": time.clock_gettime_ns(0) / 1e9,
        "now": dated.now().timestamp(), "aware": dated.now(datetime.UTC).timestamp(),
        "utcnow": dated.utcnow().replace(tzinfo=datetime.UTC).timestamp(),
        "today": dated.today().timestamp(), "gmtime": time.mktime(time.localtime()),
        "strftime": float(time.strftime("%s")),
    }
    others = {
        "date": str(datetime.date.today()), "mono": time.monotonic(), "boot": time.clock_gettime(time.CLOCK_BOOTTIME),
        "same": type(dated.now()) is dated, "fixed": time.gmtime(0).tm_year,
        "of": dated.fromtimestamp(86400, datetime.UTC).isoformat(),
    }
    print(json.dumps([told, others]), flush=True)
"""

DAY_SECONDS = 86_400.0
SLACK_SECONDS = 2.5


@pytest.fixture
def clocks(tmp_path: Path) -> Clocks:
    return Clocks(tmp_path / "clocks")


@pytest.fixture
def telling(clocks: Clocks) -> Iterator["subprocess.Popen[str]"]:
    """A process that tells the time, by every way there is, whenever it is asked."""
    command = [sys.executable, "-c", _TELLING, str(clocks.file("web-1"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def ask(process: "subprocess.Popen[str]") -> tuple[dict[str, float], dict]:
    assert process.stdin
    assert process.stdout
    process.stdin.write("?\n")
    process.stdin.flush()
    told, others = json.loads(process.stdout.readline())
    return told, others


@pytest.mark.parametrize("seconds", [DAY_SECONDS, -DAY_SECONDS, 600.0])
def test_a_running_process_is_put_off_and_right_again(
    clocks: Clocks, telling: "subprocess.Popen[str]", seconds: float
) -> None:
    """However it asks for the time of day; clocks that nobody can set, and given moments, are what they were."""
    for off in (0.0, seconds, 0.0):
        clocks.put_off("web-1", off)
        told, others = ask(telling)
        assert all(abs(each - time.time() - off) < SLACK_SECONDS for each in told.values()), told
        assert abs(others["mono"] - time.monotonic()) < SLACK_SECONDS
        assert abs(others["boot"] - time.clock_gettime(time.CLOCK_BOOTTIME)) < SLACK_SECONDS
        assert others["date"] == time.strftime("%Y-%m-%d", time.localtime(time.time() + off))
        assert (others["same"], others["fixed"], others["of"]) == (True, 1970, "1970-01-02T00:00:00+00:00")


def test_others_keep_their_clocks(clocks: Clocks, telling: "subprocess.Popen[str]") -> None:
    """Each process has a file of its own."""
    clocks.put_off("web-2", DAY_SECONDS)
    told, _ = ask(telling)
    assert abs(told["time"] - time.time()) < SLACK_SECONDS


def test_a_new_clock_is_right_and_an_old_one_is_kept(tmp_path: Path) -> None:
    """A process that starts again is as far off as it was."""
    clocks = Clocks(tmp_path)
    before = clocks.file("web-1").read_bytes()
    clocks.put_off("web-1", 5)
    assert Clocks(tmp_path).file("web-1").read_bytes() != before == bytes(8)


@pytest.mark.parametrize(
    ("url", "by_wire"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:7/0"),
        ("redis://:secret@redis.example:6379/1?x=y", "redis://:secret@127.0.0.1:7/1?x=y"),
        ("mongodb://me:pass@db.example/hotseat", "mongodb://me:pass@127.0.0.1:7/hotseat"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:7"),
    ],
)
def test_an_address_leads_through_a_wire(url: str, by_wire: str) -> None:
    """All else of it stays."""
    assert through(url, 7) == by_wire
