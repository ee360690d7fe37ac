"""A cold key is loaded once, for everybody who waits for it in this process and in all others, whatever becomes of
whoever leads the load."""

import asyncio
import sys
from pathlib import Path

import cold_key
import pytest
from cache_races import HOT, NAIVE, STATELESS, Fleet, cut, must, race, until, without

from cache import Unavailable

pytestmark = pytest.mark.asyncio

EVERYBODY_LOADS = cut("cache.loading.FILL", "'NX', 'PX', ARGV[2]", "'PX', ARGV[2]")
NEVER_GIVEN_BACK = cut("cache.loading.RELEASE", "if redis.call('GET', KEYS[1]) == ARGV[1] then", "if false then")

SLOW = {"deadline_seconds": 60}  # deadlines are not what these are about


async def take_a_while(fleet: Fleet) -> int:
    """A load that others meet under way."""
    fleet.loads += 1
    await asyncio.sleep(0.05)
    return 7


@race(
    HOT,
    STATELESS,
    without("the fleet's lease", EVERYBODY_LOADS),
    without("the fleet's lease", EVERYBODY_LOADS, STATELESS),
)
async def test_a_thousand_callers_of_a_cold_key_over_three_processes_make_one_load(fleet: Fleet) -> None:
    """One loads, two wait for what it stores, and all callers of each process wait for one of these three.

    (The naive cache shares the lease, which is in Redis.)
    """
    processes = [await fleet.process(**SLOW) for _ in range(3)]
    calls = [processes[n % 3].board.get("ada", lambda: take_a_while(fleet)) for n in range(1000)]
    answers = await asyncio.gather(*calls)
    assert {answer.value for answer in answers} == {7}
    must(fleet.loads == 1, f"{fleet.loads} loads")


@race(HOT)
async def test_a_thousand_callers_in_three_real_processes_make_one_load(fleet: Fleet) -> None:
    """The same with nothing shared but Redis: three interpreters, let go at once."""
    program = Path(cold_key.__file__)
    hot_bytes = fleet.variant.how["hot_bytes"]
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable, str(program), fleet.url, str(hot_bytes), str(callers), stdout=asyncio.subprocess.PIPE
        )
        for callers in (334, 333, 333)
    ]
    await until(lambda: fleet.foreign.get(cold_key.READY) == b"3", 20)
    fleet.foreign.set(cold_key.GO, 1)
    said = [await process.communicate() for process in running]
    assert [out.split() for out, _ in said] == [[b"7"]] * 3
    assert int(fleet.foreign.get(cold_key.LOADS) or 0) == 1  # type: ignore[arg-type]


@race(HOT, STATELESS, NAIVE)
async def test_callers_in_turn_make_one_load(fleet: Fleet) -> None:
    """Whoever missed just before the value was stored finds it in Redis instead of loading again."""
    one, two = await fleet.process(), await fleet.process()
    looked = [await process.cache.look(process.board.lookup("ada")) for process in (one, two)]
    assert looked == [[None], [None]]
    await fleet.read(one)
    for process in (one, two):
        answer = await process.board.fill("ada", fleet.load())
        assert answer.tier == "redis"
    assert fleet.loads == 1
    fleet.foreign.delete(one.board.key("ada"))
    fleet.truth["ada"] = 1
    await fleet.told_all()
    must(await fleet.read(one) == 1, "the naive cache goes on with its copy")


@race(HOT, STATELESS)
async def test_a_leader_who_is_cancelled_takes_nobody_along(fleet: Fleet) -> None:
    """A client that hung up: the load goes on for those who joined it, in both processes, and is stored."""
    one, two = await fleet.process(), await fleet.process()
    load = fleet.held_up()
    leader = fleet.begin(one.board.get("ada", load))
    await load.began.wait()
    joined = fleet.begin(one.board.get("ada", load))
    waiting = fleet.begin(two.board.get("ada", load))
    await until(lambda: one.told.lookups.count(("board", "redis", False)) == 2)
    leader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leader
    load.go.set()
    assert [(await joined).value, (await waiting).value] == [0, 0]
    assert fleet.loads == 1
    assert fleet.stored() == 0


