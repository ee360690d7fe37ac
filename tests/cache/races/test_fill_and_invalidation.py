"""A read and somebody else's write of one key: whichever comes first, no copy stays that Redis does not hold."""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from cache_races import HOT, NAIVE, Fleet, Process, must, race, without

from cache.connection import Connection
from cache.hot_tiers import HotTiers
from cache.link import AnyLink
from cache.lookup import Lookup

pytestmark = pytest.mark.asyncio

Act = Callable[[], None]

ASKED_NOT_SENT = "asked, not sent"
SENT = "sent, not answered"
REPLY_READ = "the reply is being read"
CALLER_WOKEN = "the caller wakes"
ANSWERED = "answered"


def store_by_caller(patch: pytest.MonkeyPatch) -> None:
    """The caller puts the copy in place, a turn of the event loop after the reader has read the reply."""
    ask = HotTiers._ask

    async def ask_and_store(
        tiers: HotTiers, link: AnyLink, lookups: Any, *places: Any, keep: Any = None, **how: Any
    ) -> Any:
        read: list[tuple[Lookup[Any], Any]] = []
        versions = await ask(tiers, link, lookups, *places, keep=lambda *pair: read.append(pair), **how)
        for pair in read if keep else ():
            keep(*pair)
        return versions

    patch.setattr(HotTiers, "_ask", ask_and_store)


CALLER_STORES = without("the reader stores", store_by_caller)


def at(moment: str, process: Process, act: Act, patch: pytest.MonkeyPatch) -> None:
    """Acts once, at this moment of the next read of ada's key in Redis, as part of that turn of the event loop."""
    pending = [act]

    def now() -> None:
        while pending:
            pending.pop()()

    if moment in (ASKED_NOT_SENT, SENT):
        write = Connection.write

        def written(connection: Connection, data: bytes) -> None:
            asked = b"PTTL" in data and b"{ada}" in data
            if asked and moment == ASKED_NOT_SENT:
                now()
            write(connection, data)
            if asked and moment == SENT:
                now()

        patch.setattr(Connection, "write", written)
    elif moment == REPLY_READ:
        for source in (process.board.lookup("ada").source, process.sessions):
            entry = source.entry

            def read(*args: Any, entry: Any = entry, **how: Any) -> Any:
                now()
                return entry(*args, **how)

            patch.setattr(source, "entry", read)
    elif moment == CALLER_WOKEN:
        looked_up = process.told.looked_up

        def woken(region: str, tier: str, hit: bool) -> None:
            if tier == "redis":
                now()
            looked_up(region, tier, hit)

        patch.setattr(process.told, "looked_up", woken)


def write_of(fleet: Fleet, change: str) -> list[Sequence[Any]]:
    """The commands by which another process, or an operator, changes what is read."""
    board, record = fleet.processes[0].board.key("ada"), fleet.processes[0].sessions.key("ada", "s")
    fleet.truth["ada"] = 2
    return {
        "value stored": [("SET", board, fleet.encoded(2)), ("INCR", "v:{ada}")],
        "value deleted": [("DEL", board), ("INCR", "v:{ada}")],
        "record changed": [("HSET", record, "theme", "dark"), ("HINCRBY", record, "version", 1)],
        "record deleted": [("DEL", record)],
    }[change]


async def read(fleet: Fleet, process: Process, change: str) -> object:
    """What the process answers for whatever the change is about."""
    if change.startswith("value"):
        return await fleet.read(process)
    fields = await process.session()
    return fields and fields["theme"]


async def read_while_written(fleet: Fleet, moment: str, change: str, blocked: bool, patch: pytest.MonkeyPatch) -> None:
    """A read, and a write at a moment of it. At rest all is as Redis holds it, and the next answer is the new one."""
    one, two = await fleet.process(), await fleet.process()
    fleet.store(1)
    fleet.truth["ada"] = 1
    await two.sign_in()
    commands = write_of(fleet, change)
    writing: list[asyncio.Task[Any]] = []

    def write_now() -> None:
        # What was sent before the first reply has been executed by then; what Redis tells has been sent by the last.
        fleet.foreign.ping()
        for command in commands:
            fleet.foreign.execute_command(*command)
        fleet.foreign.ping()

    async def write_soon() -> None:
        await two.cache.link.ask("write", ("PING",))
        await two.cache.link.ask("write", *commands)

    def act() -> None:
        if blocked:
            write_now()
        else:
            writing.append(fleet.begin(write_soon()))

    at(moment, one, act, patch)
    await read(fleet, one, change)
    if moment == ANSWERED:
        act()
    await asyncio.gather(*writing)
    differing = await fleet.differing()
    must(not differing, f"a copy differs from Redis at rest: {differing}")
    expected = {"value": 2, "record changed": "dark", "record deleted": None}
    answer = await read(fleet, one, change)
    must(answer == expected.get(change, expected["value"]), f"after {change}: {answer}")
    assert one.cache.state()[0] == "trusted" or fleet.variant is NAIVE


