"""Sites that are opened from an event loop: none is forgotten, whenever its user is cancelled."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.testbed import opening
from lab.testbed.opening import in_thread, site_opened

pytestmark = pytest.mark.asyncio


class Sites:
    """Stands in for real ones; `starts` is set once one begins to start, which goes on until `may_start`."""

    def __init__(self) -> None:
        self.starts, self.may_start = threading.Event(), threading.Event()
        self.done: list[str] = []

    @contextmanager
    def open(self, *args: Any, **how: Any) -> Iterator[str]:
        self.starts.set()
        self.may_start.wait(5)
        self.done.append("started")
        try:
            yield "site"
        finally:
            self.done.append("ended")


@pytest.fixture
def sites(monkeypatch: pytest.MonkeyPatch) -> Sites:
    found = Sites()
    monkeypatch.setattr(opening, "open_site", found.open)
    return found


async def use(into: list[str], used: asyncio.Event) -> None:
    async with site_opened(Path("nowhere"), "sticky", {}) as site:
        into.append(str(site))
        used.set()
        await asyncio.sleep(60)


async def test_a_site_that_is_cancelled_while_it_starts_is_ended(sites: Sites) -> None:
    """As with Ctrl-C in the first seconds: the thread that starts it cannot be stopped, so it is waited for."""
    used: list[str] = []
    using = asyncio.ensure_future(use(used, asyncio.Event()))
    await asyncio.to_thread(sites.starts.wait, 5)
    using.cancel()
    await asyncio.sleep(0.05)
    assert not using.done()
    sites.may_start.set()
    with pytest.raises(asyncio.CancelledError):
        await using
    assert (sites.done, used) == (["started", "ended"], [])


async def test_a_site_in_use_is_ended_once(sites: Sites) -> None:
    sites.may_start.set()
    used: list[str] = []
    begun = asyncio.Event()
    using = asyncio.ensure_future(use(used, begun))
    await begun.wait()
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using
    assert (sites.done, used) == (["started", "ended"], ["site"])


async def test_a_call_goes_to_its_end_though_its_caller_is_cancelled() -> None:
    """A fault is healed before the site is left; what the call returns is its caller's otherwise."""
    goes_on, done = threading.Event(), []

    def call() -> int:
        goes_on.wait(5)
        done.append(1)
        return 7

    calling = asyncio.ensure_future(in_thread(call))
    await asyncio.sleep(0.05)
    calling.cancel()
    await asyncio.sleep(0.05)
    assert not calling.done()
    goes_on.set()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert done == [1]
    assert await in_thread(call) == 7
