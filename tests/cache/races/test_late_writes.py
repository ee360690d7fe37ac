"""A write that its caller has given up, and that Redis or the database carries out later all the same."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest
from cache_races import HOT, NAIVE, STATELESS, Fleet, Process, cut, must, race, until, without
from quiet_log import Expects

from cache import Unavailable

pytestmark = pytest.mark.asyncio

DEADLINE = 0.2

UNLEASED = cut("cache.loading.STORE", "~= ARGV[1] then return 0 end", "== '' then return 0 end")
NOT_LIFTED = without("the barrier that stays", cut("cache.writing.COMMIT", "if ARGV[2] == '1' then", "if true then"))


class Pause:
    """Redis can be made to put writes and scripts aside; it carries them out when this is left."""

    def __init__(self, fleet: Fleet) -> None:
        self._redis = fleet.foreign

    def begin(self) -> None:
        self._redis.execute_command("CLIENT", "PAUSE", 60_000, "WRITE")

    def __enter__(self) -> "Pause":
        return self

    def __exit__(self, *raised: object) -> None:
        self._redis.execute_command("CLIENT", "UNPAUSE")


async def warm(process: Process) -> int:
    """Has every script of a write loaded: one that Redis does not know would not run later. The owner's version."""
    async with process.cache.write("ada"):
        pass
    await process.sign_in()
    await process.sessions.delete("ada", ["another"])
    return await process.sessions.change("ada", "s", {"theme": "light"})


async def given_up(writing: Awaitable[Any]) -> None:
    """Until the write has failed at its caller, whatever becomes of it in Redis."""
    with pytest.raises(Unavailable):
        await writing


@race(HOT, STATELESS, NAIVE)
async def test_a_commit_given_up_and_carried_out_later_leaves_nothing_older(fleet: Fleet) -> None:
    """The truth has changed, its writer was told "unknown", and the deletions come when Redis comes round to them."""
    one, two = await fleet.process(deadline_seconds=DEADLINE), await fleet.process()
    await warm(one)
    await fleet.read(one)
    await fleet.read(two)
    before = fleet.version()

    async def write(pause: Pause) -> None:
        async with one.cache.write("ada"):
            fleet.truth["ada"] = 1
            pause.begin()

    with Pause(fleet) as pause:
        await given_up(write(pause))
    await until(lambda: fleet.version() == before + 2)  # begun and committed
    must(not await fleet.differing(), "a copy is older than what Redis holds")
    must(fleet.stored() in (None, 1), "Redis holds the former value")
    for process in (one, two):
        must(await fleet.read(process) == 1, "the former value is answered")


@race(HOT, STATELESS)
async def test_a_begin_given_up_and_carried_out_later_changes_nothing_but_its_barrier(fleet: Fleet) -> None:
    """The block does not run; loads are not stored until the barrier that nobody lifts has ended.

    (Nothing is written, so there is nothing that the naive cache could miss.)
    """
    one = await fleet.process(deadline_seconds=DEADLINE)
    two = await fleet.process()
    await warm(one)
    await fleet.read(two)
    before = fleet.version()

    async def write() -> None:
        async with one.cache.write("ada"):
            pytest.fail("the block ran")

    with Pause(fleet) as pause:
        pause.begin()
        await given_up(write())
    await until(lambda: fleet.version() > before)
    await fleet.told_all()
    must(await fleet.read(two) == 0, "a wrong value")
    must(fleet.stored() is None, "stored under a barrier")
    fleet.end_barriers()
    await fleet.read(two)
    must(fleet.stored() == fleet.truth.get("ada", 0), "not stored after the barrier")


@race(HOT, NAIVE)
async def test_a_change_of_a_record_given_up_and_carried_out_later_is_seen_everywhere(fleet: Fleet) -> None:
    """Even where the record was read again between the giving up and the carrying out."""
    one, two = await fleet.process(deadline_seconds=DEADLINE), await fleet.process()
    version = await warm(one)
    await two.session()
    with Pause(fleet) as pause:
        pause.begin()
        await given_up(one.sessions.change("ada", "s", {"theme": "dark"}))
        if fleet.variant is HOT:  # the naive cache has no other connection to ask over
            session = await one.session()
            assert session is not None
            assert session["theme"] == "light"  # nothing has happened yet
    await until(lambda: fleet.version() > version)
    must(not await fleet.differing(), "a copy is older than the record")
    for process in (one, two):
        session = await process.session()
        must(session is not None and session["theme"] == "dark", "the change is not seen")


