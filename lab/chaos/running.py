"""Runs faults under load: one site and one crowd for each mode, calm before each fault, all judged afterwards."""

import asyncio
import contextlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from deploy.local import StackError
from lab.chaos.judging import judge
from lab.chaos.results import ChaosResult
from lab.errors import SiteTrouble
from lab.faults import Fault, disturb
from lab.history import NEVER, Disturbance, now, read_history
from lab.load.driver import Load
from lab.load.recording import Recording
from lab.progress import Progress
from lab.testbed.opening import in_thread, site_opened
from lab.testbed.site import Site
from lab.workload import Workload

HISTORY = "{mode}.history"
OF_HISTORIES = {"bound_seconds": "HOT_STALENESS_SECONDS", "absolute_seconds": "SESSION_ABSOLUTE_SECONDS"}


@dataclass(frozen=True)
class Times:
    """Seconds before a fault, that it lasts if it does, and after the site has settled."""

    calm: float = 3.5
    fault: float = 5.0
    after: float = 3.5


@dataclass(frozen=True)
class Wanted:
    """What is to be done to which modes."""

    workload: Workload
    seed: int
    faults: tuple[Fault, ...]
    modes: tuple[str, ...]
    times: Times
    environ: Mapping[str, str]
    rung: str = ""

    @property
    def steps(self) -> int:
        """How many there are, for a bar of progress."""
        return len(self.modes) * (1 + len(self.faults))


class Chaos:
    """`result` holds what was found so far. Histories are written into `out`."""

    def __init__(self, wanted: Wanted, out: Path, result: ChaosResult, progress: Progress) -> None:
        self.result = result
        self._wanted = wanted
        self._out = out
        self._progress = progress

    async def run(self) -> None:
        """All faults in all modes; one that does not settle ends its mode. Raises StackError, SiteTrouble."""
        for mode in self._wanted.modes:
            file = self._out / HISTORY.format(mode=mode)
            errors: dict[str, str] = {}
            try:
                await self._in_mode(mode, file, errors)
            finally:
                if file.exists():
                    judge(self.result, mode, read_history(file), errors, self._wanted.times.calm)
        self.result.complete = not any(each.error for each in self.result.scenarios)

    async def _in_mode(self, mode: str, file: Path, errors: dict[str, str]) -> None:
        wanted = self._wanted
        self._progress.begins(f"{mode}: starting")
        with (
            tempfile.TemporaryDirectory(prefix="hotseat-lab-") as folder,
            Recording(mode=mode, file=file, **_head(wanted.environ)) as recording,
        ):
            async with (
                site_opened(Path(folder), mode, wanted.environ) as site,
                Load(wanted.workload, site.url, seed=wanted.seed, recording=recording, give_up_seconds=None) as load,
            ):
                self._progress.done()
                await self._faults(site, load, recording, errors)

    async def _faults(self, site: Site, load: Load, recording: Recording, errors: dict[str, str]) -> None:
        times = self._wanted.times
        load.start(phase="calm")
        for fault in self._wanted.faults:
            self._progress.begins(f"{site.mode}: {fault.name}")
            await asyncio.sleep(times.calm)
            began = now()
            try:
                disturbance = await in_thread(partial(disturb, site, fault, times.fault))
            except (SiteTrouble, StackError) as error:
                errors[fault.name] = str(error)
                recording.disturbed(_unsettled(fault, began))
                break
            recording.disturbed(disturbance)
            await asyncio.sleep(times.after)
            self._progress.done()
        await load.stop()
        self.result.late_ms[site.mode] = 1000 * (load.so_far().of("calm")[0].late.p99 or 0.0)


def _head(environ: Mapping[str, str]) -> dict[str, Any]:
    """What of the site's settings its history has to say; what is no number is refused by the site itself."""
    found = {}
    for name, variable in OF_HISTORIES.items():
        with contextlib.suppress(ValueError):
            found[name] = float(environ.get(variable) or "none")
    return found


def _unsettled(fault: Fault, began: float) -> Disturbance:
    """One that is never over: nothing is promised from then on, and copies may stand in for anything."""
    told = fault.name, fault.part, fault.loses, fault.losing
    return Disturbance(began, now(), NEVER, "other", *told, losing_seconds=None, stales=("all",))
