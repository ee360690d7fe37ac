"""What a restart costs the hot tier: make before break with the manifest of hot keys, and the same without."""

import functools
import time
from collections.abc import Callable

import pytest
from fleet import end_suddenly, wait_whole
from load.driver import Load
from load.evidence import Evidence
from load.seen import Seen

from deploy.local import Stack

USERS = 80
RATE = 50.0
STEPS = {"board": 60, "me": 38, "theme": 2}  # mostly reads: the rate is then of who holds what, not of who wrote
CALM_SECONDS = 15.0
WARM_SECONDS = 15.0
MANIFEST_SECONDS = 35.0  # it is written every 30 s, and on leaving
AFTER_KILL_SECONDS = 25.0
WINDOW_SECONDS = 2.0
KEPT_SHARE = 0.95
VICTIM = "web-2"

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(900)]


@pytest.fixture
def stack(stack_on: Stack, eventually: Callable[..., None]) -> Stack:
    """In sticky mode; stateless, nothing is hot."""
    wait_whole(stack_on, eventually)
    return stack_on


def test_a_rolling_restart_keeps_the_hot_tier_hot(
    stack: Stack, load_on: Callable, evidence: Evidence, eventually: Callable[..., None]
) -> None:
    """At least 95 % of the hit rate before with the manifest; without it, the cost of coming back cold is shown."""
    kept = {}
    for handover in ("off", "on"):
        roll = functools.partial(_roll, stack=stack)
        seen = _watched(stack, load_on, eventually, handover, roll, WARM_SECONDS)
        before, during = (_own(seen.during(name)).hit_rate() for name in ("before", "roll"))
        [rolled] = [phase for phase in seen.phases if phase.name == "roll"]
        missed = _own(seen.during("roll")).those(lambda each: {each.session, each.board} - {"hot", ""} != set())
        kept[handover] = during / before
        evidence.note(
            handover=handover,
            before=round(before, 4),
            during=round(during, 4),
            share_kept=round(during / before, 4),
            misses=len(missed.records),
            of_them_just_moved=len([each for each in missed.records if each.moved]),
            lowest_in_2_s=round(min(rate for _, rate in _windows(seen, rolled.began, rolled.ended)), 4),
            roll_s=round(rolled.ended - rolled.began, 1),
        )
        assert not seen.failed, seen.first_faults()
        assert not seen.violations, seen.first_faults()
    assert kept["on"] >= KEPT_SHARE


def test_a_killed_slot_comes_back_warm(
    stack: Stack, load_on: Callable, evidence: Evidence, eventually: Callable[..., None]
) -> None:
    """How long until the hit rate is 95 % of what it was, and what the newborn holds at first, beside a cold one."""
    for handover in ("off", "on"):
        kill = functools.partial(_kill, stack=stack, eventually=eventually)
        seen = _watched(stack, load_on, eventually, handover, kill, MANIFEST_SECONDS)
        before = _own(seen.during("before")).hit_rate()
        [back] = [phase for phase in seen.phases if phase.name == "back"]
        [killed] = [phase for phase in seen.phases if phase.name == "killed"]
        below = [at for at, rate in _windows(seen, killed.began, back.ended) if rate < KEPT_SHARE * before]
        newborn = _own(seen.within(back.began, back.began + 5)).those(lambda each: each.instance == VICTIM)
        evidence.note(
            handover=handover,
            before=round(before, 4),
            recovered_after_s=round(max(below, default=killed.began) - killed.began, 1),
            newborns_first_5_s=round(newborn.hit_rate(), 4),
            of_requests=len(newborn.records),
            away_s=round(killed.ended - killed.began, 1),
        )
        assert not seen.failed_reads, seen.first_faults()
        assert not seen.violations, seen.first_faults()


def _watched(  # noqa: PLR0917  # told by one caller each
    stack: Stack,
    load_on: Callable,
    eventually: Callable[..., None],
    handover: str,
    change: Callable[[Load], None],
    warm_seconds: float,
) -> Seen:
    stack.roll({"HANDOVER": handover})
    wait_whole(stack, eventually)
    try:
        with load_on(stack, users=USERS, rate=RATE, steps=STEPS, leavers=0) as load:
            load.lasting("warming", warm_seconds)
            load.lasting("before", CALM_SECONDS)
            change(load)
            return load.finish()
    finally:
        stack.rollback()
        wait_whole(stack, eventually)


def _roll(load: Load, stack: Stack) -> None:
    with load.phase("roll"):
        stack.roll()
        time.sleep(WINDOW_SECONDS)


def _kill(load: Load, stack: Stack, eventually: Callable[..., None]) -> None:
    with load.phase("killed"):
        pid = stack.pid(VICTIM)
        end_suddenly(stack, VICTIM)
        eventually(lambda: stack.pid(VICTIM) not in (0, pid), 20)
        wait_whole(stack, eventually)
    load.lasting("back", AFTER_KILL_SECONDS)


def _own(seen: Seen) -> Seen:
    """Of those who obey the affinity cookie: nobody else can be expected to find their copies where they come."""
    return seen.those(lambda each: each.kind == "obeys")


def _windows(seen: Seen, began: float, ended: float) -> list[tuple[float, float]]:
    """The hit rate of a short time, every half second: when that time ended, and the rate."""
    found = []
    at = began + WINDOW_SECONDS
    while at <= max(ended, began + WINDOW_SECONDS):
        within = _own(seen.within(at - WINDOW_SECONDS, at))
        if within.records:
            found.append((at, within.hit_rate()))
        at += 0.5
    return found
