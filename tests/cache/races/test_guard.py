"""A session and what belongs to its user are asked for together: while the session is not found, nothing beside it is
used, kept, dropped or made hotter. A stranger who knows a user's tag, and no session of theirs, has no effect (P6)."""

from typing import Any

import pytest
from cache_races import HOT, NAIVE, STATELESS, Fleet, Process, must, race, until, without

from cache.hot_tiers import HotTiers
from cache.reading import Reading
from cache.tiers import Tiers

pytestmark = pytest.mark.asyncio


def read_unguarded(patch: pytest.MonkeyPatch) -> None:
    """What is read beside the guard is found and kept whether or not the guard was."""
    init = Reading.__init__

    def unguarded(reading: Reading, lookups: Any, *, guarded: bool, **how: Any) -> None:
        init(reading, lookups, guarded=False, **how)

    patch.setattr(Reading, "__init__", unguarded)


def look_unguarded(patch: pytest.MonkeyPatch) -> None:
    """The first lookup is one like any other."""
    for tiers in (Tiers, HotTiers):
        look = tiers.look

        async def unguarded(self: Tiers, lookups: Any, *, guarded: bool, stale: bool, look: Any = look) -> list[Any]:
            return await look(self, lookups, guarded=False, stale=stale)  # type: ignore[no-any-return]

        patch.setattr(tiers, "look", unguarded)


async def knock(process: Process, tag: str = "ada") -> list[Any]:
    """A session that does not exist, and the board of the user it claims to be of."""
    return await process.cache.look(process.sessions.lookup(tag, "made-up"), process.board.lookup(tag))


def heat(process: Process) -> list[str]:
    """What is held, hottest first."""
    return [key for key, _ in process.cache.hot.hottest()]


@race(HOT, STATELESS, without("the guard", look_unguarded), without("the guard", look_unguarded, STATELESS))
@pytest.mark.parametrize("held", [True, False])
async def test_nothing_is_answered_beside_a_guard_that_misses(fleet: Fleet, held: bool) -> None:
    """Be it held hot or in Redis only. (The naive cache asks its guard in the same way.)"""
    process = await fleet.process()
    fleet.store(7)
    if held:
        await fleet.read(process)
    must(await knock(process) == [None, None], "a stranger was answered")


@race(HOT, without("the guard", read_unguarded))
async def test_nothing_read_beside_a_guard_that_misses_is_kept(fleet: Fleet) -> None:
    """A stranger warms nothing. (The naive cache reads through the same guard.)"""
    process = await fleet.process()
    fleet.store(7)
    await knock(process)
    await process.told_all()
    must(heat(process) == [], f"kept: {heat(process)}")


@race(HOT, NAIVE, without("the guard", look_unguarded))
async def test_nothing_held_beside_a_guard_that_misses_becomes_hotter(fleet: Fleet) -> None:
    """A stranger who knocks again and again cannot push other users' copies out."""
    process = await fleet.process()
    for tag in ("ada", "bob", "cyd"):
        fleet.store(7, tag)
        await fleet.read(process, tag)
        await fleet.read(process, tag)
    before = heat(process)
    assert len(before) == 3
    for _ in range(3):
        await knock(process)
    must(heat(process) == before, f"{before} became {heat(process)}")


@race(HOT, NAIVE, without("the guard", look_unguarded))
async def test_nothing_held_beside_a_guard_that_misses_is_dropped_or_replaced(fleet: Fleet) -> None:
    """Not even what would be if it were asked for: a copy that is past its time."""
    process = await fleet.process()
    fleet.store(7, life_seconds=20)
    await fleet.read(process)
    copy = process.cache.hot.peek(process.board.key("ada"))
    fleet.turn_clock(20)
    if fleet.variant is not NAIVE:
        await process.renew_lease()
    assert copy is not None
    await knock(process)
    must(process.cache.hot.peek(process.board.key("ada")) is copy, "a stranger had a copy dropped")
    assert process.told.evictions == []


@race(HOT)
async def test_a_stranger_does_not_make_a_copy_count_as_newer(fleet: Fleet) -> None:
    """The owner's version is read beside the guard; copies are marked with it only if the guard was found."""
    process, other = await fleet.process(), await fleet.process()
    await fleet.read(process)
    version = fleet.version()
    await other.cache.invalidate("ada")  # no region: only the version goes up
    assert fleet.version() == version + 1
    await knock(process)
    entry = process.cache.hot.peek(process.board.key("ada"))
    assert entry is not None
    assert entry.version == version


@race(HOT, STATELESS)
async def test_a_guard_that_ends_while_it_is_asked_for_takes_what_is_beside_it_along(fleet: Fleet) -> None:
    """The session was hot, and is deleted while its owner's version is asked for: then there is no board either."""
    process, other = await fleet.process(), await fleet.process()
    await process.sign_in()
    await fleet.read(process)
    look = (process.sessions.lookup("ada", "s"), process.board.lookup("ada"))
    assert None not in await process.cache.look(*look)
    await other.sessions.delete("ada", ["s"])
    floor = fleet.version()
    look = (process.sessions.lookup("ada", "s", floor=floor), process.board.lookup("ada", floor=floor))
    must(await process.cache.look(*look) == [None, None], "answered to a session that was ended")


@race(HOT)
async def test_a_copy_that_changes_while_its_owners_version_is_asked_for_is_read_again(fleet: Fleet) -> None:
    """The copy is below the floor, and its telling on its way: not held any more is not the same as not there."""
    door = await fleet.door()
    process, other = await fleet.process(url=door.url, deadline_seconds=10), await fleet.process()
    await process.sign_in()
    await fleet.read(process)
    look = (process.sessions.lookup("ada", "s"), process.board.lookup("ada"))
    assert None not in await process.cache.look(*look)
    door.stall()
    floor = await other.sessions.change("ada", "s", {"theme": "dark"})
    before = process.cache.backlog
    look = (process.sessions.lookup("ada", "s", floor=floor), process.board.lookup("ada", floor=floor))
    answering = fleet.begin(process.cache.look(*look))
    await until(lambda: process.cache.backlog > before)
    await door.open()
    session, board = await answering
    assert session is not None, "logged out by a change of theme"
    assert session.value["theme"] == "dark"
    assert board is not None
    assert session.version >= floor
