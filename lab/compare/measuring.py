"""Measures one rung: a stretch of steady load, the most it bears, and what a failure does to it.

The load goes on through warm-up and measurement, so that nothing that is measured is a beginning.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec

from deploy.local import ProcessStatus
from lab.compare.counters import Counts, counts_of
from lab.compare.results import PERCENTS, Capacity, Round
from lab.compare.usage import Usage, part_of
from lab.errors import SiteTrouble
from lab.history import Request
from lab.load.driver import Load
from lab.load.latency import Histogram
from lab.load.measured import Measured
from lab.testbed.site import Site

REGIONS: Final = ("session", "board", "profile")
BACKENDS: Final = ("redis", "mongodb", "s3")
STEP_FACTOR: Final = 1.35
MOST_STEPS: Final = 12
FEWEST_REQUESTS: Final = 100  # of a step; fewer have no 99th percentile
MOST_FAILED_SHARE: Final = 0.5


@dataclass(frozen=True)
class Times:
    """How long a rung is warmed up once, before its first turn, and in each turn; and measured. In seconds."""

    first: float
    warm: float
    measured: float
    step: float


@dataclass(frozen=True)
class Reading:
    """What the site's meters say at one moment. `processes` are those that serve, by name, with their pids."""

    processes: dict[str, int | None]
    usage: Usage
    counts: Counts
    held_bytes: float

    @classmethod
    async def of(cls, site: Site) -> "Reading":
        """Raises SiteTrouble, StackError."""
        return await asyncio.to_thread(cls._now, site)

    @classmethod
    def _now(cls, site: Site) -> "Reading":
        processes = site.stack.status()
        try:
            counts = counts_of([site.stack.admin_address(name) for name in _web_names(processes)])
        except SiteTrouble as error:
            raise SiteTrouble(f"A web process died, or does not tell what it did. {error}") from error
        pids = {each.name: each.pid for each in processes if part_of(each.name) and each.state != "external"}
        return cls(pids, Usage.of(processes), counts, counts.total("hotseat_cache_bytes"))


async def measure_round(site: Site | None, load: Load, rung: str, number: int, times: Times) -> Round:
    """One round, from outside if there is no site of our own.

    Raises SiteTrouble if the site went away, if part of it died and came back (its meters begin at 0 then), or if most
    of what was asked failed; StackError if the stack does not tell of itself.
    """
    load.start(phase="warm-up", rung=rung)
    try:
        await lasting(load, times.warm)
        before = await _reading(site, load)
        load.mark("measured", rung)
        await lasting(load, times.measured)
        load.mark("end", rung)
        after = await _reading(site, load)
    finally:
        await load.stop()
    check_going(load)
    found = load.so_far().of("measured", rung)[-1]
    told = from_outside(found, rung, number, _moved(load, found))
    if before is not None and after is not None:
        told = _with_meters(told, before, after)
    _check_served(found)
    return told


def check_going(load: Load) -> None:
    """Raises SiteTrouble if the load gave the site up."""
    if load.cut_short:
        raise SiteTrouble(load.cut_short)


async def find_capacity(load: Load, rung: str, bound_ms: float, seconds: float) -> Capacity:
    """Asks for more and more, until answers are not within the bound any more or requests had to be dropped; for less
    and less, if that is so from the beginning.

    The 99th percentile counts, from when a request was due. Raises SiteTrouble if the site went away meanwhile.
    """
    usual = rate = load.rate or load.workload.requests_per_second
    most, factor = 0.0, STEP_FACTOR
    try:
        for _ in range(MOST_STEPS):
            load.rate = rate
            await load.run(seconds, phase="capacity", rung=rung)
            check_going(load)
            found = load.so_far().of("capacity", rung)[-1]
            within = _within(found, bound_ms)
            if rate == usual and not within:
                factor = 1 / STEP_FACTOR
            most = found.requests_per_second if within else most
            rate *= factor
            falling = factor < 1
            if within == falling or (falling and rate * seconds < FEWEST_REQUESTS):
                return Capacity(rung, most, bound_ms, True)
    finally:
        load.rate = usual
    return Capacity(rung, most, bound_ms, False)


