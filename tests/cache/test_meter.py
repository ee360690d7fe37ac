"""The staleness meter: what it calls a copy, and how sure it is."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from cache_doubles import Board, Clock, Recorder

from cache import Cache, Region, nines
from cache.hot_tiers import HotTiers
from cache.meter import MOST_WAITING, Meter

Opens = Callable[[], AbstractAsyncContextManager[Cache]]


async def load() -> Board:
    return Board("a")


async def held(cache: Cache) -> tuple[Region[Board], HotTiers]:
    """A copy of ada's board, and what keeps it."""
    region = cache.region("board", Board, ttl_seconds=30)
    await region.get("ada", load)
    tiers = cache._tiers
    assert isinstance(tiers, HotTiers)
    return region, tiers


def meter_of(cache: Cache, tiers: HotTiers, recorder: Recorder, clock: Clock, *, trusted: bool = True) -> Meter:
    return Meter(
        cache.link,
        tiers.hot,
        trusted=lambda: trusted,
        staleness_seconds=0.2,
        clock=clock,
        observer=recorder,
        one_in=1,
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("change", "keeps", "trusted", "result"),
    [
        (False, True, True, "fresh"),
        (True, False, True, "overtaken"),
        (True, True, True, "stale"),
        (True, True, False, "unknown"),
    ],
)
async def test_a_copy_is_stale_only_if_it_stays_though_redis_holds_another(
    hot: Opens, recorder: Recorder, clock: Clock, *, change: bool, keeps: bool, trusted: bool, result: str
) -> None:
    """`keeps` stands for a process that is not told: it puts back what it was told to drop."""
    async with hot() as cache:
        region, tiers = await held(cache)
        key = region.key("ada")
        entry = tiers.hot.peek(key)
        assert entry is not None
        if change:
            await cache.link.ask("store", ("DEL", key))
            await tiers.tracked.ask("read", ("PING",))
            if keeps:
                tiers.hot.put(key, entry)
        meter = meter_of(cache, tiers, recorder, clock, trusted=trusted)
        source = region.lookup("ada").source
        assert await meter.check(source, "ada", key, entry.stamp) == result


@pytest.mark.asyncio
async def test_what_waits_to_be_checked_is_bounded(hot: Opens, recorder: Recorder, clock: Clock) -> None:
    """However many hits there are while nothing is checked."""
    async with hot() as cache:
        region, tiers = await held(cache)
        meter = meter_of(cache, tiers, recorder, clock)
        entry = tiers.hot.peek(region.key("ada"))
        assert entry is not None
        for _ in range(10 * MOST_WAITING):
            meter.hit(region.lookup("ada").source, region.key("ada"), entry)
        assert len(meter._waiting) == MOST_WAITING


@pytest.mark.parametrize(
    ("checks", "stale", "told"),
    [(0, 0, 0.0), (3, 0, 0.0), (300, 0, 2.0), (30_000, 0, 4.0), (1000, 10, 2.0), (5, 5, 0.0)],
)
def test_nines_tell_no_more_than_the_checks_can(checks: int, stale: int, told: float) -> None:
    """With nothing stale among n the rule of three bounds the share by 3/n."""
    assert nines(checks, stale) == pytest.approx(told)
