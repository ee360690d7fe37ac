"""After scaling out, the people spread over the new instances by themselves, and nobody's request fails for it."""

import time
from collections.abc import Callable

import pytest
from fleet import web_names
from load.evidence import Evidence
from load.undoing import make_whole

from deploy.local import Stack

USERS = 60
RATE = 90.0
BALANCED_WITHIN_SECONDS = 90.0
OFF_BY_MOST = 0.2
CALM_SECONDS = 10.0

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.timeout(900)]


def test_people_spread_over_the_new_instances(
    stack_on: Stack, load_on: Callable, evidence: Evidence, eventually: Callable[..., None]
) -> None:
    """From 3 to 6: each holds its share of the people within a fifth, in bounded time; no request failed."""
    stack = stack_on
    before = {each.name: each.mode for each in stack.status()}
    make_whole(stack, before, eventually)
    stack.roll({"REBALANCE_PER_MINUTE": "1200"})
    try:
        with load_on(stack, users=USERS, rate=RATE, kinds=("obeys",)) as load:
            load.lasting("before", CALM_SECONDS)
            with load.phase("spreading"):
                began = time.monotonic()
                stack.scale(6)
                scaled = time.monotonic()
                while not _is_even(load.so_far().homes(), web_names(stack)):
                    if time.monotonic() > scaled + BALANCED_WITHIN_SECONDS:
                        break  # how far it came is told below
                    time.sleep(0.5)
                even = time.monotonic()
            load.lasting("after", CALM_SECONDS)
            seen = load.finish()
        homes = dict(sorted(seen.during("after").homes().items()))
        evidence.phases(seen)
        evidence.note(
            scaling_s=round(scaled - began, 1),
            even_after_s=round(even - scaled, 1),
            people=homes,
            moves=len([each for each in seen.within(scaled).records if each.moved]),
        )
        assert not seen.failed, seen.first_faults()
        assert not seen.violations, seen.first_faults()
        assert _is_even(homes, web_names(stack)), homes
    finally:
        make_whole(stack, before, eventually)
        stack.rollback()


def _is_even(homes: dict[str, int], names: list[str]) -> bool:
    mean = sum(homes.values()) / len(names)
    return all(abs(homes.get(name, 0) - mean) <= OFF_BY_MOST * mean for name in names)
