"""A user who is sent to another process and back: the first one still has a copy from before (memcached-session-manager
153, where what was written in between was lost)."""

import asyncio
from typing import Any

import msgspec
import pytest
from cache_races import HOT, NAIVE, STATELESS, Fleet, Process, must, race, without

from cache.hot import Entry
from cache.hot_tiers import HotTiers
from cache.lookup import Lookup

pytestmark = pytest.mark.asyncio


def claim_to_be_new(patch: pytest.MonkeyPatch) -> None:
    """A copy is taken to be as new as anybody may ask for."""
    keep = HotTiers._keep

    def keep_as_new(tiers: HotTiers, lookup: Lookup[Any], entry: Entry) -> None:
        keep(tiers, lookup, msgspec.structs.replace(entry, version=1 << 62))

    patch.setattr(HotTiers, "_keep", keep_as_new)


@race(HOT, STATELESS, NAIVE)
async def test_a_value_written_elsewhere_is_seen_on_coming_back(fleet: Fleet) -> None:
    """First process, second, first, second: with what the browser's cookie knows, each request sees the last write."""
    one, two = await fleet.process(), await fleet.process()
    floor = 0
    for process in (one, two, one, two, one):
        value = await fleet.read(process, floor=floor)
        must(value == fleet.truth.get("ada", 0), f"answered {value}, the truth is {fleet.truth}")
        floor = await fleet.write(process)
        await fleet.read(process, floor=floor)  # the page that is shown after the write


@race(HOT, STATELESS, NAIVE)
async def test_a_record_changed_elsewhere_is_seen_on_coming_back(fleet: Fleet) -> None:
    """The same for a session, whose truth is Redis."""
    one, two = await fleet.process(), await fleet.process()
    floor = await one.sign_in()
    theme = "light"
    for number, process in enumerate((one, two, one, two, one)):
        session = await process.session(floor=floor)
        must(session is not None and session["theme"] == theme, f"visit {number}: {session}")
        theme = f"theme {number}"
        floor = await process.sessions.change("ada", "s", {"theme": theme})
        await process.session(floor=floor)


@race(HOT, NAIVE)
async def test_coming_back_without_a_cookie_shows_what_was_written_once_it_was_told(fleet: Fleet) -> None:
    """Another device of the same user knows no floor; what Redis tells is enough."""
    one, two = await fleet.process(), await fleet.process()
    await one.sign_in()
    await fleet.read(one)
    await one.session()
    await fleet.write(two)
    await two.sessions.change("ada", "s", {"theme": "dark"})
    await fleet.told_all()
    must(await fleet.read(one) == 1, "the value is from before")
    session = await one.session()
    must(session is not None and session["theme"] == "dark", "the record is from before")


@pytest.mark.parametrize("what", ["value", "record"])
@race(HOT, NAIVE, without("the floor", claim_to_be_new))
async def test_coming_back_before_anybody_has_told_shows_what_was_written_all_the_same(fleet: Fleet, what: str) -> None:
    """What Redis tells is still on its way. The copy is below the floor, so the stream is waited for."""
    door = await fleet.door()
    one, two = await fleet.process(url=door.url, deadline_seconds=10), await fleet.process()
    await one.sign_in()
    await fleet.read(one)
    await one.session()
    door.stall()
    floor = await two.sessions.change("ada", "s", {"theme": "dark"}) if what == "record" else await fleet.write(two)
    back = fleet.begin(ask(fleet, one, what, floor))
    await asyncio.sleep(0)  # a copy would be answered at once
    await asyncio.sleep(0)
    await door.open()
    answered = await back
    must(answered == ("dark" if what == "record" else 1), f"answered from before the write: {answered}")


async def ask(fleet: Fleet, process: Process, what: str, floor: int) -> Any:
    """The value, or what the record says."""
    if what == "value":
        return await fleet.read(process, floor=floor)
    session = await process.session(floor=floor)
    return session and session["theme"]


@race(HOT, NAIVE, without("the floor", claim_to_be_new))
async def test_who_has_seen_a_newer_value_is_not_shown_an_older_one(fleet: Fleet) -> None:
    """Reads alone raise the floor: other people's news, seen at one process, do not vanish at another (P3)."""
    door = await fleet.door()
    one, two = await fleet.process(url=door.url, deadline_seconds=10), await fleet.process()
    await fleet.read(one)
    door.stall()
    fleet.truth["ada"] = 1  # somebody else's card: nobody brackets anything for ada
    fleet.foreign.delete(two.board.key("ada"))  # as its time being over does
    await two.told_all()
    seen = await two.board.get("ada", fleet.load())
    assert seen.value == 1
    back = fleet.begin(fleet.read(one, floor=seen.version))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await door.open()
    must(await back == 1, "an older value after a newer one")
