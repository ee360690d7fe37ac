"""A made-up result of a run of faults, in the shape of a real one."""

from lab.chaos.results import PROMISES, ChaosResult, Finding, Scenario
from lab.chaos.timeline import Moment

TITLES = dict(zip(PROMISES, ["durable", "own", "monotonic", "ended", "bounded", "isolated", "unbroken"], strict=True))


def made_up_chaos(*, broken: str = "", idle: str = "", modes: tuple[str, ...] = ("stateless", "sticky")) -> ChaosResult:
    """Two faults in each mode; one promise may be broken, one not exercised."""
    result = ChaosResult("2026-11-29 02:00 UTC", "0.1.0", "restless", 1, complete=True)
    for mode in modes:
        result.findings += [_finding(mode, promise, broken=broken, idle=idle) for promise in PROMISES]
        result.scenarios += [
            Scenario(
                "kill",
                mode,
                "web-2",
                "kill",
                "Answers that were under way.",
                requests=200,
                failed=2,
                settled_seconds=1.5,
                recovered_seconds=-0.2,
                longest_gap_seconds=0.7,
                p99_ms=80.0,
                hot_rate=0.6,
                began=3.0,
                over=5.0,
                broken={broken: 3} if broken else {},
                excused={"P7": 2},
            ),
            Scenario(
                "redis-pause",
                mode,
                "redis",
                "outage",
                "",
                ("redis",),
                began=12.0,
                over=18.0,
                excused={"P2": 1, "P7": 4},
            ),
        ]
        hot = 0.8 if mode == "sticky" else 0.0
        result.timelines[mode] = [Moment(float(at), 20, int(at == 14), 0, hot, 4.0, 30.0 + at) for at in range(22)]
        result.failed_in_calm[mode], result.late_ms[mode] = 0, 2.0
    return result


def _finding(mode: str, promise: str, *, broken: str, idle: str) -> Finding:
    if promise == broken:
        return Finding(
            mode, promise, TITLES[promise], "broken", 50, 3, f"{promise} was broken:\n  +0.000 s  <ann> wrote"
        )
    if promise == idle:
        return Finding(mode, promise, TITLES[promise], "not exercised", 0, 0, "")
    return Finding(mode, promise, TITLES[promise], "kept", 1234, 0, "", excused=6 if promise == "P7" else 0)
