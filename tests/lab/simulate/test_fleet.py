"""What a request does, and what is counted of it: by hand where it is known exactly."""

import random
from collections.abc import Iterable

import pytest

from lab.simulate.affinity import MOST_HEARD
from lab.simulate.copies import Copies
from lab.simulate.fleet import Fleet
from lab.simulate.routing import routing_of
from lab.simulate.tally import BOARD, PROFILE, SESSION, Count
from lab.simulate.workload import BOARD as BOARD_PAGE
from lab.simulate.workload import CARD, PAGE, PREFER, WRITE, Workload

NEVER = 1e6  # fresh for so long


def _fleet(
    routing: str, slots: int, *, users: int = 1, hot_bytes: int = 64 << 20, fresh_seconds: float = NEVER
) -> Fleet:
    lots = random.Random(1)
    copies = Copies(Workload(users=users), lots=lots, hot_bytes=hot_bytes, fresh_seconds=fresh_seconds)
    copies.touched_at = [0.0] * users
    return Fleet(copies, routing_of(routing, users), slots, lots=lots, rebalance_per_minute=0)


def _ask(fleet: Fleet, kinds: Iterable[int], user: int = 0, at: float = 0.0) -> Count:
    """What these requests, one after the other at one moment, are counted as."""
    count = fleet.copies.count = Count()
    for kind in kinds:
        fleet.serve(at, user, kind)
    return count


def test_without_writes_only_the_first_request_misses() -> None:
    """Nothing ends: of n requests n - 1 are found hot, in each kind of value."""
    fleet = _fleet("sticky", 3)
    count = _ask(fleet, [BOARD_PAGE] * 20)
    assert [count.hit_rate(region) for region in (SESSION, PROFILE, BOARD)] == [19 / 20] * 3
    assert (count.redis, count.loads) == ([1, 0, 0], [0, 1, 1])
    assert count.trips == 1 + 2 + 2


def test_in_turn_each_instance_misses_once_and_reads_what_the_first_loaded() -> None:
    """Of n requests to m instances n - m are hot; profile and board are loaded once all the same."""
    fleet = _fleet("round robin", 4)
    count = _ask(fleet, [BOARD_PAGE] * 20)
    assert count.hit_rate(SESSION, PROFILE, BOARD) == 16 / 20
    assert (count.redis, count.loads) == ([4, 3, 3], [0, 1, 1])


def test_a_copy_below_what_the_browser_saw_costs_a_trip_and_is_answered() -> None:
    """A write of preferences raises the owner's version: where the session ended, and nothing else, one trip is due."""
    fleet = _fleet("sticky", 1)
    _ask(fleet, [BOARD_PAGE])
    count = _ask(fleet, [PREFER, BOARD_PAGE, BOARD_PAGE])
    assert (count.redis, count.loads) == ([1, 0, 0], [0, 0, 0])
    assert count.trips == 1 + 1


def test_what_a_browser_saw_elsewhere_costs_a_trip_where_copies_are_older() -> None:
    """A board loaded by one instance raises the owner's version; the other one's copies are confirmed, once."""
    fleet = _fleet("round robin", 2)
    _ask(fleet, [PAGE, PAGE, BOARD_PAGE])
    count = _ask(fleet, [PAGE])
    assert (count.trips, count.reads, count.hit_rate(SESSION, PROFILE)) == (1, 0, 1.0)
    assert _ask(fleet, [PAGE, PAGE]).trips == 0


def test_a_write_ends_all_copies_of_its_owner_and_nobody_elses() -> None:
    """The next request reads the session in Redis and loads the rest; two trips were the write's own."""
    fleet = _fleet("sticky", 1, users=2)
    for user in (0, 1):
        _ask(fleet, [BOARD_PAGE], user)
    assert _ask(fleet, [WRITE]).trips == 2
    count = _ask(fleet, [BOARD_PAGE])
    assert (count.redis, count.loads) == ([1, 0, 0], [0, 1, 1])
    assert _ask(fleet, [BOARD_PAGE], 1).trips == 0


