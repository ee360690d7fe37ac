"""Watches a system: people use it, their requests are kept, and all promises are judged afterwards.

Nothing is done to it here. What its operator does is not known but for what they say, which counts for the whole run;
nothing else is excused.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.chaos.results import findings_of
from lab.checker import check
from lab.compare.failing import longest_gap
from lab.compare.measuring import moved_share
from lab.history import Change, Disturbance, now, read_history
from lab.load.driver import Load
from lab.load.recording import Recording
from lab.progress import Progress
from lab.watch.results import WatchResult, troubles_of
from lab.workload import Workload

HISTORY: Final = "watch.history"
PARTS: Final = 50  # of the time, for a bar of progress
STEPS: Final = PARTS + 3
NAMES: Final[dict[Change, str]] = {
    "planned": "planned change",
    "kill": "a kill",
    "outage": "an outage",
    "other": "what its operator did",
}


@dataclass(frozen=True)
class Wanted:
    """What to watch, for how long, and what its operator says they are going to do to it.

    `bound_seconds`, `idle_seconds` and `absolute_seconds` are settings of the system: HOT_STALENESS_SECONDS and
    SESSION_..._SECONDS.
    """

    url: str
    workload: Workload
    seconds: float
    doing: Change
    mode: str = ""
    bound_seconds: float = 2.0
    idle_seconds: float = 1800.0
    absolute_seconds: float = 28_800.0
    seed: int = 1
    verifies: bool = True


async def watch(wanted: Wanted, out: Path, result: WatchResult, progress: Progress) -> None:
    """`result` is filled, also if this is cancelled. Raises SiteTrouble if nobody could sign up."""
    file = out / HISTORY
    recording = Recording(
        mode=wanted.mode, bound_seconds=wanted.bound_seconds, absolute_seconds=wanted.absolute_seconds, file=file
    )
    recording.history.idle_seconds = wanted.idle_seconds
    load = Load(
        wanted.workload,
        wanted.url,
        seed=wanted.seed,
        recording=recording,
        give_up_seconds=None,
        removes_people=True,
        verifies=wanted.verifies,
    )
    span = _Span()
    try:
        with recording:
            progress.begins("making people")
            async with load:
                progress.done()
                try:
                    await _look_on(load, wanted, span, progress)
                finally:
                    span.end()
                    recording.disturbed(span.told(wanted.doing))
                    progress.begins("removing the people")
    finally:
        if load.people_left:
            result.left_behind.append(
                f"{load.people_left} of the people made for it are still at {load.shown_url}: those whose handles are "
                f"like {load.handles}."
            )
        if span.began:
            judge(file, result, span.began)
            if wanted.workload.wandering_share:  # it is theirs then, not the system's
                result.moved_share = None
    result.complete = True


async def _look_on(load: Load, wanted: Wanted, span: "_Span", progress: Progress) -> None:
    span.begin()
    load.start(phase="watched")
    for part in range(PARTS):
        progress.begins(f"watching: {wanted.seconds * part / PARTS:.0f} of {wanted.seconds:g} s")
        await asyncio.sleep(max(0.0, span.began + wanted.seconds * (part + 1) / PARTS - now()))
        progress.done()
    progress.begins("a last look at everything")
    await load.stop()
    await load.look_once_more()
    progress.done()


class _Span:
    """From when until when it was watched; 0 for not yet."""

    def __init__(self) -> None:
        self.began = self.ended = 0.0

    def begin(self) -> None:
        self.began = now()

    def end(self) -> None:
        self.ended = now()

    def told(self, doing: Change) -> Disturbance:
        """All of it is said to be of one kind, and to be settled when it ends."""
        return Disturbance(self.began, self.ended, self.ended, doing, NAMES[doing], "the site")


def judge(file: Path, result: WatchResult, began: float) -> None:
    """What the history says, into the result."""
    history = read_history(file)
    requests = [each for each in history.requests if each.started >= began]
    served = [each.ended for each in requests if not each.failed]
    result.seconds = max((each.ended for each in requests), default=began) - began
    result.requests, result.failed = len(requests), sum(each.failed for each in requests)
    result.stale = sum(each.stale == "outage" for each in requests)
    result.longest_gap_seconds = longest_gap(requests)
    result.served_last = max(served) - began if served else None
    result.moved_share = moved_share(requests, began)
    result.by_instance = dict(sorted(Counter(each.instance for each in requests if each.instance).items()))
    result.troubles = troubles_of(requests, began)
    result.findings = findings_of(check(history), history.mode)
