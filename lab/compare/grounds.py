"""Where a rung is measured: on a stack of the lab's own, with its meters, or on a system that is there already."""

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.compare.plan import Plan
from lab.compare.results import RoundTrip
from lab.compare.round_trips import measure_round_trip
from lab.compare.rungs import Rung
from lab.load.browser import connected
from lab.load.driver import Load
from lab.load.site import check_site
from lab.testbed.line import Line, Way
from lab.testbed.opening import in_thread, site_opened
from lab.testbed.site import Site

MODES: Final = {True: "sticky", False: "stateless"}


@dataclass(frozen=True)
class Ground:
    """A rung that runs, and the people on it. `site` is None where all that can be done is to ask."""

    load: Load
    site: Site | None = None
    round_trip: RoundTrip | None = None


@asynccontextmanager
async def own_ground(plan: Plan, rung: Rung, folder: Path, environ: Mapping[str, str]) -> AsyncIterator[Ground]:
    """A stack in `folder`, which is removed with it. Raises StackError, SiteTrouble."""
    try:
        async with site_opened(
            folder, MODES[rung.sticky], {**environ, **rung.settings}, wired=plan.rtt_ms > 0, clocked=False
        ) as site:
            if plan.rtt_ms > 0:
                far = Line.both(Way(latency_seconds=plan.rtt_ms / 2000))
                await in_thread(lambda: site.bend("redis", far))
            round_trip = await in_thread(lambda: measure_round_trip(site))
            async with Load(
                plan.workload, site.stack.url, seed=plan.seed, give_up_seconds=plan.give_up_seconds
            ) as load:
                await load.run(plan.times.first, phase="first", rung=rung.name)
                yield Ground(load, site, round_trip)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def check_sites(plan: Plan) -> None:
    """Before anybody signs up anywhere. Raises NoSuchSite, NotPostcards."""
    for url in plan.sites.values():
        async with connected(url, verifies=plan.verifies) as connections:
            await check_site(connections)


@asynccontextmanager
async def ground_there(plan: Plan, rung: Rung, warn: Callable[[str], None]) -> AsyncIterator[Ground]:
    """A system that is there; its new people are removed again, and whoever is left is told of. Raises SiteTrouble."""
    load = Load(
        plan.workload,
        plan.sites[rung.name],
        seed=plan.seed,
        give_up_seconds=plan.give_up_seconds,
        removes_people=True,
        verifies=plan.verifies,
    )
    try:
        async with load:
            await load.run(plan.times.first, phase="first", rung=rung.name)
            yield Ground(load)
    finally:
        if load.people_left:
            warn(
                f"{load.people_left} of the people made for it are still at {load.shown_url}: those whose handles are "
                f"like {load.handles}."
            )
