"""A connection breaks at any moment of anything: no copy at rest differs from Redis, and nobody is shown the past."""

import asyncio
import contextlib
from contextlib import AsyncExitStack

import pytest
from cache_doubles import Clock
from cache_races import HOT, Fleet, Process, must, race
from quiet_log import Expects
from wires import Passage, Wire, Words, wire_to

from cache import Unavailable
from cache.hot_tiers import HotTiers

pytestmark = pytest.mark.asyncio

MOST_PLACES = 120
GONE = "hot copies are not trusted (lost): "


class Browser:
    """Somebody who is served by any process and remembers what they were shown."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._floor = 0
        self._seen = 0

    async def read(self, process: Process) -> None:
        with contextlib.suppress(Unavailable):
            answer = await process.board.get("ada", self._fleet.load(), floor=self._floor)
            must(answer.value >= self._seen, f"shown {answer.value} ({answer.tier}) after {self._seen}")
            self._seen = answer.value
            self._floor = max(self._floor, answer.version)

    async def write(self, process: Process) -> None:
        with contextlib.suppress(Unavailable):
            version = await self._fleet.write(process)
            self._seen = self._fleet.truth["ada"]
            self._floor = max(self._floor, version)


async def journey(fleet: Fleet, one: Process, two: Process) -> None:
    """Reads, loads, writes here and elsewhere, a session that changes and ends, heartbeats and canaries between.
    `one` is the process whose connections break."""
    browser = Browser(fleet)
    await two.sign_in()
    for writer in (two, one):
        for process in (one, one, two, one):
            await browser.read(process)
        await browser.write(writer)
        await browser.read(one)
        await browser.read(two)
    with contextlib.suppress(Unavailable):
        await one.session()
        await one.sessions.change("ada", "s", {"theme": "dark"})
        session = await one.session()
        must(session is not None and session["theme"] == "dark", f"their own change is not there: {session}")
    one.hot.lease._changed.set()  # a heartbeat and a canary, now
    await asyncio.gather(browser.read(one), browser.write(two), return_exceptions=False)
    await browser.read(one)


async def check_at_rest(fleet: Fleet, one: Process, two: Process) -> None:
    """Once all is well: what is held is what Redis holds, and what is answered is the truth."""
    async with asyncio.timeout(5):
        while not await one.cache.trusted(1):
            pass
        while (differing := await differing_of(fleet)) is None:  # noqa: ASYNC110  # it happens in Redis
            await asyncio.sleep(0.01)
    must(differing == [], f"differs from Redis: {differing}")
    for process in (one, two, one):
        must(await read_at_last(fleet, process) == fleet.truth["ada"], "the last value is not the truth")


async def read_at_last(fleet: Fleet, process: Process) -> int:
    """What it answers, asked again if the cut came only now."""
    try:
        return await fleet.read(process)
    except Unavailable:
        return await fleet.read(process)


async def differing_of(fleet: Fleet) -> list[str] | None:
    try:
        return await fleet.differing()
    except Unavailable:
        return None


class Cut:
    """Breaks one kind of connection at the n-th command, before Redis sees it, or at the n-th reply, in place of it."""

    def __init__(self, wire: Wire, *, tracked: bool, point: str, place: int) -> None:
        self.passed = 0
        self._tracked = tracked
        self._place = place
        if point == "command":
            wire.on_command = self._command
        else:
            wire.on_reply = self._reply

    def _command(self, passage: Passage, words: Words) -> bool:
        return not self._cut(passage)

    def _reply(self, passage: Passage, value: bytes) -> bytes:
        return b"" if self._cut(passage) else value

    def _cut(self, passage: Passage) -> bool:
        if passage.tracked != self._tracked:
            return False
        self.passed += 1
        if self.passed == self._place:
            passage.cut()
        return self.passed == self._place


def keep_all(patch: pytest.MonkeyPatch) -> None:
    """Copies outlive the connection that would have told of their end."""

    def opened(tiers: HotTiers, number: int) -> None:
        tiers.lease.opened(number)

    patch.setattr(HotTiers, "opened", opened)


@race(HOT)
@pytest.mark.parametrize("point", ["command", "reply"])
@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "untracked"])
async def test_a_connection_may_break_at_any_command_and_any_reply(
    fleet: Fleet, expects: Expects, *, tracked: bool, point: str
) -> None:
    """Each link, at each place of its stream, lost before Redis saw the command, or after it did what was asked."""
    expects(GONE)
    for place in range(1, MOST_PLACES):
        async with wire_to(fleet.url) as wire, AsyncExitStack() as stack:
            fleet.foreign.flushall()
            cut = Cut(wire, tracked=tracked, point=point, place=place)
            these = Fleet(fleet.url, fleet.variant, Clock(), stack)
            board = {"load_seconds": 0.2}  # how long a lease outlives its holder
            one = await these.process(wire.url, board=board, deadline_seconds=0.3)
            two = await these.process(board=board)
            await journey(these, one, two)
            await check_at_rest(these, one, two)
            if cut.passed < place:
                return
    pytest.fail("more places than were thought of")
