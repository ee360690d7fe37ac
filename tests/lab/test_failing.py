"""What a failure did, read from the requests of that time."""

import pytest

from lab.compare.failing import failure_of, hot_rate, longest_gap
from lab.history import Disturbance, Request


def request(at: float, seconds: float = 0.01, *, status: int = 200, tier: str = "hot", browser: str = "a") -> Request:
    """A read of one browser."""
    return Request(
        started=at,
        ended=at + seconds,
        user=browser,
        browser=browser,
        session=browser,
        kind="read",
        method="GET",
        route="board",
        outcome="done" if status == 200 else "unknown",
        status=status,
        tiers={"board": tier} if tier else {},
    )


KILL = Disturbance(started=110.0, ended=110.5, settled=112.0, change="kill", name="kill", part="web-2")


def a_dip(lowest: str = "redis", until: float = 113.0) -> list[Request]:
    """Ten reads a second for half a minute from 100 on; from the kill on, for a while, nothing is in memory."""
    return [request(100 + n / 10, tier=lowest if 110 <= 100 + n / 10 < until else "hot") for n in range(300)]


def test_how_far_it_falls_and_when_it_is_back() -> None:
    found = failure_of("hot", "kill", a_dip(), KILL, 100.0, 130.0)
    assert (found.hot_rate_before, found.hot_rate_lowest) == (1.0, 0.0)
    assert (found.began, found.ended) == (10.0, 12.0)
    assert found.recovered_seconds == pytest.approx(4.5)  # the last two seconds that are below end here
    assert [each.hot_rate for each in found.moments[9:14]] == [1.0, 0.0, 0.0, 0.0, 1.0]
    assert len(found.moments) == 30


def test_what_never_dips_recovers_at_once() -> None:
    found = failure_of("hot", "kill", a_dip(lowest="hot"), KILL, 100.0, 130.0)
    assert (found.recovered_seconds, found.hot_rate_lowest) == (0.0, 1.0)


def test_what_does_not_come_back_is_not_said_to() -> None:
    assert failure_of("hot", "kill", a_dip(until=200), KILL, 100.0, 130.0).recovered_seconds is None


def test_failed_requests_are_those_after_the_strike() -> None:
    requests = [*a_dip(), request(105, status=503, tier=""), request(111, status=503, tier="")]
    found = failure_of("hot", "kill", requests, KILL, 100.0, 130.0)
    assert (found.failed_reads, found.failed_writes) == (1, 0)
    assert [each.at for each in found.moments if each.failed] == [5.0, 11.0]


def test_a_gap_lasts_until_somebody_has_what_they_wanted() -> None:
    """Failed twice, then answered: from the first attempt on. Another browser's answers do not end it."""
    lost = [request(1, 0.5, status=0), request(2, 0.5, status=503), request(3, 0.25)]
    others = [request(1.6, browser="b"), request(2.6, browser="b")]
    assert longest_gap([*lost, *others]) == pytest.approx(2.25)
    assert longest_gap([request(1, 0.3), request(5, 0.1)]) == pytest.approx(0.3)
    assert longest_gap([]) == 0


def test_only_lookups_count_for_the_rate() -> None:
    assert hot_rate([request(1), request(2, tier="redis"), request(3, tier="")]) == 0.5
    assert hot_rate([request(1, tier="")]) == 0.0
