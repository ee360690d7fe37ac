"""A real worker process whose queue is away."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from requests import Session
from sites import PASSWORD, site_in_thread, variables_of

from deploy.local import RunningStore
from webapp.worker import NICENESS

Eventually = Callable[..., None]
WITHIN_SECONDS = 30


@contextmanager
def running_worker(log: Path, variables: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    environ = {"PATH": "", **variables, "INSTANCE_ID": "worker-1", "ADMIN_PORT": "0"}
    with log.open("wb") as out:
        popen = subprocess.Popen([sys.executable, "-m", "hotseat", "worker"], env=environ, stdout=out)
    try:
        yield popen
    finally:
        popen.kill()
        popen.wait()


def told(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_exports_are_made_though_the_queue_is_away(
    tmp_path: Path,
    redis_server: RunningStore,
    mongodb_server: RunningStore,
    s3_server: RunningStore,
    eventually: Eventually,
) -> None:
    """It says so once, goes on at its low priority, and leaves when it is told to."""
    variables = variables_of(redis_server, mongodb_server, s3_server)
    log = tmp_path / "log"
    with (
        site_in_thread(variables) as site,
        Session() as browser,
        running_worker(log, {**variables, "REDIS_URL": "redis://127.0.0.1:1"}) as worker,
    ):
        api = f"{site.url}/api/v1"
        browser.post(f"{api}/signup", json={"handle": "ada", "password": PASSWORD, "name": "Ada"}, timeout=10)
        report = browser.post(f"{api}/reports", timeout=10).json()
        state = lambda: browser.get(f"{api}/reports/{report['id']}", timeout=10).json()["state"]  # noqa: E731
        eventually(lambda: state() == "done", WITHIN_SECONDS)
        assert os.getpriority(os.PRIO_PROCESS, worker.pid) == os.getpriority(os.PRIO_PROCESS, 0) + NICENESS
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(WITHIN_SECONDS) == 0
    warned = sorted(line["event"] for line in told(log) if line["level"] != "info")
    assert warned == ["queue unavailable", "unavailable"]  # the queue's connection, and what is asked of Redis besides
