"""What a run of faults found, as it is written to `chaos.json`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from lab.chaos.timeline import Moment
from lab.checker import Verdict, story

PROMISES = ("P1", "P2", "P3", "P4", "P5", "P6", "P7")
CRAMPED_LATE_MS = 50.0  # on a machine with room it is a few
CRAMPED_CALM_MS = 75.0  # there about ten; at seven times that, stores miss their deadlines by themselves
NONE_EXCUSED: Final[Mapping[str, Mapping[str, int]]] = MappingProxyType({})


class Scenario(msgspec.Struct, frozen=True):
    """One fault in one mode. Requests are those that ended from its beginning until the next one's.

    `settled_seconds` is from its end until the site lacked nothing, None if it never did, `recovered_seconds` until the
    last of them that failed, None where none did. `began` and `over`, when it had settled, are seconds of its mode's
    timeline. `broken` counts violations by promise, `excused` what would be some if it excused nothing. `error`: why it
    could not be done.
    """

    name: str
    mode: str
    part: str
    change: str
    loses: str
    stales: tuple[str, ...] = ()
    requests: int = 0
    failed: int = 0
    failed_reads: int = 0
    stale: int = 0
    lasted_seconds: float = 0.0
    settled_seconds: float | None = 0.0
    recovered_seconds: float | None = None
    longest_seconds: float = 0.0
    longest_gap_seconds: float = 0.0
    p99_ms: float | None = None
    hot_rate: float = 0.0
    began: float = 0.0
    over: float = 0.0
    broken: dict[str, int] = {}
    excused: dict[str, int] = {}
    error: str = ""


class Finding(msgspec.Struct, frozen=True):
    """One promise in one mode: how many requests could have shown it broken, how often it was, the smallest proof.

    `excused` counts what would have broken it, had nothing been done to the site that may.
    """

    mode: str
    promise: str
    title: str
    state: str
    bore: int
    broken: int
    story: str
    excused: int = 0


def findings_of(verdict: Verdict, mode: str, excused: Mapping[str, Mapping[str, int]] = NONE_EXCUSED) -> list[Finding]:
    """One of each promise, with the smallest proof. `excused` counts by fault and promise."""
    return [
        Finding(
            mode=mode,
            promise=each.promise,
            title=each.title,
            state=each.state,
            bore=each.bore,
            broken=each.broken,
            story=story(each.violations[0]) if each.violations else "",
            excused=sum(counts.get(each.promise, 0) for counts in excused.values()),
        )
        for each in verdict.findings
    ]


class ChaosResult(msgspec.Struct):
    """A whole run, or as much of it as was done. `rung` is "" where each mode ran as it does by default.

    By mode: `timelines`; `failed_in_calm`, what failed while nothing was done to the site; `late_ms`, how late the load
    itself sent 99 of 100 requests at most; `calm_ms`, how long half of the answers took at most while nothing was done.
    """

    began: str
    version: str
    workload: str
    seed: int
    rung: str = ""
    scenarios: list[Scenario] = []
    findings: list[Finding] = []
    timelines: dict[str, list[Moment]] = {}
    failed_in_calm: dict[str, int] = {}
    late_ms: dict[str, float] = {}
    calm_ms: dict[str, float] = {}
    complete: bool = False
    stopped: str = ""

    @property
    def violations(self) -> int:
        return sum(each.broken for each in self.findings)

    @property
    def modes(self) -> list[str]:
        """Those of which there is a verdict, in their order."""
        return list(dict.fromkeys(each.mode for each in self.findings))

    def had_room(self, mode: str) -> bool:
        """Whether the machine had so much to spare that a request that failed was failed by the site."""
        on_time = self.late_ms.get(mode, 0.0) < CRAMPED_LATE_MS and self.calm_ms.get(mode, 0.0) < CRAMPED_CALM_MS
        return on_time and not self.failed_in_calm.get(mode)

    def of(self, mode: str) -> list[Scenario]:
        """The faults of one mode."""
        return [each for each in self.scenarios if each.mode == mode]

    def finding(self, mode: str, promise: str) -> Finding | None:
        """What became of a promise."""
        return next((each for each in self.findings if (each.mode, each.promise) == (mode, promise)), None)
