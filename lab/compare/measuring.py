"""Measures one rung: a stretch of steady load, the most it bears, and what a failure does to it.

The load goes on through warm-up and measurement, so that nothing that is measured is a beginning.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from deploy.local import ProcessStatus
from lab.compare.counters import Counts, counts_of
from lab.compare.results import PERCENTS, Capacity, Round
from lab.compare.usage import Usage
from lab.load.driver import Load
from lab.load.latency import Histogram
from lab.load.measured import Measured
from lab.testbed.site import Site

REGIONS: Final = ("session", "board", "profile")
BACKENDS: Final = ("redis", "mongodb", "s3")
STEP_FACTOR: Final = 1.35
MOST_STEPS: Final = 12


@dataclass(frozen=True)
class Times:
    """How long a rung is warmed up once, before its first turn, and in each turn; and measured. In seconds."""

    first: float
    warm: float
    measured: float
    step: float


@dataclass(frozen=True)
class Reading:
    """What the site's meters say at one moment."""

    usage: Usage
    counts: Counts
    held_bytes: float

    @classmethod
    async def of(cls, site: Site) -> "Reading":
        """Raises SiteTrouble."""
        return await asyncio.to_thread(cls._now, site)

    @classmethod
    def _now(cls, site: Site) -> "Reading":
        processes = site.stack.status()
        counts = counts_of([site.stack.admin_address(name) for name in _web_names(processes)])
        return cls(Usage.of(processes), counts, counts.total("hotseat_cache_bytes"))


async def measure_round(site: Site, load: Load, rung: str, number: int, times: Times) -> Round:
    """One round. Raises SiteTrouble if the site went away."""
    load.start(phase="warm-up", rung=rung)
    try:
        await _lasting(load, times.warm)
        before = await Reading.of(site)
        load.mark("measured", rung)
        await _lasting(load, times.measured)
        load.mark("end", rung)
        after = await Reading.of(site)
    finally:
        await load.stop()
    return _round(load.so_far().of("measured", rung)[-1], rung, number, before, after)


async def find_capacity(load: Load, rung: str, bound_ms: float, seconds: float) -> Capacity:
    """Asks for more and more, until answers are not within the bound any more or requests had to be dropped.

    The 99th percentile counts, from when a request was due.
    """
    usual = rate = load.rate or load.workload.requests_per_second
    most = 0.0
    try:
        for _ in range(MOST_STEPS):
            load.rate = rate
            await load.run(seconds, phase="capacity", rung=rung)
            found = load.so_far().of("capacity", rung)[-1]
            if not _within(found, bound_ms):
                return Capacity(rung, most, bound_ms, True)
            most = found.requests_per_second
            rate *= STEP_FACTOR
    finally:
        load.rate = usual
    return Capacity(rung, most, bound_ms, False)


def _within(found: Measured, bound_ms: float) -> bool:
    longest = found.response.p99
    return longest is not None and longest * 1000 <= bound_ms and not found.dropped and not found.failed


async def _lasting(load: Load, seconds: float) -> None:
    """So long; less if the load is cut short."""
    try:
        async with asyncio.timeout(seconds):
            await load.ended.wait()
    except TimeoutError:
        pass


def _round(found: Measured, rung: str, number: int, before: Reading, after: Reading) -> Round:
    requests = max(found.requests, 1)
    counts = after.counts.since(before.counts)
    milliseconds = [seconds * 1000 for seconds in Histogram.opened(found.response).percentiles(*PERCENTS)]
    return Round(
        rung=rung,
        number=number,
        seconds=found.seconds,
        requests=found.requests,
        failed=found.failed,
        latency_ms={f"{percent:g}": round(ms, 3) for percent, ms in zip(PERCENTS, milliseconds, strict=True)},
        cpu_ms={part: spent * 1000 / requests for part, spent in after.usage.since(before.usage).items()},
        calls={backend: counts.calls(backend) / requests for backend in BACKENDS},
        tiers={region: counts.answered_by(region) for region in REGIONS},
        held_bytes=after.held_bytes,
        by_instance={name: number for name, number in found.instances.items() if name},
        generator_late_ms=(found.late.p99 or 0.0) * 1000,
    )


def _web_names(processes: list[ProcessStatus]) -> list[str]:
    return [each.name for each in processes if each.name.startswith("web-") and each.state == "running"]
