"""What a run of faults found, as it is written to `chaos.json`."""

import msgspec

from lab.checker import Verdict, story
from lab.history import Disturbance, Request

PROMISES = ("P1", "P2", "P3", "P4", "P5", "P6", "P7")
CALM = "calm"


class Scenario(msgspec.Struct, frozen=True):
    """One fault in one mode. Requests are those sent from its beginning until the next one's.

    `settled_seconds` is from its end until the site lacked nothing, `recovered_seconds` until the last request that
    failed because of it, None where none did. `broken` counts violations by promise. `error`: why it could not be done.
    """

    name: str
    mode: str
    part: str
    change: str
    loses: str
    requests: int = 0
    failed: int = 0
    failed_reads: int = 0
    stale: int = 0
    lasted_seconds: float = 0.0
    settled_seconds: float = 0.0
    recovered_seconds: float | None = None
    longest_seconds: float = 0.0
    broken: dict[str, int] = {}
    error: str = ""


class Finding(msgspec.Struct, frozen=True):
    """One promise in one mode: how many requests could have shown it broken, how often it was, the smallest proof."""

    mode: str
    promise: str
    title: str
    state: str
    bore: int
    broken: int
    story: str


class ChaosResult(msgspec.Struct):
    """A whole run, or as much of it as was done."""

    began: str
    version: str
    workload: str
    seed: int
    scenarios: list[Scenario] = []
    findings: list[Finding] = []
    complete: bool = False
    stopped: str = ""

    @property
    def violations(self) -> int:
        return sum(each.broken for each in self.findings)


def findings_of(verdict: Verdict, mode: str) -> list[Finding]:
    """For the report."""
    return [
        Finding(
            mode,
            each.promise,
            each.title,
            each.state,
            each.bore,
            each.broken,
            story(each.violations[0]) if each.violations else "",
        )
        for each in verdict.findings
    ]


def scenario_of(
    disturbance: Disturbance, mode: str, requests: list[Request], until: float, broken: dict[str, int]
) -> Scenario:
    """What happened from the beginning of this disturbance until the next one's, `until`."""
    during = [each for each in requests if disturbance.started <= each.started < until]
    failed = [each for each in during if each.failed]
    return Scenario(
        name=disturbance.name,
        mode=mode,
        part=disturbance.part,
        change=disturbance.change,
        loses=disturbance.loses,
        requests=len(during),
        failed=len(failed),
        failed_reads=sum(each.failed and each.kind == "read" for each in during),
        stale=sum(each.stale == "outage" for each in during),
        lasted_seconds=disturbance.ended - disturbance.started,
        settled_seconds=disturbance.settled - disturbance.ended,
        recovered_seconds=max(each.ended for each in failed) - disturbance.ended if failed else None,
        longest_seconds=max((each.seconds for each in during), default=0.0),
        broken=broken,
    )


def broken_by(verdict: Verdict, disturbances: list[Disturbance]) -> dict[str, dict[str, int]]:
    """Violations by the name of the last disturbance that had begun when they were seen, and by promise.

    Of the few that are kept whole; the findings count all.
    """
    found: dict[str, dict[str, int]] = {}
    for finding in verdict.findings:
        for violation in finding.violations:
            seen = violation.steps[-1].request.started
            before = [each for each in disturbances if each.started <= seen]
            name = violation.disturbance.name if violation.disturbance else before[-1].name if before else CALM
            counts = found.setdefault(name, {})
            counts[violation.promise] = counts.get(violation.promise, 0) + 1
    return found
