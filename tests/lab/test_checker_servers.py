"""The checker finds what is wrong with each of the broken servers, and nothing wrong with the one that is not."""

import pytest
from checked.driver import driving
from checked.journeys import whole_journey
from checked.site import Bug

from lab.checker import check, summary

pytestmark = pytest.mark.asyncio

BROKEN = {
    Bug.LOSES_WRITES: {"P1"},
    Bug.FLAPS_BACK: {"P2", "P3"},
    Bug.RESURRECTS: {"P4"},
    Bug.NEVER_EXPIRES: {"P5"},
    Bug.LEAKS: {"P6"},
    Bug.APPLIES_TWICE: {"P7"},
    Bug.GIVES_UP: {"P7"},
    Bug.NAIVE: {"P2", "P3", "P4"},
}


async def test_nothing_is_found_in_a_server_that_keeps_its_promises() -> None:
    """And each of them was put to the test."""
    async with driving() as driver:
        await whole_journey(driver)
    verdict = check(driver.history)
    assert verdict.broken == (), summary(verdict)
    assert verdict.not_exercised == ()


@pytest.mark.parametrize("bug", Bug)
async def test_what_is_wrong_with_a_server_is_found(bug: Bug) -> None:
    """Each bug breaks the promises that it is about."""
    async with driving(bug) as driver:
        await whole_journey(driver)
    verdict = check(driver.history)
    assert BROKEN[bug] <= set(verdict.broken), summary(verdict)
