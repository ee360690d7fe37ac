"""What a failure does to a rung under load: how much memory answers, second by second, and how long people waited."""

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from typing import Final

from lab.compare.measuring import check_going, lasting
from lab.compare.results import Failure, Moment
from lab.faults import disturb, named
from lab.history import Disturbance, Request, now
from lab.load.driver import Load
from lab.testbed.opening import in_thread
from lab.testbed.site import Site

FAULTS: Final = {"kill": "kill", "restart": "rolling-restart"}
KEPT_SHARE: Final = 0.95  # of the rate before: then it is back
WINDOW_SECONDS: Final = 2.0
MOMENT_SECONDS: Final = 1.0


async def measure_failure(site: Site, load: Load, rung: str, what: str, *, calm: float, after: float) -> Failure:
    """Calm for so many seconds, the failure, and a while after it.

    Raises SiteTrouble if it does not settle or goes away, StackError.
    """
    load.start(phase="warm-up", rung=rung)
    try:
        await lasting(load, calm)  # to be warm
        began = now()
        load.mark(what, rung)
        await lasting(load, calm)
        check_going(load)
        disturbance = await in_thread(partial(disturb, site, named(FAULTS[what]), 0.0))
        await lasting(load, after)
        ended = now()
    finally:
        await load.stop()
    check_going(load)
    requests = [each for each in load.recording.history.requests if began <= each.started < ended]
    return failure_of(rung, what, requests, disturbance, began, ended)


def failure_of(  # noqa: PLR0917  # told by one caller
    rung: str, what: str, requests: Sequence[Request], disturbance: Disturbance, began: float, ended: float
) -> Failure:
    """From the requests of that time; times in it count from `began`."""
    struck, settled = disturbance.started - began, disturbance.settled - began
    before = hot_rate([each for each in requests if each.started < disturbance.started])
    windows = _windows(requests, disturbance.started, ended)
    low = [at for at, rate in windows if rate < KEPT_SHARE * before]
    failed = [each for each in requests if each.failed and each.started >= disturbance.started]
    is_back = not low or low[-1] < windows[-1][0]
    return Failure(
        rung=rung,
        what=what,
        began=struck,
        ended=settled,
        failed_reads=sum(each.kind == "read" for each in failed),
        failed_writes=sum(each.kind != "read" for each in failed),
        hot_rate_before=before,
        hot_rate_lowest=min((rate for _, rate in windows), default=before),
        recovered_seconds=(max(low) - disturbance.started if low else 0.0) if is_back else None,
        longest_gap_seconds=longest_gap(requests),
        moments=_moments(requests, began, ended),
    )


def hot_rate(requests: Sequence[Request]) -> float:
    """The share of lookups that were answered out of a process's own memory; 0 of none."""
    tiers = [tier for each in requests for tier in each.tiers.values()]
    return tiers.count("hot") / len(tiers) if tiers else 0.0


def longest_gap(requests: Sequence[Request]) -> float:
    """The longest that anybody wanted something and had none; after a failed request, until one that did not fail."""
    waiting: dict[str, float] = {}
    longest = 0.0
    for each in sorted(requests, key=lambda request: request.ended):
        since = waiting.pop(each.browser, each.started)
        longest = max(longest, each.ended - min(since, each.started))
        if each.failed:
            waiting[each.browser] = min(since, each.started)
    return longest


def _windows(requests: Sequence[Request], struck: float, ended: float) -> list[tuple[float, float]]:
    """The rate of the last two seconds, every half second from the strike on: when, and the rate."""
    found = []
    at = struck + WINDOW_SECONDS
    while at <= ended:
        within = [each for each in requests if at - WINDOW_SECONDS <= each.started < at]
        if any(each.tiers for each in within):
            found.append((at, hot_rate(within)))
        at += 0.5
    return found


def _moments(requests: Sequence[Request], began: float, ended: float) -> list[Moment]:
    by_second: defaultdict[int, list[Request]] = defaultdict(list)
    for each in requests:
        by_second[int((each.started - began) / MOMENT_SECONDS)].append(each)
    return [
        Moment(
            at=second * MOMENT_SECONDS,
            requests=len(by_second[second]),
            failed=sum(each.failed for each in by_second[second]),
            hot_rate=hot_rate(by_second[second]) if any(each.tiers for each in by_second[second]) else None,
            p99_ms=_p99_ms(by_second[second]),
        )
        for second in range(int((ended - began) / MOMENT_SECONDS))
    ]


def _p99_ms(requests: Sequence[Request]) -> float | None:
    times = sorted(each.seconds for each in requests)
    return times[math.ceil(0.99 * len(times)) - 1] * 1000 if times else None