@pytest.mark.parametrize(("routing", "told"), [("sticky", 2), ("hash", 2), ("round robin", 10)])
def test_redis_tells_of_a_write_whoever_read_what_it_ended(routing: str, told: int) -> None:
    """Profile and board, of one instance with stickiness, of all five that served without; once, not again."""
    fleet = _fleet(routing, 5)
    _ask(fleet, [BOARD_PAGE] * 10)
    count = _ask(fleet, [WRITE])
    assert count.told_of_writes == told
    assert _ask(fleet, [WRITE]).told_of_writes == 1  # of the profile, which that request itself had loaded


def test_redis_tells_nobody_who_is_gone() -> None:
    """A process that ended is told nothing, and its successor only of what it read itself."""
    fleet = _fleet("sticky", 1)
    _ask(fleet, [BOARD_PAGE])
    fleet.replace([0], warm=False)
    count = _ask(fleet, [CARD])
    assert count.told_of_writes == 1  # the profile, which this request loaded


def test_a_board_is_loaded_again_when_it_is_not_fresh_any_more() -> None:
    """Its time is up to a tenth shorter than told, never longer."""
    fleet = _fleet("sticky", 1, fresh_seconds=30.0)
    _ask(fleet, [BOARD_PAGE])
    assert _ask(fleet, [BOARD_PAGE], at=26.9).loads == [0, 0, 0]
    assert _ask(fleet, [BOARD_PAGE], at=30.1).loads == [0, 1, 1]


def test_looking_at_news_marks_the_session_once() -> None:
    """The mark is a write to the session: one trip, and the next request reads it again."""
    fleet = _fleet("sticky", 1, fresh_seconds=30.0)
    fleet.copies.cards_per_second = 1e9
    count = _ask(fleet, [BOARD_PAGE, PAGE, BOARD_PAGE])
    assert (count.touches, count.told_of_touches) == (1, 1)
    assert count.redis[SESSION] == 2


def test_a_session_is_marked_after_a_tenth_of_its_idle_time() -> None:
    """By a page too, though there is no news."""
    fleet = _fleet("sticky", 1)
    assert _ask(fleet, [PAGE], at=179.0).touches == 0
    assert _ask(fleet, [PAGE, PAGE], at=180.0).touches == 1


def test_a_budget_that_holds_one_person_is_no_use_to_two() -> None:
    """What is evicted is read in Redis again: memory bounds the hit rate, and is never exceeded."""
    fleet = _fleet("sticky", 1, users=2000, hot_bytes=1 << 20)
    for _ in range(2):
        count = fleet.copies.count = Count()
        for user in range(2000):
            fleet.serve(0.0, user, BOARD_PAGE)
    assert count.hit_rate(BOARD) < 0.1
    assert count.redis[BOARD] > 1800
    assert fleet.processes[0].hot.bytes <= 1 << 20


def test_a_successor_with_a_manifest_is_warm_and_one_without_is_cold() -> None:
    """Make before break: everything fresh is held again before anybody asks."""
    for warm, trips in ((True, 0), (False, 1)):
        fleet = _fleet("sticky", 1)
        _ask(fleet, [BOARD_PAGE])
        fleet.replace([0], warm=warm)
        assert _ask(fleet, [BOARD_PAGE]).trips == trips


def test_what_redis_holds_no_more_is_loaded_for_a_successor() -> None:
    """Boards past their time are made anew while preloading, so that the first who ask find them."""
    fleet = _fleet("sticky", 1, fresh_seconds=30.0)
    _ask(fleet, [BOARD_PAGE])
    fleet.copies.now = 40.0
    fleet.replace([0], warm=True)
    assert _ask(fleet, [BOARD_PAGE], at=41.0).trips == 0


