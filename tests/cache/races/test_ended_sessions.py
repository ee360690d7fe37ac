"""A session ended at one process, and still held at another (redisson 1432): it reads nothing any more after B at the
latest, and writes nothing from the moment it was ended (P4)."""

import asyncio

import pytest
from cache_races import HOT, NAIVE, STATELESS, Fleet, cut, must, race, until, without

from cache import Refused, Unavailable
from cache.lease import Lease

pytestmark = pytest.mark.asyncio

B = 2.0

NOT_ASKED_FOR = cut(
    "cache.writing.BEGIN", "if ARGV[1] == '1' and redis.call('EXISTS', KEYS[3]) == 0 then return -1 end"
)


def revive(patch: pytest.MonkeyPatch) -> None:
    """A late change does not look whether the record still exists."""
    cut("cache.records.CHANGE", "if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end")(patch)


def trust_for_ever(patch: pytest.MonkeyPatch) -> None:
    """Copies are trusted however long ago Redis was heard of last."""
    patch.setattr(Lease, "holds", lambda lease, now: True)


@race(HOT, STATELESS, NAIVE)
async def test_a_session_ended_at_one_process_is_not_answered_by_another_once_it_was_told(fleet: Fleet) -> None:
    """Logged out here, and there: the other process's copy is gone as soon as Redis has told it."""
    one, two = await fleet.process(), await fleet.process()
    await one.sign_in()
    for process in (one, two):
        assert await process.session() is not None
    assert await one.sessions.delete("ada", ["s"]) == 1
    await fleet.told_all()
    for process in (one, two):
        must(await process.session() is None, "a session that was ended is answered")


@race(HOT, NAIVE, without("the lease's end", trust_for_ever))
async def test_a_session_ended_elsewhere_is_not_answered_after_b_even_if_nothing_is_told_any_more(fleet: Fleet) -> None:
    """The connection is half-open: nothing comes through, nobody says so. Then nothing is answered, ended or not."""
    door = await fleet.door()
    one = await fleet.process()
    two = await fleet.process(url=door.url, deadline_seconds=0.2, staleness_seconds=B)
    await one.sign_in()
    assert await two.session() is not None
    door.stall()
    await one.sessions.delete("ada", ["s"])
    fleet.turn_clock(B)
    try:
        answered = await two.session()
    except Unavailable:
        answered = None
    must(answered is None, "a session that was ended is answered after B")
    await door.open()


@race(HOT, STATELESS, without("asking whether it lives", NOT_ASKED_FOR))
async def test_a_session_that_was_ended_never_begins_a_write(fleet: Fleet) -> None:
    """However hot the copy: it has been read just now, and nothing has been told yet. (The rule is one of Redis's.)"""
    one, two = await fleet.process(), await fleet.process()
    await one.sign_in()
    assert await two.session() is not None
    fleet.foreign.delete(two.sessions.key("ada", "s"))
    assert len(two.cache.hot) == (0 if fleet.variant is STATELESS else 1)
    ran = False
    try:
        async with two.cache.write("ada", alive=two.sessions.key("ada", "s")):
            ran = True
    except Refused:
        pass
    must(not ran, "a session that was ended has written")
    assert not fleet.foreign.exists("w:{ada}"), "a write that was refused left a barrier"


@race(HOT, STATELESS, without("asking whether it lives", revive))
async def test_a_change_on_its_way_does_not_bring_an_ended_session_back(fleet: Fleet) -> None:
    """A touch, a preference, sent before the logout was known and carried out after it (spring-session 2021)."""
    one, two = await fleet.process(), await fleet.process()
    await one.sign_in()
    assert await two.session() is not None
    ending = fleet.begin(one.sessions.delete("ada", ["s"]))
    late = [
        fleet.begin(process.sessions.change("ada", "s", {"theme": "dark"}, lives_seconds=1000, counts=counts))
        for process in (one, two)
        for counts in (True, False)
    ]
    await ending
    await asyncio.gather(*late)
    for process in (one, two):
        await process.sessions.change("ada", "s", {"theme": "dark"}, lives_seconds=1000)
    must(not fleet.foreign.exists(one.sessions.key("ada", "s")), "the session is back")
    await fleet.told_all()
    for process in (one, two):
        must(await process.session() is None, "the session is back")


@race(HOT, STATELESS, NAIVE)
async def test_a_session_that_expires_is_over_at_every_process_at_that_moment(fleet: Fleet) -> None:
    """A copy lives no longer than its key, by this process's own clock; it does not wait to be told."""
    one, two = await fleet.process(), await fleet.process()
    await one.sign_in()
    for process in (one, two):
        assert await process.session() is not None
    await one.sessions.change("ada", "s", {"theme": "dark"}, lives_seconds=0.05)
    await fleet.told_all()
    if fleet.variant is HOT:
        assert await two.session() is not None
        fleet.turn_clock(0.05)
        must(two.cache.hot.get(two.sessions.key("ada", "s")) is None, "a copy outlives its key")
    await until(lambda: not fleet.foreign.exists(one.sessions.key("ada", "s")))
    await fleet.told_all()
    for process in (one, two):
        must(await process.session() is None, "a session that is over is answered")


@race(HOT, STATELESS, NAIVE)
async def test_ending_all_sessions_of_a_user_ends_each_of_them_everywhere(fleet: Fleet) -> None:
    """A password was changed: three devices, three processes."""
    processes = [await fleet.process() for _ in range(3)]
    ids = ["phone", "laptop", "stolen"]
    for record_id in ids:
        await processes[0].sessions.create("ada", record_id, {}, lives_seconds=1000, now=0, ends=4e9)
        for process in processes:
            [answer] = await process.cache.look(process.sessions.lookup("ada", record_id))
            assert answer is not None
    assert await processes[0].sessions.delete("ada", ids) == 3
    await fleet.told_all()
    for record_id in ids:
        for process in processes:
            [answer] = await process.cache.look(process.sessions.lookup("ada", record_id))
            must(answer is None, f"the session on {record_id} goes on")
    assert await processes[0].sessions.list("ada") == []