BLOCKED = pytest.mark.parametrize("blocked", [True, False], ids=["loop blocked", "loop running"])
CHANGES = pytest.mark.parametrize("change", ["value stored", "value deleted", "record changed", "record deleted"])


@BLOCKED
@CHANGES
@pytest.mark.parametrize("moment", [SENT, REPLY_READ, CALLER_WOKEN, ANSWERED])
@race(HOT, NAIVE)
async def test_a_write_at_any_moment_of_a_read_leaves_no_older_copy(
    fleet: Fleet, moment: str, change: str, blocked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once all is told, what is held is what Redis holds. (The naive cache is told nothing.)"""
    await read_while_written(fleet, moment, change, blocked, monkeypatch)


@BLOCKED
@CHANGES
@race(HOT)
async def test_a_write_before_the_question_is_sent_is_seen_or_told(
    fleet: Fleet, change: str, blocked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to go wrong here for the naive cache either: what it reads is the new value."""
    await read_while_written(fleet, ASKED_NOT_SENT, change, blocked, monkeypatch)


@CHANGES
@race(HOT, NAIVE, CALLER_STORES)
async def test_a_reply_and_the_invalidation_behind_it_are_acted_on_in_this_order(
    fleet: Fleet, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both wait in the socket's buffer when the loop comes back: a caller who stored would drop first, store second."""
    await read_while_written(fleet, SENT, change, True, monkeypatch)


@race(HOT, NAIVE, CALLER_STORES)
async def test_many_callers_and_a_busy_writer_leave_no_copy_wrong(fleet: Fleet) -> None:
    """64 callers read 200 keys while another process stores them again and again, and the event loop gets stuck."""
    # Deadlines are not what this is about: the event loop has much to do.
    reader, writer = await fleet.process(deadline_seconds=30), await fleet.process(deadline_seconds=30)
    tags = [f"user{number}" for number in range(200)]
    rng = random.Random(1)
    writing = True

    async def keep_reading() -> None:
        while writing:
            await fleet.read(reader, rng.choice(tags))
            await asyncio.sleep(0)  # a hot hit does not let go of the event loop

    def write_all(value: int) -> None:
        fleet.truth.update(dict.fromkeys(tags, value))
        fleet.foreign.mset({reader.board.key(tag): fleet.encoded(value, tag) for tag in tags})

    write_all(0)
    async with asyncio.TaskGroup() as callers:
        for _ in range(64):
            callers.create_task(keep_reading())
        try:
            for value in range(1, 12):
                await writer.cache.link.ask(
                    "store", *(("SET", reader.board.key(tag), fleet.encoded(value, tag)) for tag in tags)
                )
                await asyncio.sleep(0)  # the callers' questions are sent
                await asyncio.sleep(0)
                write_all(value)
        finally:
            writing = False
    for tag in tags:
        await fleet.read(reader, tag)
    assert len(reader.cache.hot) == len(tags)
    differing = await fleet.differing()
    must(not differing, f"{len(differing)} of {len(tags)} copies differ from Redis at rest")


@race(HOT, NAIVE)
async def test_a_key_that_goes_away_by_itself_takes_its_copy_along(fleet: Fleet) -> None:
    """Expiry, eviction and FLUSHALL are told like writes."""
    process = await fleet.process()
    for number, go_away in enumerate(
        (
            lambda: expire(fleet, process.board.key("ada")),
            lambda: fleet.foreign.unlink(process.board.key("ada")),
            fleet.foreign.flushall,
        )
    ):
        fleet.truth["ada"] = number
        fleet.store(number)
        must(await fleet.read(process) == number, f"step {number} is not seen")
        assert len(process.cache.hot) == 1
        go_away()
        differing = await fleet.differing()
        must(not differing, f"step {number} left {differing}")


def expire(fleet: Fleet, key: str) -> None:
    """Ends the key's time, and asks for it until it is gone: asking makes Redis notice, and tell."""
    fleet.foreign.pexpire(key, 1)
    while fleet.foreign.exists(key):
        pass
