"""What became of each promise and of each fault in one mode, from its history alone."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from lab.chaos.excuses import excused_by
from lab.chaos.results import ChaosResult, Scenario, findings_of
from lab.chaos.timeline import percentile_ms, timeline_of
from lab.checker import Verdict, check
from lab.compare.failing import hot_rate, longest_gap
from lab.history import NEVER, Disturbance, History, Request

CALM: Final = "calm"


def judge(result: ChaosResult, mode: str, history: History, errors: Mapping[str, str], calm_seconds: float) -> None:
    """Adds it to the result. `errors` are by fault; the timeline begins so long before the first one."""
    verdict = check(history)
    excused = excused_by(history, verdict)
    result.failed_in_calm[mode] = verdict.failed_in_calm
    result.findings += findings_of(verdict, mode, excused)
    disturbances = sorted(history.disturbances, key=lambda each: each.started)
    broken = _broken_by(verdict, disturbances)
    began = disturbances[0].started - calm_seconds if disturbances else 0.0
    result.timelines[mode] = timeline_of(history.requests, began) if disturbances else []
    calm = [each for each in history.requests if each.started >= began and not _disturbed(each, disturbances)]
    result.calm_ms[mode] = percentile_ms(calm, 50) or 0.0
    ends = [*(each.started for each in disturbances[1:]), NEVER]
    for each, until in zip(disturbances, ends, strict=False):
        found = _scenario(each, mode, history.requests, timeline_began=began, until=until)
        said = {
            "broken": broken.get(each.name, {}),
            "excused": excused.get(each.name, {}),
            "error": errors.get(each.name, ""),
        }
        result.scenarios.append(msgspec.structs.replace(found, **said))


def _disturbed(request: Request, disturbances: Sequence[Disturbance]) -> bool:
    return any(each.started <= request.ended and request.started <= each.settled for each in disturbances)


def _scenario(
    disturbance: Disturbance, mode: str, requests: Sequence[Request], *, timeline_began: float, until: float
) -> Scenario:
    """What was answered from the beginning of this disturbance until the next one's, `until`."""
    during = [each for each in requests if disturbance.started <= each.ended < until]
    failed = [each for each in during if each.failed]
    is_over = disturbance.settled < NEVER
    return Scenario(
        name=disturbance.name,
        mode=mode,
        part=disturbance.part,
        change=disturbance.change,
        loses=disturbance.loses,
        stales=disturbance.stales,
        requests=len(during),
        failed=len(failed),
        failed_reads=sum(each.failed and each.kind == "read" for each in during),
        stale=sum(each.stale == "outage" for each in during),
        lasted_seconds=disturbance.ended - disturbance.started,
        settled_seconds=disturbance.settled - disturbance.ended if is_over else None,
        recovered_seconds=max(each.ended for each in failed) - disturbance.ended if failed else None,
        longest_seconds=max((each.seconds for each in during), default=0.0),
        longest_gap_seconds=longest_gap(during),
        p99_ms=percentile_ms(during, 99),
        hot_rate=hot_rate(during),
        began=disturbance.started - timeline_began,
        over=(disturbance.settled if is_over else disturbance.ended) - timeline_began,
    )


def _broken_by(verdict: Verdict, disturbances: list[Disturbance]) -> dict[str, dict[str, int]]:
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
