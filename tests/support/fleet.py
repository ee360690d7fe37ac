"""The web processes of a running stack, seen from outside: which run, which get requests, and how one is ended."""

import atexit
import csv
import os
import signal
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local import Stack, slot_cookie

FRESH_SECONDS = 30.0  # a process starts in two seconds on a quiet machine


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    """Brings it up, and down at the end: of the block, or of the run if that is interrupted."""
    atexit.register(stack.down)  # a second time costs nothing
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


def run_dir(stack: Stack) -> Path:
    """Where it keeps its files."""
    return stack._run_dir.path


def web_names(stack: Stack) -> list[str]:
    """All web processes, running or not."""
    return [name for name in stack.names() if name.startswith("web-")]


def in_service(stack: Stack) -> set[str]:
    """The web processes that HAProxy sends requests to just now."""
    with urllib.request.urlopen(f"http://{stack.admin_address('haproxy')}/;csv", timeout=5) as answer:
        lines = answer.read().decode().removeprefix("# ").splitlines()
    servers = [row for row in csv.DictReader(lines) if row["pxname"] == "web" and row["svname"] != "BACKEND"]
    return {row["svname"] for row in servers if row["status"] == "UP"}


def usable(stack: Stack) -> set[str]:
    """The web processes that are alive, and that HAProxy sends requests to. (It notices a death within a second.)"""
    return {name for name in in_service(stack) if stack.ready(name)}


def wait_whole(stack: Stack, eventually: Callable[..., None]) -> None:
    """Returns once every web process is ready and HAProxy knows it."""
    for name in web_names(stack):
        stack.wait_ready(name, FRESH_SECONDS)
    eventually(lambda: in_service(stack) == set(web_names(stack)), FRESH_SECONDS)


def end_suddenly(stack: Stack, name: str) -> None:
    """SIGKILL, and back at once: neither HAProxy nor the supervisor has noticed yet."""
    pid = stack.pid(name)
    assert pid, f"{name} does not run"  # 0 would be this process's own group
    os.kill(pid, signal.SIGKILL)


def slot_value(stack: Stack, name: str) -> str:
    """The affinity cookie of a browser that belongs to `name`."""
    return slot_cookie(stack.environ_of(name)["AFFINITY_KEY"], name)
