"""What is preloaded while others write: at rest it is what Redis holds, and its labels promise no more than that."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from cache_races import HOT, Fleet, Process, TakesAway, must, race, without

from cache.handover import NAMES_PER_TRIP, TRIPS_AT_ONCE
from cache.hot_tiers import HotTiers
from cache.lookup import Lookup

pytestmark = pytest.mark.asyncio

PEOPLE = 2 * NAMES_PER_TRIP * TRIPS_AT_ONCE


def ahead(*, link: str, at_once: bool) -> TakesAway:
    """Reads ahead over this link; the copies are put in place by the reader, or by the caller a turn later."""

    def take_away(patch: pytest.MonkeyPatch) -> None:
        async def read_ahead(tiers: HotTiers, lookups: Sequence[Lookup[Any]], *, fits: Any) -> list[Lookup[Any]]:
            read: list[tuple[Lookup[Any], Any]] = []

            def keep(lookup: Lookup[Any], entry: Any) -> None:
                if at_once:
                    tiers.hot.put(lookup.key, entry)
                else:
                    read.append((lookup, entry))

            reading = tiers._reading(lookups, now=tiers.clock(), keep=keep, counted=tiers._counted)
            await getattr(tiers, link).ask("read", *reading.commands(), again=True, errors=True, place=reading.place)
            for lookup, entry in read:
                tiers.hot.put(lookup.key, entry)
            return []

        patch.setattr(HotTiers, "read_ahead", read_ahead)

    return take_away


def deaf(patch: pytest.MonkeyPatch) -> None:
    """What was put in place is dropped by nobody who is told of a change."""
    patch.setattr(HotTiers, "_invalidated", lambda tiers, key: None)


UNTRACKED = without("the tracked link", ahead(link="link", at_once=True))
CALLER_STORES = without("the reader stores", ahead(link="tracked", at_once=False))
DEAF = without("pushes acted on", deaf)


async def processes(fleet: Fleet) -> tuple[Process, Process, list[str]]:
    """One whose hottest copies are the boards of so many owners, and its successor, which holds nothing yet."""
    # Deadlines are not what this is about: the event loop has much to do.
    one, two = await fleet.process(deadline_seconds=30), await fleet.process(deadline_seconds=30)
    tags = [f"user{number}" for number in range(PEOPLE)]
    store(fleet, tags, 0)
    for tag in tags:
        await fleet.read(one, tag)
    assert await one.cache.write_manifest("web-1") == len(tags)
    one.cache.hot.clear()  # it answers nothing here any more
    return one, two, tags


def store(fleet: Fleet, tags: Sequence[str], value: int) -> None:
    """Somebody else stores a value for these owners, while the event loop waits."""
    board = fleet.processes[0].board
    fleet.truth.update(dict.fromkeys(tags, value))
    fleet.foreign.mset({board.key(tag): fleet.encoded(value, tag) for tag in tags})


@race(HOT, UNTRACKED, CALLER_STORES, DEAF)
async def test_what_is_preloaded_beside_a_busy_writer_is_what_redis_holds(fleet: Fleet) -> None:
    """Every second value changes again and again while it is read, and the event loop gets stuck; later all do."""
    _, two, tags = await processes(fleet)
    preloading = fleet.begin(two.cache.preload("web-1", seconds=60))
    value = 0
    while not preloading.done():
        value += 1
        store(fleet, tags[::2], value)
        await asyncio.sleep(0)
    preloaded = await preloading
    assert (preloaded.asked, preloaded.ended) == (len(tags), "done")
    differing = await fleet.differing()
    must(not differing, f"{len(differing)} copies differ from Redis at rest")
    held = len(two.cache.hot)
    assert held >= PEOPLE / 2
    store(fleet, tags, value + 1)
    differing = await fleet.differing()
    must(not differing, f"{len(differing)} of {held} copies were not told of a later write")
    for tag in tags[:20]:
        must(await fleet.read(two, tag) == value + 1, f"{tag} is not answered as it is")


@race(HOT, UNTRACKED, DEAF)
async def test_a_write_while_its_owner_is_preloaded_is_seen_by_its_writer(fleet: Fleet) -> None:
    """Through another process, at any moment of it: whoever asks with the version they were given finds their write."""
    one, two, tags = await processes(fleet)
    written: dict[str, int] = {}
    preloading = fleet.begin(two.cache.preload("web-1", seconds=60))
    for tag in tags[::8]:
        written[tag] = await fleet.write(one, tag)
    preloaded = await preloading
    assert (preloaded.asked, preloaded.ended) == (len(tags), "done")
    for tag in tags[1::8]:
        written[tag] = await fleet.write(one, tag)
    for tag, version in written.items():
        must(await fleet.read(two, tag, floor=version) == 1, f"{tag} does not see their own write")


@race(HOT, UNTRACKED, CALLER_STORES, DEAF)
async def test_a_write_behind_a_reply_drops_what_the_reply_put_in_place(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both are in the socket's buffer when the loop comes back to it: one trip, all of its keys overwritten."""
    _, two, tags = await processes(fleet)
    write = type(two.hot.tracked._connection).write  # type: ignore[union-attr]
    turns = iter(range(1, PEOPLE))

    def written(connection: Any, data: bytes) -> None:
        write(connection, data)
        if b"PTTL" in data:
            fleet.foreign.ping()  # what was sent before has been carried out by then
            store(fleet, tags, next(turns))

    monkeypatch.setattr(type(two.hot.tracked._connection), "write", written)
    preloaded = await two.cache.preload("web-1", seconds=60)
    assert (preloaded.asked, preloaded.ended) == (len(tags), "done")
    differing = await fleet.differing()
    must(not differing, f"{len(differing)} copies differ from Redis at rest")
