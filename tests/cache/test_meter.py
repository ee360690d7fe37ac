"""The staleness meter: what it says of a copy, that it never says too much, and that nobody waits for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from cache_doubles import Recorder
from cache_races import until
from quiet_log import Expects
from redis import Redis
from wires import Wire, wire_to

from cache import Cache, boot_clock, nines, open_cache
from cache.hot import Entry
from cache.hot_tiers import HotTiers
from cache.lookup import Source
from cache.meter import MOST_WAITING, Meter
from cache.observer import Check
from deploy.local import RunningStore

pytestmark = pytest.mark.asyncio

B = 0.25


@pytest.fixture(autouse=True)
def short_leases(expects: Expects) -> None:
    """They end whenever this machine is busy with something else."""
    expects("hot copies are not trusted (suspect): ")


@dataclass(frozen=True)
class Metered:
    """A process that holds a copy of ada's record, and a meter that takes every hit for a sample."""

    cache: Cache
    source: Source
    wire: Wire
    other: Redis
    told: Recorder
    meter: Meter

    @property
    def key(self) -> str:
        return self.cache.records("session").key("ada", "s")

    @property
    def entry(self) -> Entry:
        entry = self.cache.hot.peek(self.key)
        assert entry is not None
        return entry

    async def hit(self) -> None:
        [answer] = await self.cache.look(self.cache.records("session").lookup("ada", "s"))
        assert answer is not None

    async def check(self, stamp: Any) -> Check:
        return await self.meter.check(self.source, "ada", self.key, stamp)


@asynccontextmanager
async def metered(url: str) -> AsyncIterator[Metered]:
    told = Recorder()
    async with (
        wire_to(url) as wire,
        open_cache(wire.url, hot_bytes=1 << 20, staleness_seconds=B, observer=told) as cache,
    ):
        assert await cache.trusted(5), cache.state()
        tiers = cache._tiers
        assert isinstance(tiers, HotTiers)
        assert tiers.meter is not None
        await tiers.meter.stop()
        meter = tiers.meter = Meter(
            cache.link,
            cache.hot,
            trusted=lambda: tiers.lease.holds(boot_clock()),
            staleness_seconds=B,
            clock=boot_clock,
            observer=told,
            one_in=1,
        )
        records = cache.records("session")
        await records.create("ada", "s", {"text": "old"}, lives_seconds=60, now=0, ends=60)
        await cache.look(records.lookup("ada", "s"))
        with Redis.from_url(url) as other:
            yield Metered(cache, records, wire, other, told, meter)
        await meter.stop()


async def test_a_copy_that_is_what_redis_holds_is_fresh(redis_server: RunningStore) -> None:
    """One command of its own, over the untracked link."""
    async with metered(redis_server.url) as one:
        assert await one.check(one.entry.stamp) == "fresh"


async def test_a_copy_that_was_dropped_in_time_is_overtaken(redis_server: RunningStore) -> None:
    """It changed between the hit and the check, and the process has been told: as promised."""
    async with metered(redis_server.url) as one:
        stamp = one.entry.stamp
        for change in (lambda: one.other.hincrby(one.key, "version", 1), lambda: one.other.delete(one.key)):
            change()
            assert await one.check(stamp) == "overtaken"


async def test_a_copy_that_is_still_held_and_trusted_b_later_is_stale(redis_server: RunningStore) -> None:
    """A broken proxy swallows the pushes of sessions and passes those of canaries: only the meter can tell."""
    async with metered(redis_server.url) as one:
        one.wire.on_reply = lambda passage, value: b"" if value.startswith(b">") and b"session:" in value else value
        one.other.hincrby(one.key, "version", 1)
        began = time.monotonic()
        assert await one.check(one.entry.stamp) == "stale"
        assert time.monotonic() - began >= B
        one.other.delete(one.key)
        assert await one.check(one.entry.stamp) == "stale"


async def test_a_difference_under_no_trust_says_nothing(redis_server: RunningStore, expects: Expects) -> None:
    """The copy is not answered then either: it is unknown whether it would have been dropped in time."""
    expects("hot copies are not trusted (")
    async with metered(redis_server.url) as one:
        one.other.hincrby(one.key, "version", 1)  # told in vain: the stall comes first
        stamp = one.entry.stamp
        one.wire.on_command = lambda passage, words: not passage.tracked
        one.wire.on_reply = lambda passage, value: b"" if passage.tracked else value
        assert await one.check(stamp) == "unknown"


