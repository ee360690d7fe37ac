"""A connection breaks at any moment of anything: no copy at rest differs from Redis, and nobody is shown the past."""

import asyncio
import contextlib
from contextlib import AsyncExitStack

import pytest
from cache_doubles import Clock
from cache_races import HOT, Fleet, Process, must, race, until, without
from quiet_log import Expects
from redis import Redis
from wires import Passage, Wire, Words, wire_to

from cache import Link, Unavailable
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
    assert await one.cache.trusted(5), one.cache.state()
    must(await fleet.differing() == [], "a copy differs from Redis")
    for process in (one, two, one):
        must(await fleet.read(process) == fleet.truth["ada"], "the last value is not the truth")
    must(await fleet.differing() == [], "a copy differs from Redis once it was read again")


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


class Kill:
    """Has Redis kill one kind of connection at the n-th write: before what is written comes, or once it was answered.

    The links that are written to until `watched` is closed are those of the process whose connections break.
    """

    def __init__(self, admin: Redis, patch: pytest.MonkeyPatch, *, tracked: bool, point: str, place: int) -> None:
        self.passed = 0
        self.watching = True
        self._links: list[Link] = []
        self._admin = admin
        self._tracked = tracked
        self._point = point
        self._place = place
        self._flush = Link._flush
        patch.setattr(Link, "_flush", lambda link: self._hooked(link))  # noqa: PLW0108  # else it is not told its link

    def _hooked(self, link: Link) -> None:
        if self.watching and link not in self._links:
            self._links.append(link)
        if link not in self._links or link._resp3_only != self._tracked or not (link._unsent and link._connection):
            self._flush(link)
            return
        self.passed += 1
        host, port = link._connection._writer.get_extra_info("sockname")
        if self._point == "answered":
            self._flush(link)
            self._admin.ping()  # what was written before this has been read, and answered
        if self.passed == self._place:
            self._admin.client_kill(f"{host}:{port}")
        if self._point == "lost":
            self._flush(link)


def keep_all(patch: pytest.MonkeyPatch) -> None:
    """Copies outlive the connection that would have told of their end."""

    def opened(tiers: HotTiers, number: int) -> None:
        tiers.lease.opened(number)

    patch.setattr(HotTiers, "opened", opened)


KEEPS_ALL = without("dropping copies on reconnect", keep_all)
BOARD = {"load_seconds": 0.2}  # how long a lease outlives its holder


@race(HOT)
@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.chaos)], ids=["every fourth", "every"])
@pytest.mark.parametrize("point", ["command", "reply"])
@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "untracked"])
async def test_a_connection_may_break_at_any_command_and_any_reply(
    fleet: Fleet, expects: Expects, *, tracked: bool, point: str, step: int
) -> None:
    """Each link, at each place of its stream, lost before Redis saw the command, or after it did what was asked."""
    expects(GONE)
    for place in range(1, MOST_PLACES, step):
        async with wire_to(fleet.url) as wire, AsyncExitStack() as stack:
            fleet.foreign.flushall()
            these = Fleet(fleet.url, fleet.variant, Clock(), stack, expects)
            cut = Cut(wire, tracked=tracked, point=point, place=place)
            one = await these.process(wire.url, board=BOARD, deadline_seconds=0.3)
            two = await these.process(board=BOARD)
            await journey(these, one, two)
            wire.pass_all()
            await check_at_rest(these, one, two)
            if cut.passed < place:
                return
    pytest.fail("more places than were thought of")


@race(HOT)
@pytest.mark.parametrize("point", ["lost", "answered"])
@pytest.mark.parametrize("tracked", [True, False], ids=["tracked", "untracked"])
async def test_redis_may_kill_a_connection_at_any_write(
    fleet: Fleet, expects: Expects, *, tracked: bool, point: str
) -> None:
    """CLIENT KILL of each link at each await: before it sees what was written, or with its answers on their way."""
    expects(GONE)
    for place in range(1, MOST_PLACES):
        async with AsyncExitStack() as stack:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            fleet.foreign.flushall()
            these = Fleet(fleet.url, fleet.variant, Clock(), stack, expects)
            kill = Kill(fleet.foreign, patch, tracked=tracked, point=point, place=place)
            one = await these.process(board=BOARD, deadline_seconds=0.3)
            kill.watching = False
            two = await these.process(board=BOARD)
            await journey(these, one, two)
            patch.undo()
            await check_at_rest(these, one, two)
            if kill.passed < place:
                return
    pytest.fail("more places than were thought of")


@race(HOT, KEEPS_ALL)
async def test_what_changed_while_nobody_told_is_not_answered(fleet: Fleet, expects: Expects) -> None:
    """Somebody writes between the end of one connection and the canary of the next."""
    expects(GONE)
    async with wire_to(fleet.url) as wire:
        one, two = await fleet.process(wire.url), await fleet.process()
        must(await fleet.read(one) == await fleet.read(one) == 0, "there is nothing yet")
        wire.on_command = lambda passage, words: not passage.cut()  # nobody gets through
        wire.passage(tracked=True).cut()
        await until(lambda: one.cache.state()[0] == "lost")
        await fleet.write(two)
        wire.pass_all()
        await check_at_rest(fleet, one, two)