@race(HOT, STATELESS)
async def test_a_load_whose_callers_have_all_left_is_stored_all_the_same(fleet: Fleet) -> None:
    """It was paid for; the next one finds it."""
    process = await fleet.process()
    load = fleet.held_up()
    callers = [fleet.begin(process.board.get("ada", load)) for _ in range(3)]
    await load.began.wait()
    for caller in callers:
        caller.cancel()
    await asyncio.gather(*callers, return_exceptions=True)
    load.go.set()
    await until(lambda: fleet.stored() == 0)
    assert await fleet.read(process) == 0
    assert fleet.loads == 1


@race(HOT, STATELESS, without("giving back", NEVER_GIVEN_BACK))
async def test_a_load_that_fails_is_everybodys_failure_and_the_next_one_tries_at_once(fleet: Fleet) -> None:
    """All who joined are told; the lease is given back, so that nobody waits for its end, here or elsewhere."""
    one, two = await fleet.process(), await fleet.process()
    go = asyncio.Event()

    async def fail() -> int:
        await go.wait()
        raise LookupError("nobody")

    joined = [fleet.begin(one.board.get("ada", fail)) for _ in range(5)]
    await until(lambda: one.told.lookups.count(("board", "redis", False)) == 5)
    go.set()
    outcomes = await asyncio.gather(*joined, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["nobody"] * 5
    must(not fleet.foreign.exists(f"{one.board.key('ada')}:lease"), "the lease of a load that failed is still there")
    for process in (two, one):
        assert await fleet.read(process) == 0
    assert fleet.loads == 1
    assert one.told.loads == [("board", False)]


@race(HOT, STATELESS)
async def test_a_load_that_takes_too_long_is_ended_and_the_next_one_tries_at_once(fleet: Fleet) -> None:
    """`load_seconds` bounds it; to its callers it is as a truth that does not answer."""
    process = await fleet.process(board={"load_seconds": 0.05})
    hung = asyncio.Event()

    async def hang() -> int:
        try:
            await asyncio.Event().wait()
        finally:
            hung.set()
        return 0

    with pytest.raises(Unavailable, match=r"'board': no value within 0\.05 s"):
        await process.board.get("ada", hang)
    assert hung.is_set(), "the load goes on"
    assert await fleet.read(process) == 0


@race(HOT, STATELESS)
async def test_a_timeout_inside_a_load_is_the_loads_own(fleet: Fleet) -> None:
    """It is raised as it is, not taken for the region's bound."""
    process = await fleet.process()

    async def time_out() -> int:
        raise TimeoutError("the database's own")

    with pytest.raises(TimeoutError, match="the database's own"):
        await process.board.get("ada", time_out)


@race(HOT, STATELESS, without("the fleet's lease", EVERYBODY_LOADS))
async def test_what_a_process_was_loading_when_it_died_is_loaded_by_one_other_when_its_lease_ends(fleet: Fleet) -> None:
    """A lease is as long as a load may take. (Waits out the real time of a short one.)"""
    dying, one, two = [await fleet.process(board={"load_seconds": 0.3}, **SLOW) for _ in range(3)]
    load = fleet.held_up()
    lost = fleet.begin(dying.board.get("ada", load))
    await load.began.wait()
    await dying.kill()
    fleet.processes.remove(dying)
    answers = await asyncio.gather(
        *(process.board.get("ada", lambda: take_a_while(fleet)) for process in (one, two) for _ in range(20))
    )
    assert {answer.value for answer in answers} == {7}
    must(fleet.loads == 2, f"{fleet.loads - 1} loads after the one that was lost")
    await asyncio.gather(lost, return_exceptions=True)


@race(HOT, STATELESS)
async def test_no_more_loads_run_at_once_than_a_region_allows(fleet: Fleet) -> None:
    """Three processes, two loads each, thirty owners: never more than six, and all are answered."""
    processes = [await fleet.process(board={"max_loads": 2}) for _ in range(3)]
    running, most = 0, 0

    async def load() -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(20):
            await asyncio.sleep(0)
        running -= 1
        return 7

    answers = await asyncio.gather(*(processes[n % 3].board.get(f"user{n}", load) for n in range(30)))
    assert {answer.value for answer in answers} == {7}
    assert 1 < most <= 6