async def test_a_redis_that_cannot_be_asked_says_nothing(redis_server: RunningStore, expects: Expects) -> None:
    """Neither fresh nor stale."""
    expects("hot copies are not trusted (")
    async with metered(redis_server.url) as one:
        stamp = one.entry.stamp
        await one.wire.shut()
        assert await one.check(stamp) == "unknown"


async def test_hits_are_checked_beside_requests_and_told(redis_server: RunningStore) -> None:
    """By a task of its own: the hit itself asks nothing of Redis."""
    async with metered(redis_server.url) as one:
        one.meter.start()
        asked = len(one.told.calls)
        await one.hit()
        assert len(one.told.calls) == asked
        assert one.told.checks == []
        await until(lambda: one.told.checks == [("session", "fresh")])


async def test_what_waits_to_be_checked_is_bounded_and_nobody_waits_for_it(redis_server: RunningStore) -> None:
    """Redis has fallen silent, and thousands of hits go on at their own pace while trust lasts."""
    async with metered(redis_server.url) as one:
        one.meter.start()
        one.wire.stall()
        began = time.monotonic()
        for _ in range(1000):
            await one.hit()
        assert time.monotonic() - began < B
        assert len(one.meter._waiting) == MOST_WAITING
        one.wire.flow()
        assert await one.cache.trusted(3)


async def test_checks_are_few_however_many_hits_there_are(redis_server: RunningStore) -> None:
    """At most twenty a second."""
    async with metered(redis_server.url) as one:
        one.meter.start()
        began = time.monotonic()
        while time.monotonic() - began < 0.3:
            await one.hit()
            await asyncio.sleep(0)
        assert 1 <= len(one.told.checks) <= 0.3 * 20 + 2


async def test_about_one_hit_in_so_many_is_a_sample(redis_server: RunningStore) -> None:
    """At random, so that no rhythm of requests escapes it."""
    async with metered(redis_server.url) as one:
        meter = Meter(
            one.cache.link,
            one.cache.hot,
            trusted=lambda: True,
            staleness_seconds=B,
            clock=boot_clock,
            observer=one.told,
            one_in=100,
        )
        samples = 0
        for _ in range(20_000):
            meter.hit(one.source, one.key, one.entry)
            samples += len(meter._waiting)
            meter._waiting.clear()
        assert 100 < samples < 300


async def test_a_check_that_breaks_does_not_end_the_meter(
    redis_server: RunningStore, expects: Expects, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug is logged and counts as unknown; the next sample is checked."""
    expects("a staleness check failed")
    async with metered(redis_server.url) as one:
        broken = BrokenOnce(one.source)
        one.meter.start()
        for _ in range(2):
            one.meter.hit(broken, one.key, one.entry)
            await until(lambda: not one.meter._waiting)
        await until(lambda: len(one.told.checks) == 2)
        assert one.told.checks == [("session", "unknown"), ("session", "fresh")]
        assert [record.getMessage() for record in caplog.records] == ["a staleness check failed"]


class BrokenOnce:
    """A source whose first reply is more than it can take."""

    def __init__(self, inner: Source) -> None:
        self._inner = inner
        self._broken = True

    def entry(self, *args: Any, **how: Any) -> Entry | None:
        if self._broken:
            self._broken = False
            raise RuntimeError("a bug")
        return self._inner.entry(*args, **how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.mark.parametrize(
    ("checks", "stale", "told"),
    [
        *[(0, 0, 0.0), (1, 0, 0.0), (3, 0, 0.0), (30, 0, 1.0), (3000, 0, 3.0), (3_000_000, 0, 6.0)],
        *[(3000, 3, 3.0), (1000, 10, 2.0), (10, 10, 0.0), (10, 9, 0.0457575)],
    ],
)
async def test_nines_are_told_as_far_as_checks_can_tell(checks: int, stale: int, told: float) -> None:
    """Without a single stale hit, 3,000 checks vouch for three nines and no more."""
    assert nines(checks, stale) == pytest.approx(told)
