"""A link that is open and dead: for B its copies may be answered, then no longer, and none that changed comes back."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from typing import Any

import pytest
from cache_races import Fleet, Variant, must, race, without
from links import heals
from quiet_log import Expects
from stalls import stalls
from wires import wire_to

from cache import Unavailable, boot_clock
from cache.hot_tiers import HotTiers

pytestmark = pytest.mark.asyncio

B = 0.5
UNTRUSTED = "hot copies are not trusted ("
DIRECTIONS: Mapping[str, Mapping[str, bool]] = {
    "no replies": {"commands": False},
    "no commands": {"replies": False},
    "neither": {},
}

HOT = Variant("hot", {"hot_bytes": 1 << 20, "staleness_seconds": B})
NO_LEASE = Variant("hot-without-lease", {"hot_bytes": 1 << 20, "staleness_seconds": 3600.0}, sound=False)


@race(HOT, NO_LEASE)
async def test_a_copy_is_answered_for_at_most_b_after_its_key_changed(fleet: Fleet, expects: Expects) -> None:
    """The socket is open, no reply and no invalidation comes through any more, and somebody else writes."""
    expects(UNTRUSTED)
    async with wire_to(fleet.url) as wire:
        one = await fleet.process(wire.url, clock=boot_clock, deadline_seconds=0.2)
        two = await fleet.process()
        await fleet.read(one)
        wire.stall(commands=False)
        floor = await fleet.write(two)
        changed_at = time.monotonic()
        while (asked_at := time.monotonic()) < changed_at + 1.5 * B:
            with contextlib.suppress(Unavailable):
                answer = await one.board.get("ada", fleet.load())
                late = asked_at - changed_at
                must(answer.value == 1 or late < B, f"answered {late:.3f} s after it changed")
            await asyncio.sleep(0.005)
        with pytest.raises(Unavailable):
            await one.board.get("ada", fleet.load(), floor=floor, stale=True)


@race(HOT)
@pytest.mark.parametrize("stalled", DIRECTIONS)
async def test_after_a_black_hole_everything_is_fresh_again(fleet: Fleet, expects: Expects, stalled: str) -> None:
    """Long enough for the link to be given up, or not; no copy from before stands against what changed meanwhile."""
    expects(UNTRUSTED)
    async with wire_to(fleet.url) as wire:
        one = await fleet.process(wire.url, clock=boot_clock, deadline_seconds=0.2)
        two = await fleet.process()
        for held_seconds in (B / 4, 1.2 * B):
            await fleet.read(one)
            wire.stall(**DIRECTIONS[stalled])
            await fleet.write(two)
            await asyncio.sleep(held_seconds)
            wire.flow()
            await heals(one.cache.link, "healed")
            assert await one.cache.trusted(3), one.cache.state()
            await one.told_all()
            must(await fleet.read(one) == fleet.truth["ada"], "the old value came back")
            must(await fleet.differing() == [], "a copy differs from Redis")


@race(HOT)
async def test_in_a_black_hole_nobody_waits_for_long(fleet: Fleet, expects: Expects) -> None:
    """Held copies stand in within half a second, marked; what is not held fails within its deadline, and not later."""
    expects(UNTRUSTED)
    async with wire_to(fleet.url) as wire, stalls() as stalled:
        one = await fleet.process(wire.url, clock=boot_clock)
        await fleet.read(one)
        wire.stall()
        stalled_at = time.monotonic()
        not_held = asyncio.ensure_future(one.board.get("bob", fleet.load("bob"), stale=True))
        not_held.add_done_callback(lambda _: ended.append(time.monotonic() - stalled_at))
        ended: list[float] = []
        kinds = set()
        while (asked_at := time.monotonic()) < stalled_at + 3 * B:
            before = stalled.seconds
            answer = await one.board.get("ada", fleet.load(), stale=True)
            assert time.monotonic() - asked_at < 0.5 + stalled.seconds - before
            kinds.add((answer.tier, answer.stale))
            await asyncio.sleep(0.01)
        assert kinds == {("hot", ""), ("hot", "outage")}
        with pytest.raises(Unavailable):
            await not_held
        assert ended[0] < 1.0 + stalled.seconds


@race(HOT)
async def test_a_write_that_meets_a_black_hole_costs_its_author_no_copy(fleet: Fleet, expects: Expects) -> None:
    """It fails, and whether it happened is unknown; what was there before still stands in, marked, for who only reads.

    Once Redis is back the write has happened or not; either way what is answered is what Redis holds.
    """
    expects(UNTRUSTED)
    async with wire_to(fleet.url) as wire:
        one = await fleet.process(wire.url, clock=boot_clock, deadline_seconds=0.2)
        await one.sign_in()
        await one.sessions.change("ada", "s", {"theme": "grey"})  # Redis knows the script from now on
        await fleet.read(one)
        await one.session()
        wire.stall(commands=False)
        with pytest.raises(Unavailable):
            await one.sessions.change("ada", "s", {"theme": "dark"})
        with pytest.raises(Unavailable):
            await fleet.write(one)
        await asyncio.sleep(1.1 * B)
        answers = await one.cache.look(one.sessions.lookup("ada", "s"), one.board.lookup("ada"), stale=True)
        assert [answer and (answer.tier, answer.stale) for answer in answers] == [("hot", "outage")] * 2
        wire.flow()
        assert await one.cache.trusted(5), one.cache.state()
        fleet.end_barriers()
        must(await fleet.differing() == [], "a copy differs from Redis")
        session = await one.session()
        must(session is not None and session["theme"] == "dark", "the write reached Redis, and is not seen")


@race(HOT)
async def test_a_session_whose_end_met_a_black_hole_is_not_shown_where_it_was_ended(
    fleet: Fleet, expects: Expects
) -> None:
    """Whether it ended is unknown, but nobody wants to see it again here: no copy stands in for it."""
    expects(UNTRUSTED)
    async with wire_to(fleet.url) as wire:
        one = await fleet.process(wire.url, clock=boot_clock, deadline_seconds=0.2)
        await one.sign_in()
        await one.session()
        wire.stall(commands=False)
        with pytest.raises(Unavailable):
            await one.sessions.delete("ada", ["s"])
        with pytest.raises(Unavailable):
            await one.cache.look(one.sessions.lookup("ada", "s"), stale=True)


def _stand_in_with_nothing(tiers: HotTiers, lookups: Any, places: list[int], answers: list[Any]) -> bool:
    for place in places:
        answers[place] = tiers._past_trust(lookups[place])
    return True


def stands_in_with_nothing(patch: pytest.MonkeyPatch) -> None:
    """A copy that was dropped meanwhile is answered as if there were no such record."""
    patch.setattr(HotTiers, "_stand_in", _stand_in_with_nothing)


@race(HOT, without("a copy that is gone does not stand in", stands_in_with_nothing, HOT))
async def test_a_session_whose_copy_is_dropped_while_redis_is_tried_is_not_taken_for_none(
    fleet: Fleet, expects: Expects
) -> None:
    """Two tabs: one reads, the answer to the other's write drops the copy, and Redis does not answer the first."""
    expects(UNTRUSTED)
    async with wire_to(fleet.url) as wire:
        one = await fleet.process(wire.url, clock=boot_clock)
        await one.sign_in()
        await one.session()
        wire.stall(commands=False)
        await asyncio.sleep(1.1 * B)
        reading = fleet.begin(one.cache.look(one.sessions.lookup("ada", "s"), stale=True))
        await asyncio.sleep(0.05)
        one.hot.forget("ada")
        with contextlib.suppress(Unavailable):
            must(await reading != [None], "a living session was taken for one that is over")