def _within(found: Measured, bound_ms: float) -> bool:
    longest = found.response.p99
    return longest is not None and longest * 1000 <= bound_ms and not found.dropped and not found.failed


async def lasting(load: Load, seconds: float) -> None:
    """So long; less if the load is cut short."""
    try:
        async with asyncio.timeout(seconds):
            await load.ended.wait()
    except TimeoutError:
        pass


def from_outside(found: Measured, rung: str, number: int, moved: float | None) -> Round:
    """What whoever asks can see: how long it took, and what the answers say of who gave them and out of what."""
    milliseconds = [seconds * 1000 for seconds in Histogram.opened(found.response).percentiles(*PERCENTS)]
    return Round(
        rung=rung,
        number=number,
        seconds=found.seconds,
        requests=found.requests,
        failed=found.failed,
        refused=found.refused,
        latency_ms={f"{percent:g}": round(ms, 3) for percent, ms in zip(PERCENTS, milliseconds, strict=True)},
        cpu_ms={},
        calls={},
        tiers=_tiers_shown(found.tiers),
        held_bytes=None,
        by_instance={name: number for name, number in found.instances.items() if name},
        moved_share=moved,
        generator_late_ms=(found.late.p99 or 0.0) * 1000,
    )


def moved_share(requests: Iterable[Request], began: float) -> float | None:
    """Of the requests of people who were logged in since then, as `Round` says; None if nobody says who answered."""
    met: dict[str, str] = {}
    followed = moved = 0
    for each in sorted(requests, key=lambda request: request.ended):
        if each.user and each.instance:
            before = met.get(each.browser)
            met[each.browser] = each.instance
            if before is not None and each.started >= began:
                followed += 1
                moved += before != each.instance
    return moved / followed if followed else None


def _moved(load: Load, found: Measured) -> float | None:
    """Not known where not all requests were kept, or where browsers wander by themselves."""
    if load.recording.not_kept or load.workload.wandering_share:
        return None
    requests = load.recording.history.requests
    return moved_share((each for each in requests if each.started < found.ended), found.began)


async def _reading(site: Site | None, load: Load) -> Reading | None:
    """None of a site that has no meters for us."""
    check_going(load)
    return None if site is None else await Reading.of(site)


def _with_meters(told: Round, before: Reading, after: Reading) -> Round:
    """The same, with what the site's own meters say in place of what its answers show."""
    changed = sorted(name for name, pid in before.processes.items() if after.processes.get(name) != pid or not pid)
    if changed:
        raise SiteTrouble(
            f"{', '.join(changed)} died or changed while it was measured, and it was not the lab that did it: "
            "the meters of this round say nothing."
        )
    requests = max(told.requests, 1)
    counts = after.counts.since(before.counts)
    return msgspec.structs.replace(
        told,
        cpu_ms={part: spent * 1000 / requests for part, spent in after.usage.since(before.usage).items()},
        calls={backend: counts.calls(backend) / requests for backend in BACKENDS},
        tiers={region: counts.answered_by(region) for region in REGIONS},
        held_bytes=after.held_bytes,
    )


def _check_served(found: Measured) -> None:
    """A round in which most requests failed measures how fast somebody says no."""
    if not found.requests:
        raise SiteTrouble("Nothing was answered in a whole round.")
    if found.failed > MOST_FAILED_SHARE * found.requests:
        usual = max(
            (status for status in found.statuses if status == "0" or status >= "500"), key=found.statuses.__getitem__
        )
        how = "without an answer" if usual == "0" else f"with status {usual}"
        raise SiteTrouble(f"{found.failed} of the {found.requests} requests of a round failed, most of them {how}.")


def _tiers_shown(tiers: dict[str, int]) -> dict[str, dict[str, float]]:
    """From `session:hot` and such, as `Cache-Status` has them: what nobody had is a load."""
    found: dict[str, dict[str, float]] = {}
    for name, count in tiers.items():
        region, _, tier = name.partition(":")
        found.setdefault(region, dict.fromkeys(("hot", "redis", "load"), 0.0))
        found[region][tier] = found[region].get(tier, 0.0) + count
    return found


def _web_names(processes: list[ProcessStatus]) -> list[str]:
    return [each.name for each in processes if each.name.startswith("web-") and each.state == "running"]
