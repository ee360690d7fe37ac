"""A process's own write, then somebody else's: the second must be noticed.

Redis forgets that a connection read a key as soon as that key is written, by that very connection too. So no copy is
made from what was written: it is read again, over the tracked connection.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from cache_races import HOT, NAIVE, STATELESS, Fleet, must, race, without

from cache.hot_tiers import HotTiers
from cache.link import Link, Script
from cache.lookup import Lookup

pytestmark = pytest.mark.asyncio


def keep_what_was_written(patch: pytest.MonkeyPatch) -> None:
    """The copy is made from the bytes that were stored, instead of being read back."""

    async def store(
        tiers: HotTiers, script: Script, keys: Sequence[str], args: Sequence[Any], lookup: Lookup[Any]
    ) -> int:
        [reply] = await tiers.tracked.ask("store", ("EVAL", script.source, len(keys), *keys, *args))
        _, encoded, life_ms, *_ = args
        entry = lookup.source.entry(
            lookup.tag, lookup.key, encoded, version=int(reply), left_ms=life_ms, now=tiers.clock()
        )
        assert entry is not None
        tiers.hot.put(lookup.key, entry)
        return int(reply)

    patch.setattr(HotTiers, "store", store)


def track_without_own_writes(patch: pytest.MonkeyPatch) -> None:
    """The tracked connection is not told of what it writes itself."""
    ask = Link.ask

    async def asked(link: Link, operation: str, *commands: Any, **how: Any) -> Any:
        return await ask(
            link,
            operation,
            *((*command, "NOLOOP") if command[:2] == ("CLIENT", "TRACKING") else command for command in commands),
            **how,
        )

    patch.setattr(Link, "ask", asked)


@race(HOT, STATELESS, NAIVE, without("reading back", keep_what_was_written))
async def test_a_write_after_a_value_was_stored_by_oneself_is_noticed(fleet: Fleet) -> None:
    """The process that loaded and stored a value holds a copy of it; another one's write must reach that copy."""
    one, two = await fleet.process(), await fleet.process()
    must(await fleet.read(one) == 0, "not loaded")
    await fleet.write(two)
    must(not await fleet.differing(), "the copy of what was stored was not dropped")
    must(await fleet.read(one) == 1, "the write was not noticed")


@race(HOT, NAIVE, without("reading back", keep_what_was_written))
async def test_what_is_stored_over_a_copy_is_noticed_when_it_is_stored_over_again(fleet: Fleet) -> None:
    """Copy, own store, foreign store: each value replaces the one before it, in this process too."""
    one, two = await fleet.process(), await fleet.process()
    for round_number in range(3):
        fleet.truth["ada"] = 10 * round_number
        fleet.foreign.delete(one.board.key("ada"))
        await one.told_all()
        await fleet.read(one)  # loads and stores
        fleet.truth["ada"] += 1
        fleet.foreign.delete(one.board.key("ada"))
        await two.told_all()
        await fleet.read(two)  # another process loads and stores
        must(not await fleet.differing(), f"a copy is behind in round {round_number}")
        must(await fleet.read(one) == fleet.truth["ada"], f"not noticed in round {round_number}")


@race(HOT, STATELESS, NAIVE)
async def test_a_change_of_a_record_after_ones_own_is_noticed(fleet: Fleet) -> None:
    """A session changed here, read here, then changed elsewhere."""
    one, two = await fleet.process(), await fleet.process()
    await one.sign_in()
    for theme in ("dark", "blue", "green"):
        await one.sessions.change("ada", "s", {"theme": f"{theme} by one"})
        session = await one.session()
        must(session is not None and session["theme"] == f"{theme} by one", "one's own change is not seen")
        await two.sessions.change("ada", "s", {"theme": f"{theme} by two"})
        must(not await fleet.differing(), "the other one's change was not told")
        session = await one.session()
        must(session is not None and session["theme"] == f"{theme} by two", "the other one's change is not seen")


@race(HOT, NAIVE)
async def test_a_raw_command_of_ones_own_and_then_anothers_are_noticed(fleet: Fleet) -> None:
    """Whatever goes around `cache`, over its own link or any other, is told like all writes."""
    one, two = await fleet.process(), await fleet.process()
    await one.sign_in()
    key = one.sessions.key("ada", "s")
    for number, process in enumerate([one, two, one, one, two, two]):
        await one.session()
        await process.cache.link.ask("write", ("HSET", key, "theme", number), ("HINCRBY", key, "version", 1))
        must(not await fleet.differing(), f"write {number} was not told")
        session = await one.session()
        must(session is not None and session["theme"] == str(number), f"write {number} is not seen")


@race(HOT, without("own writes told", track_without_own_writes))
async def test_a_write_over_the_tracked_connection_itself_drops_the_copy(fleet: Fleet) -> None:
    """With NOLOOP Redis would forget that the key was read, and not say so. (The naive cache tracks nothing.)"""
    process = await fleet.process()
    await process.sign_in()
    await process.session()
    assert len(process.cache.hot) == 1
    key = process.sessions.key("ada", "s")
    await process.hot.tracked.ask("write", ("HSET", key, "theme", "dark"), ("HINCRBY", key, "version", 1))
    must(not await fleet.differing(), "a copy outlived one's own write")


@race(HOT, without("own writes told", track_without_own_writes))
async def test_a_value_that_vanishes_right_after_it_was_stored_takes_the_former_copy_along(fleet: Fleet) -> None:
    """Store over a held copy, delete by another process, read back nothing: the store itself must have dropped it."""
    process = await fleet.process()
    fleet.store(1)
    fleet.truth["ada"] = 1
    must(await fleet.read(process) == 1, "not read")
    key = process.board.key("ada")
    # What a store and a read back send, with the other process's command between the two.
    await process.hot.tracked.ask("store", ("SET", key, fleet.encoded(2)))
    fleet.foreign.delete(key)
    await process.hot.tracked.ask("read", ("GET", key))
    must(not await fleet.differing(), "the former copy is still held")
