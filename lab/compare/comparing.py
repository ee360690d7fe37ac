"""The comparison: all rungs are brought up, and take turns under the same load."""

import datetime
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil

from lab.compare.failing import FAULTS, measure_failure
from lab.compare.grounds import Ground, check_sites, ground_there, own_ground
from lab.compare.measuring import find_capacity, measure_round
from lab.compare.plan import Plan
from lab.compare.results import Machine, Result
from lab.compare.rungs import Rung
from lab.load.site import shown
from lab.progress import Progress


class Comparison:
    """`result` holds what was measured so far, at any time; `keep` is called with it whenever there is more.

    `doing` says in words what is being done, or was when it ended.
    """

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        environ: Mapping[str, str],
        progress: Progress,
        keep: Callable[[Result], None] = lambda _: None,
    ) -> None:
        self.result = empty_result(plan)
        self.doing = "starting"
        self._plan = plan
        self._folder = folder
        self._environ = environ
        self._progress = progress
        self._keep = keep

    async def make(self) -> None:
        """Measures all of it. Raises SiteTrouble, StackError; what was measured until then is in `result`."""
        await check_sites(self._plan)
        async with AsyncExitStack() as running:
            grounds = {}
            for rung in self._plan.rungs:
                with self._step(rung, "making people" if self._plan.sites else "starting"):
                    grounds[rung] = await running.enter_async_context(self._ground(rung))
                    round_trip = grounds[rung].round_trip
                    if round_trip is not None:
                        self.result.round_trips[rung.name] = round_trip
            await self._rounds(grounds)
            await self._failures(grounds)
            await self._capacities(grounds)
            self.result.complete = True
            if self._plan.sites:
                self._progress.begins("removing the people")

    async def _rounds(self, grounds: dict[Rung, Ground]) -> None:
        plan = self._plan
        for number in range(plan.rounds):
            for rung, ground in grounds.items():
                with self._step(rung, f"round {number + 1} of {plan.rounds}"):
                    self.result.rounds.append(
                        await measure_round(ground.site, ground.load, rung.name, number, plan.times)
                    )

    async def _failures(self, grounds: dict[Rung, Ground]) -> None:
        plan = self._plan
        for rung in plan.failing:
            site = grounds[rung].site if rung in grounds else None
            if site is None:
                continue
            for what in FAULTS:
                with self._step(rung, what):
                    found = await measure_failure(
                        site, grounds[rung].load, rung.name, what, calm=plan.calm_seconds, after=plan.after_seconds
                    )
                    self.result.failures.append(found)

    async def _capacities(self, grounds: dict[Rung, Ground]) -> None:
        plan = self._plan
        for rung in plan.bearing:
            if rung in grounds:
                with self._step(rung, "how much it bears"):
                    found = await find_capacity(grounds[rung].load, rung.name, plan.bound_ms, plan.times.step)
                    self.result.capacities.append(found)

    @contextmanager
    def _step(self, rung: Rung, what: str) -> Iterator[None]:
        """What it adds to the result is kept, should this process be killed later."""
        self.doing = f"{rung.title}: {what}"
        self._progress.begins(self.doing)
        yield
        self._keep(self.result)
        self._progress.done()

    def _ground(self, rung: Rung) -> AbstractAsyncContextManager[Ground]:
        if self._plan.sites:
            return ground_there(self._plan, rung, self.result.left_behind.append)
        return own_ground(self._plan, rung, self._folder / rung.name, self._environ)


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
        sites={name: shown(url) for name, url in plan.sites.items()},
        prices=plan.prices,
    )


def this_machine() -> Machine:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    processor = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
    return Machine(processor, os.cpu_count() or 1, psutil.virtual_memory().total / 2**30, platform.platform())
