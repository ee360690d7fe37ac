"""Debian's Chromium in front of whole stacks with content, in both modes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from chromium import chromium
from confinement import files_open_for_writing, may_write_files
from desk import Desk
from fleet import wait_whole, web_names
from playwright.sync_api import Browser
from watch import Watch

from deploy.local import Programs, Stack

Open = Callable[..., Desk]

CONTENT = ("--people", "40", "--cards", "200", "--photos", "10")


@pytest.fixture(scope="module")
def browser(programs: Programs) -> Iterator[Browser]:
    with chromium(programs.need("chromium")["chromium"]) as started:
        yield started


@pytest.fixture(scope="session")
def seeded() -> Callable[[Stack], Stack]:
    """Fills a stack with people and cards, once."""
    done: set[str] = set()

    def fill(stack: Stack) -> Stack:
        if stack.url not in done:
            command = [sys.executable, "-m", "hotseat", "seed", *CONTENT]
            subprocess.run(command, env=stack.environ_of("web-1"), check=True, capture_output=True)
            done.add(stack.url)
        return stack

    return fill


@pytest.fixture(scope="module", params=["off", "on"])
def any_stack(request: pytest.FixtureRequest, seeded: Callable[[Stack], Stack]) -> Stack:
    """A whole stack with content: the tests of a module run in stateless mode, then in sticky mode."""
    return seeded(request.getfixturevalue(f"stack_{request.param}"))


@pytest.fixture
def stack(any_stack: Stack, eventually: Callable[..., None]) -> Iterator[Stack]:
    """The stack with all its web processes in service, before the test and after it."""
    wait_whole(any_stack, eventually)
    yield any_stack
    wait_whole(any_stack, eventually)


@pytest.fixture
def mode(stack: Stack) -> str:
    """What the evidence bar calls it: sticky or stateless."""
    return next(each.mode for each in stack.status() if each.name == "web-1")


@pytest.fixture
def open_desk(stack: Stack, browser: Browser) -> Iterator[Open]:
    """`open_desk(width=360)` is a new browser with its own cookies. Nothing may have gone wrong in any of them."""
    with ExitStack() as contexts:
        watches = []

        def open_one(*, width: int = 1280, scripted: bool = True, scheme: str = "light", url: str = stack.url) -> Desk:
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                java_script_enabled=scripted,
                color_scheme=scheme,
                reduced_motion="reduce",
                locale="en-GB",
                timezone_id="Europe/Vienna",
            )
            contexts.callback(context.close)
            context.set_default_timeout(20_000)
            watches.append(Watch(context))
            return Desk(
                context.new_page(), url, watches[-1], scripted=scripted, arrived=lambda: _assert_confined(stack)
            )

        yield open_one
        assert [fault for watch in watches for fault in watch.faults] == []


def _assert_confined(stack: Stack) -> None:
    """No web process can write a file, or has one open to write to."""
    pids = {each.name: each.pid for each in stack.status() if each.name in web_names(stack) and each.pid}
    for name, pid in pids.items():
        assert not may_write_files(pid), name
        assert files_open_for_writing(pid) == [], name
