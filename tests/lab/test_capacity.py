"""How much a rung bears: more and more is asked of it, or less and less."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from lab.compare.measuring import FEWEST_REQUESTS, MOST_STEPS, STEP_FACTOR, find_capacity
from lab.compare.results import Capacity
from lab.load.driver import Load


class MadeUpLoad:
    """Its answers take 50 ms up to `bears` requests per second, and 150 ms beyond."""

    def __init__(self, bears: float, rate: float | None) -> None:
        self.rate, self.workload, self.cut_short = rate, SimpleNamespace(requests_per_second=60.0), ""
        self.asked: list[float] = []
        self._bears = bears

    async def run(self, seconds: float, **named: str) -> None:
        self.asked.append(self.rate or 0.0)

    def so_far(self) -> Any:
        rate = self.asked[-1]
        response = SimpleNamespace(p99=0.05 if rate <= self._bears else 0.15)
        found = SimpleNamespace(response=response, dropped=0, failed=0, requests_per_second=rate)
        return SimpleNamespace(of=lambda phase, rung: [found])


async def _found(load: MadeUpLoad, seconds: float = 6.0) -> Capacity:
    return await find_capacity(cast(Load, load), "hot", 100.0, seconds)


@pytest.mark.asyncio
async def test_more_is_asked_until_it_is_too_much() -> None:
    """What was borne last counts, and the load is asked for its own rate afterwards."""
    load = MadeUpLoad(bears=100.0, rate=None)
    found = await _found(load)
    assert load.asked == pytest.approx([60, 60 * STEP_FACTOR, 60 * STEP_FACTOR**2])
    assert (found.requests_per_second, found.reached) == (pytest.approx(60 * STEP_FACTOR), True)
    assert str(found) == "81"
    assert load.rate == 60.0


@pytest.mark.asyncio
async def test_less_is_asked_if_it_is_too_much_from_the_beginning() -> None:
    """The first that is borne counts."""
    load = MadeUpLoad(bears=40.0, rate=None)
    found = await _found(load)
    assert load.asked == pytest.approx([60, 60 / STEP_FACTOR, 60 / STEP_FACTOR**2])
    assert (found.requests_per_second, found.reached) == (pytest.approx(60 / STEP_FACTOR**2), True)


@pytest.mark.asyncio
async def test_so_little_that_there_is_no_percentile_is_not_asked() -> None:
    """It is told that it was less than what was tried, and not that it is nothing."""
    load = MadeUpLoad(bears=1.0, rate=None)
    found = await _found(load)
    assert min(load.asked) * 6 >= FEWEST_REQUESTS
    assert (found.requests_per_second, str(found)) == (0.0, "fewer than were tried")


@pytest.mark.asyncio
async def test_the_load_may_be_what_cannot_do_more() -> None:
    """Also one that asks for so little that it has no percentile."""
    load = MadeUpLoad(bears=1e9, rate=2.0)
    found = await _found(load)
    assert len(load.asked) == MOST_STEPS
    assert not found.reached
    assert str(found).endswith(" or more")