@race(HOT, NAIVE)
async def test_a_deletion_given_up_and_carried_out_later_ends_the_record_everywhere(fleet: Fleet) -> None:
    """A logout whose answer was lost is a logout."""
    one, two = await fleet.process(deadline_seconds=DEADLINE), await fleet.process()
    version = await warm(one)
    await two.session()
    with Pause(fleet) as pause:
        pause.begin()
        await given_up(one.sessions.delete("ada", ["s"]))
        if fleet.variant is HOT:
            must(await one.session() is not None, "nothing has happened yet")
    await until(lambda: fleet.version() > version)
    must(not await fleet.differing(), "a copy of a deleted record is held")
    for process in (one, two):
        must(await process.session() is None, "the record is still answered")


@race(HOT, STATELESS, without("the lease", UNLEASED), without("the lease", UNLEASED, STATELESS))
async def test_a_store_given_up_and_carried_out_later_brings_no_former_value_back(
    fleet: Fleet, expects: Expects
) -> None:
    """Its caller was answered without it; then there was a write; then Redis receives it. (All stores are the same.)"""
    expects("hot copies are not trusted (lost)")  # on a slow machine the stalled connection may be given up
    door = await fleet.door()
    one, two = await fleet.process(url=door.url, deadline_seconds=DEADLINE), await fleet.process()
    await fleet.read(one)
    fleet.foreign.delete(one.board.key("ada"))
    await fleet.told_all()
    load = fleet.held_up()
    early = fleet.begin(one.board.get("ada", load))
    await load.began.wait()
    door.stall()
    load.go.set()
    assert (await early).value == 0
    await fleet.write(two)
    must(await fleet.read(two) == 1, "the former value is answered")
    await door.open()
    link = one.hot.tracked if fleet.variant.how["hot_bytes"] else one.cache.link
    await link.ask("read", ("PING",), again=True)  # behind the store, if that was received at all
    must(fleet.stored() == 1, "the former value was stored over the new one")
    must(not await fleet.differing(), "a copy of the former value is held")
    must(await fleet.read(one) == 1, "the former value is answered")


@race(HOT, STATELESS, NAIVE, NOT_LIFTED)
async def test_the_barrier_of_a_block_that_raised_stays_until_its_write_cannot_land_any_more(fleet: Fleet) -> None:
    """A block that raised may still change the truth; what is loaded until then is not stored."""
    one, two = await fleet.process(), await fleet.process()
    await fleet.read(two)
    with pytest.raises(ConnectionError):
        async with one.cache.write("ada"):
            raise ConnectionError("the database did not answer in time")
    await fleet.told_all()
    for process in (one, two):
        must(await fleet.read(process) == 0, "a wrong value")
    fleet.truth["ada"] = 1  # the write lands
    must(fleet.stored() in (None, 1), "Redis holds the former value")
    for process in (one, two):
        must(await fleet.read(process) == 1, "the former value is answered")
    fleet.end_barriers()
    await fleet.read(two)
    must(fleet.stored() == fleet.truth.get("ada", 0), "not stored after the barrier")
    must(not await fleet.differing(), "a copy is older than what Redis holds")
    must(await fleet.read(two) == 1, "the former value is answered after the barrier")


@race(HOT, STATELESS)
async def test_a_block_that_takes_too_long_is_ended_before_its_barrier_is(fleet: Fleet) -> None:
    """The write fails as unknown while there is still time for it to land; its barrier stays.

    (Deadlines are the same for the naive cache.)
    """
    one = await fleet.process(barrier_seconds=0.5)
    with pytest.raises(Unavailable, match="may be done later"):
        async with one.cache.write("ada"):
            await asyncio.Event().wait()
    must(fleet.foreign.pttl("w:{ada}") > 0, "the barrier is over, and the write may still land")


@race(HOT, STATELESS)
async def test_a_writer_who_is_cancelled_leaves_its_barrier(fleet: Fleet) -> None:
    """A client that hung up in the middle of a request: its write is as unknown as any."""
    one = await fleet.process()
    inside = asyncio.Event()

    async def write() -> None:
        async with one.cache.write("ada"):
            inside.set()
            await asyncio.Event().wait()

    writing = fleet.begin(write())
    await inside.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    must(await fleet.read(one) == 0, "a wrong value")
    must(fleet.stored() is None, "stored while the write may still land")
    fleet.truth["ada"] = 1
    must(await fleet.read(one) == 1, "the former value is answered")
    fleet.end_barriers()
    await fleet.read(one)
    must(fleet.stored() == 1, "the truth is not stored after the barrier")
