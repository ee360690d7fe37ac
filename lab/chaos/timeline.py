"""What people noticed of a run, second by second."""

import math
from collections import defaultdict
from collections.abc import Sequence

import msgspec

from lab.compare.failing import hot_rate
from lab.history import Request


class Moment(msgspec.Struct, frozen=True):
    """Requests sent within the second that began `at`. What nobody asked for has no rate and no time."""

    at: float
    requests: int
    failed: int
    stale: int
    hot_rate: float | None
    p50_ms: float | None
    p99_ms: float | None


def timeline_of(requests: Sequence[Request], began: float) -> list[Moment]:
    """From `began` until the second in which the last of them was sent, none left out."""
    by_second: defaultdict[int, list[Request]] = defaultdict(list)
    for each in requests:
        if each.started >= began:
            by_second[int(each.started - began)].append(each)
    return [_moment(second, by_second[second]) for second in range(max(by_second, default=-1) + 1)]


def percentile_ms(requests: Sequence[Request], percent: float) -> float | None:
    """How long the fastest so many percent of them took at most."""
    times = sorted(each.seconds for each in requests)
    return 1000 * times[math.ceil(percent / 100 * len(times)) - 1] if times else None


def _moment(second: int, requests: Sequence[Request]) -> Moment:
    return Moment(
        at=float(second),
        requests=len(requests),
        failed=sum(each.failed for each in requests),
        stale=sum(each.stale == "outage" for each in requests),
        hot_rate=hot_rate(requests) if any(each.tiers for each in requests) else None,
        p50_ms=percentile_ms(requests, 50),
        p99_ms=percentile_ms(requests, 99),
    )
