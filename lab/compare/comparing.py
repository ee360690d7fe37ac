"""The comparison: all rungs are brought up, and take turns under the same load."""

import datetime
import os
import platform
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec
import psutil

from lab.compare.failing import FAULTS, measure_failure
from lab.compare.measuring import find_capacity, measure_round
from lab.compare.plan import Plan
from lab.compare.results import Machine, Result
from lab.compare.rungs import Rung
from lab.errors import SiteTrouble
from lab.load.driver import Load
from lab.progress import Progress
from lab.testbed.line import Line, Way
from lab.testbed.opening import in_thread, site_opened
from lab.testbed.site import Site

MODES: Final = {True: "sticky", False: "stateless"}


class Comparison:
    """`result` holds what was measured so far, at any time."""

    def __init__(self, plan: Plan, folder: Path, environ: Mapping[str, str], progress: Progress) -> None:
        self.result = empty_result(plan)
        self._plan = plan
        self._folder = folder
        self._environ = environ
        self._progress = progress

    async def make(self) -> None:
        """Measures all of it. Raises SiteTrouble, StackError; what was measured until then is in `result`."""
        async with AsyncExitStack() as running:
            grounds = {}
            for rung in self._plan.rungs:
                self._progress.begins(f"{rung.title}: starting")
                grounds[rung] = await running.enter_async_context(self._ground(rung))
                self._progress.done()
            await self._rounds(grounds)
            await self._failures(grounds)
            await self._capacities(grounds)
        self.result.complete = True

    async def _rounds(self, grounds: "dict[Rung, _Ground]") -> None:
        plan = self._plan
        for number in range(plan.rounds):
            for rung, ground in grounds.items():
                self._progress.begins(f"{rung.title}: round {number + 1} of {plan.rounds}")
                found = await measure_round(ground.site, ground.load, rung.name, number, plan.times)
                self.result.rounds.append(found)
                ground.check()
                self._progress.done()

    async def _failures(self, grounds: "dict[Rung, _Ground]") -> None:
        plan = self._plan
        for rung in plan.failing:
            for what in FAULTS if rung in grounds else ():
                self._progress.begins(f"{rung.title}: {what}")
                ground = grounds[rung]
                found = await measure_failure(
                    ground.site, ground.load, rung.name, what, calm=plan.calm_seconds, after=plan.after_seconds
                )
                self.result.failures.append(found)
                self._progress.done()

    async def _capacities(self, grounds: "dict[Rung, _Ground]") -> None:
        plan = self._plan
        for rung in plan.bearing:
            if rung in grounds:
                self._progress.begins(f"{rung.title}: how much it bears")
                found = await find_capacity(grounds[rung].load, rung.name, plan.bound_ms, plan.times.step)
                self.result.capacities.append(found)
                self._progress.done()

    @asynccontextmanager
    async def _ground(self, rung: Rung) -> AsyncIterator["_Ground"]:
        plan, folder = self._plan, self._folder / rung.name
        environ = {**self._environ, **rung.settings}
        try:
            async with site_opened(folder, MODES[rung.sticky], environ, wired=plan.rtt_ms > 0, clocked=False) as site:
                if plan.rtt_ms > 0:
                    far = Line.both(Way(latency_seconds=plan.rtt_ms / 2000))
                    await in_thread(lambda: site.bend("redis", far))
                async with Load(plan.workload, site.stack.url, seed=plan.seed, give_up_seconds=20.0) as load:
                    await load.run(plan.times.first, phase="first", rung=rung.name)
                    yield _Ground(site, load)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class _Ground:
    """A rung that runs, and the people on it."""

    def __init__(self, site: Site, load: Load) -> None:
        self.site = site
        self.load = load

    def check(self) -> None:
        """Raises SiteTrouble if the load gave the site up."""
        if self.load.cut_short:
            raise SiteTrouble(self.load.cut_short)


def empty_result(plan: Plan) -> Result:
    """Nothing measured yet."""
    told = {
        "write_share": round(plan.workload.write_share, 4),
        **{name: value for name, value in msgspec.to_builtins(plan.workload).items() if name != "mix"},
        "seed": plan.seed,
    }
    return Result(
        began=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        version=version("hotseat"),
        machine=this_machine(),
        workload=told,
        rtt_ms=plan.rtt_ms,
        rungs=[rung.name for rung in plan.rungs],
    )


def this_machine() -> Machine:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return Machine(processor, os.cpu_count() or 1, psutil.virtual_memory().total / 2**30, platform.platform())