def test_a_killed_instance_moves_its_people_and_nobody_else() -> None:
    """Those of the other instances find what they had; those of the dead one read it in Redis, in one trip."""
    fleet = _fleet("sticky", 10, users=200)
    for user in range(200):
        fleet.serve(0.0, user, BOARD_PAGE)
    homes = list(fleet.last_slot)
    fleet.end([3])
    count = fleet.copies.count = Count()
    for user in range(200):
        fleet.serve(1.0, user, BOARD_PAGE)
    assert {user for user in range(200) if fleet.last_slot[user] != homes[user]} == {
        user for user in range(200) if homes[user] == 3
    }
    assert (count.moves, count.redis, count.loads) == (20, [20, 20, 20], [0, 0, 0])
    assert count.trips == 20


def test_a_draining_instance_sends_each_person_away_with_the_next_answer() -> None:
    """They are served once more where they are, and then elsewhere."""
    fleet = _fleet("sticky", 2, users=10)
    for user in range(10):
        fleet.serve(0.0, user, PAGE)
    fleet.drain([0])
    for user in range(10):
        fleet.serve(1.0, user, PAGE)
    assert fleet.last_slot.count(0) == 5
    for user in range(10):
        fleet.serve(2.0, user, PAGE)
    assert fleet.last_slot.count(0) == 0


def test_an_instance_with_too_many_sends_some_to_those_with_too_few() -> None:
    """After scaling out from 1 to 2: two a second, by a budget of 120 a minute, until both have their share."""
    lots = random.Random(1)
    copies = Copies(Workload(users=100), lots=lots, hot_bytes=64 << 20, fresh_seconds=NEVER)
    fleet = Fleet(copies, routing_of("sticky", 100), 1, lots=lots, rebalance_per_minute=120)
    for user in range(100):
        fleet.serve(0.0, user, PAGE)
    fleet.start([1])
    moved_by = []
    for second in range(1, 60):
        fleet.pulse(float(second))
        for user in range(100):
            fleet.serve(second + 0.5, user, PAGE)
        moved_by.append(fleet.last_slot.count(1))
    assert moved_by[10] <= 2 * 11
    assert 45 <= moved_by[-1] <= 50
    assert copies.count.rebalanced == moved_by[-1]


def test_in_a_large_fleet_each_hears_of_some_by_lot() -> None:
    """Whoever holds too many sends them to those it heard of, others at each pulse, and never to itself."""
    lots = random.Random(1)
    copies = Copies(Workload(users=1), lots=lots, hot_bytes=64 << 20, fresh_seconds=NEVER)
    fleet = Fleet(copies, routing_of("sticky", 1), 200, lots=lots, rebalance_per_minute=6000)
    letting = [fleet.processes[slot].letting for slot in (0, 1)]
    heard = []
    for second in (1.0, 2.0):
        for slot in (0, 1):
            fleet.processes[slot].held.expect(500, second)
        fleet.pulse(second)
        for own, each in enumerate(letting):
            targets = {each.target() for _ in range(100)}
            assert own not in targets
            assert None not in targets
            assert len(targets) <= MOST_HEARD
            heard.append(targets)
    assert len({frozenset(each) for each in heard}) == 4
    assert len(set().union(*heard)) > MOST_HEARD


def test_a_large_fleet_that_grows_is_even_in_the_end() -> None:
    """A mean over some is near enough to that of all: from 80 to 120 instances, twelve people each become eight."""
    lots = random.Random(1)
    copies = Copies(Workload(users=960), lots=lots, hot_bytes=64 << 20, fresh_seconds=NEVER)
    fleet = Fleet(copies, routing_of("sticky", 960), 80, lots=lots, rebalance_per_minute=120)
    for user in range(960):
        fleet.serve(0.0, user, PAGE)
    fleet.start(range(80, 120))
    for second in range(1, 90):
        fleet.pulse(float(second))
        for user in range(960):
            fleet.serve(second + 0.5, user, PAGE)
    people = [fleet.last_slot.count(slot) for slot in range(120)]
    assert max(people) <= 1.2 * 8 + 1
    assert min(people) >= 5
