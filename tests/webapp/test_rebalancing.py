"""Who is let go after the fleet has grown: enough, not too many, not too quickly, and to where they are missing."""

from collections import Counter

import pytest
from cache_doubles import Clock
from hypothesis import given
from hypothesis import strategies as st

from webapp.rebalancing import Rebalancing


def let_go(rebalancing: Rebalancing) -> Counter[str]:
    """All that may go now."""
    gone: Counter[str] = Counter()
    while (slot := rebalancing.target()) is not None:
        gone[slot] += 1
    return gone


def test_who_holds_more_than_a_fifth_above_the_mean_lets_go_down_to_the_mean() -> None:
    """And who holds less than that keeps everybody."""
    clock = Clock()
    rebalancing = Rebalancing(100_000, clock)
    clock.advance(1)
    rebalancing.plan(24, {"web-2": 20, "web-3": 20, "web-4": 20})
    assert not let_go(rebalancing)
    rebalancing.plan(120, {"web-2": 120, "web-3": 0, "web-4": 0})
    gone = let_go(rebalancing)
    assert gone.total() == 60
    assert set(gone) <= {"web-3", "web-4"}
    assert max(gone.values()) <= 60


def test_once_begun_it_goes_on_until_the_share_is_nearly_even() -> None:
    """Else the ones that grew would stay a fifth below the mean."""
    clock = Clock()
    rebalancing = Rebalancing(100_000, clock)
    clock.advance(1)
    rebalancing.plan(130, {"web-2": 70})
    rebalancing.plan(110, {"web-2": 90})
    assert let_go(rebalancing).total() == 10
    rebalancing.plan(105, {"web-2": 95})
    assert not let_go(rebalancing)
    rebalancing.plan(110, {"web-2": 90})
    assert not let_go(rebalancing), "within a fifth nothing begins"


def test_the_allowance_is_so_many_in_a_minute() -> None:
    """What is not used is saved for two seconds, not for ever."""
    clock = Clock()
    rebalancing = Rebalancing(120, clock)
    gone = 0
    for _ in range(60):
        clock.advance(1)
        rebalancing.plan(1000 - gone, {"web-2": 0})
        gone += let_go(rebalancing).total()
    assert 118 <= gone <= 121
    clock.advance(3600)
    rebalancing.plan(1000, {"web-2": 0})
    assert let_go(rebalancing).total() == 4


@pytest.mark.parametrize("others", [{}, {"web-2": 500}])
def test_nobody_is_let_go_who_has_nowhere_to_go(others: dict[str, int]) -> None:
    """Alone, or where all others hold more."""
    clock = Clock()
    rebalancing = Rebalancing(100_000, clock)
    clock.advance(1)
    rebalancing.plan(400, others)
    assert not let_go(rebalancing)


def test_zero_turns_it_off() -> None:
    """REBALANCE_PER_MINUTE=0."""
    clock = Clock()
    rebalancing = Rebalancing(0, clock)
    clock.advance(60)
    rebalancing.plan(400, {"web-2": 0})
    assert not let_go(rebalancing)


@given(st.lists(st.integers(0, 400), min_size=2, max_size=8), st.integers(0, 7))
def test_however_many_each_holds_it_ends_even_and_nobody_goes_to_and_fro(users: list[int], grown: int) -> None:
    """A fleet of any loads, some of it new: within a fifth of the mean in the end, each user moved once at most."""
    clock = Clock()
    held = {f"web-{n}": count for n, count in enumerate([*users, *[0] * grown])}
    instances = {name: Rebalancing(100_000, clock) for name in held}
    moves = 0
    for _ in range(200):
        clock.advance(1)
        told = dict(held)  # what each hears is a second old
        for name, rebalancing in instances.items():
            rebalancing.plan(told[name], {other: count for other, count in told.items() if other != name})
            for slot, count in let_go(rebalancing).items():
                held[name] -= count
                held[slot] += count
                moves += count
    mean = sum(held.values()) / len(held)
    assert max(held.values()) <= max(1.2 * mean, mean + 1) + len(held)
    assert moves <= 1.5 * sum(users) + len(held)
