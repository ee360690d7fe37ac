"""What the processes of a whole stack tell about themselves: to `hotseat status`, to Redis, and in their logs."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from fleet import web_names

from deploy.local import Stack

pytestmark = pytest.mark.stack

TRUSTED_WITHIN_SECONDS = 10


def test_status_tells_how_it_is_with_hot_copies(stack: Stack, sticky: bool, eventually: Callable[..., None]) -> None:
    """Trusted in sticky mode, off in stateless mode, without anything to explain."""

    def hot() -> set[Any]:
        return {(each.hot, each.note) for each in stack.status(ask=True) if each.name in web_names(stack)}

    eventually(lambda: hot() == {("trusted" if sticky else "off", None)}, TRUSTED_WITHIN_SECONDS)


def test_each_process_tells_what_it_is(stack: Stack, sticky: bool) -> None:
    """On its admin port, the worker too, which keeps no copies in either mode."""
    for name in (*web_names(stack), "worker-1"):
        with urllib.request.urlopen(f"http://{stack.admin_address(name)}/status", timeout=5) as answer:
            told = json.load(answer)
        assert (told["instance"], told["mode"]) == (name, "sticky" if sticky else "stateless")
        assert told["rung"] == ("hot behind stickiness" if sticky else "cached in Redis")
    assert told["hot"]["state"] == "off"


def test_the_log_says_when_copies_are_trusted(stack: Stack, sticky: bool, eventually: Callable[..., None]) -> None:
    """Once the process is ready, in one JSON line like all others; in stateless mode there is nothing to say."""
    for name in web_names(stack):
        log = stack.logs(name)
        if not sticky:
            assert "hot copies" not in log.read_text()
            continue
        eventually(lambda log=log: "hot copies are trusted" in log.read_text(), TRUSTED_WITHIN_SECONDS)
        lines = [json.loads(line) for line in log.read_text().splitlines() if "hot copies are trusted" in line]
        assert {(line["logger"], line["level"], line["instance"]) for line in lines} == {("cache.lease", "info", name)}
