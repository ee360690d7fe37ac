"""Where people go, and who moves when slots come and go."""

from collections import Counter

import pytest

from lab.errors import Misuse
from lab.simulate.affinity import COOKIE_IDLE_SECONDS, COOKIE_LIFE_SECONDS
from lab.simulate.routing import NOWHERE, ConsistentHash, RoundRobin, Routing, Sticky, routing_of

USERS = 5000


def _homes(routing: Routing, now: float = 0.0) -> list[int]:
    return [routing.slot_of(user, now) for user in range(USERS)]


def _moved(before: list[int], after: list[int]) -> set[int]:
    return {user for user in range(USERS) if before[user] != after[user]}


@pytest.mark.parametrize("slots", [3, 10, 50])
def test_a_new_slot_takes_its_share_of_a_hash_and_nothing_else_moves(slots: int) -> None:
    """About one of n + 1, all of them to the new slot."""
    routing = ConsistentHash(USERS)
    routing.fleet_is(range(slots))
    before = _homes(routing)
    routing.fleet_is(range(slots + 1))
    after = _homes(routing)
    moved = _moved(before, after)
    assert {after[user] for user in moved} == {slots}
    assert len(moved) / USERS == pytest.approx(1 / (slots + 1), rel=0.35)


def test_a_new_slot_moves_nobody_who_has_a_cookie() -> None:
    """The cookie names the slot, and the slot is there."""
    routing = Sticky(USERS)
    routing.fleet_is(range(3))
    before = _homes(routing)
    routing.fleet_is(range(30))
    assert not _moved(before, _homes(routing, 10.0))


@pytest.mark.parametrize("name", ["sticky", "hash"])
def test_the_death_of_a_slot_moves_its_people_and_nobody_else(name: str) -> None:
    """Of ten slots one dies."""
    routing = routing_of(name, USERS)
    routing.fleet_is(range(10))
    before = _homes(routing)
    routing.fleet_is([slot for slot in range(10) if slot != 4])
    after = _homes(routing, 1.0)
    assert _moved(before, after) == {user for user in range(USERS) if before[user] == 4}
    assert len(set(after)) == 9


def test_who_had_to_move_comes_back_by_hash_and_stays_by_cookie() -> None:
    """A slot that dies and returns is found again by a hash; a cookie was replaced meanwhile."""
    for name, all_come_back in (("hash", True), ("sticky", False)):
        routing = routing_of(name, USERS)
        routing.fleet_is(range(10))
        before = _homes(routing)
        routing.fleet_is(range(1, 10))
        _homes(routing, 1.0)
        routing.fleet_is(range(10))
        assert (_homes(routing, 2.0) == before) is all_come_back


@pytest.mark.parametrize("first_choice", ["roundrobin", "leastconn"])
def test_people_without_a_cookie_are_spread_evenly(first_choice: str) -> None:
    """Each slot gets as many as any other, but for one."""
    routing = Sticky(USERS, first_choice)
    routing.fleet_is(range(7))
    people = Counter(_homes(routing)).values()
    assert len(people) == 7
    assert max(people) - min(people) <= 1


def test_the_fewest_people_come_first() -> None:
    """A new slot gets everybody new until it has as many as the others; in turn it would get its share only."""
    routing = Sticky(USERS, "leastconn")
    routing.fleet_is(range(2))
    for user in range(100):
        routing.slot_of(user, 0.0)
    routing.fleet_is(range(3))
    assert [routing.slot_of(user, 0.0) for user in range(100, 150)] == [2] * 50
    assert {routing.slot_of(user, 0.0) for user in range(150, 153)} == {0, 1, 2}


def test_a_draining_slot_keeps_whom_it_has_and_gets_nobody_new() -> None:
    """Until each is sent elsewhere."""
    routing = Sticky(USERS)
    routing.fleet_is(range(2))
    one = routing.slot_of(0, 0.0)
    routing.fleet_is([1 - one], [one])
    assert routing.slot_of(0, 1.0) == one
    assert {routing.slot_of(user, 1.0) for user in range(1, 20)} == {1 - one}
    routing.send(0, NOWHERE, 1.0)
    assert routing.slot_of(0, 2.0) == 1 - one


def test_a_cookie_ends_by_idleness_and_by_age() -> None:
    """After half an hour without a request, or eight hours with them, they are balanced anew."""
    routing = Sticky(1)
    routing.fleet_is(range(2))
    first = routing.slot_of(0, 0.0)
    assert routing.slot_of(0, COOKIE_IDLE_SECONDS) == first
    assert routing.slot_of(0, 2 * COOKIE_IDLE_SECONDS + 1) != first
    at = given = 2 * COOKIE_IDLE_SECONDS + 1
    home = routing.slot_of(0, at)
    while at + 1000 <= given + COOKIE_LIFE_SECONDS:
        at += 1000
        assert routing.slot_of(0, at) == home
    assert routing.slot_of(0, at + 1000) != home


def test_in_turn_each_slot_is_next_once() -> None:
    """Whoever asks."""
    routing = RoundRobin()
    routing.fleet_is(range(5))
    assert Counter(routing.slot_of(0, 0.0) for _ in range(50)) == dict.fromkeys(range(5), 10)


def test_routings_and_first_choices_that_do_not_exist_are_refused() -> None:
    """With a sentence that names what there is."""
    with pytest.raises(Misuse, match="no routing 'random'; there are: sticky, hash, round robin"):
        routing_of("random", 1)
    with pytest.raises(Misuse, match="one of roundrobin, leastconn, not 'first'"):
        Sticky(1, "first")
