"""What is told of a run of faults is what its history says: of each fault, each promise, and each second."""

import pytest
from checked.made_up import MadeUp

from lab.chaos.judging import judge
from lab.chaos.results import ChaosResult, Finding, Scenario
from lab.chaos.timeline import timeline_of
from lab.history import NEVER


def _judged(made: MadeUp, errors: dict[str, str] | None = None) -> ChaosResult:
    result = ChaosResult("", "", "", 1)
    judge(result, "sticky", made.history, errors or {}, 1.0)
    return result


def _of(result: ChaosResult, promise: str) -> Finding:
    found = result.finding("sticky", promise)
    assert found is not None
    return found


def _only(result: ChaosResult) -> Scenario:
    [found] = result.scenarios
    return found


def test_what_a_fault_may_lose_is_counted_as_excused() -> None:
    """It would have been a violation."""
    made = MadeUp()
    made.write(1, 1.0)
    made.write(2, 4.5)
    made.disturb("outage", 5.0, 6.0, losing=("name",), losing_seconds=1.0)
    made.read(1, 9.0)
    result = _judged(made)
    assert (_of(result, "P2").broken, _of(result, "P2").excused) == (0, 1)
    assert _only(result).excused["P1"] == 1
    assert _only(result).broken == {}


def test_a_failure_that_is_allowed_is_counted_as_excused() -> None:
    """At a kill a write; a read is a violation, and not excused as well."""
    made = MadeUp()
    made.disturb("kill", 2.0, 3.0)
    made.write(1, 2.1, outcome="unknown", status=502)
    made.read(0, 2.2, outcome="unknown", status=502)
    result = _judged(made)
    assert (_of(result, "P7").broken, _of(result, "P7").excused) == (1, 1)
    assert (_only(result).broken, _only(result).excused) == ({"P7": 1}, {"P7": 1})


def test_an_old_copy_that_stands_in_is_counted_as_excused() -> None:
    """Only if it was older than it may be; the others excuse nothing."""
    made = MadeUp()
    made.write(1, 1.0)
    made.disturb("outage", 2.0, 9.0, stales=("redis",))
    made.read(1, 3.0, stale="outage")
    made.read(0, 5.0, stale="outage")
    assert _of(_judged(made), "P2").excused == 1


def test_each_fault_excuses_its_own() -> None:
    """And planned change that loses nothing excuses nothing."""
    made = MadeUp()
    made.disturb("outage", 2.0, 3.0, name="first")
    made.read(0, 2.5, outcome="unknown", status=503)
    made.disturb("other", 5.0, 6.0, name="second")
    made.read(0, 5.2, outcome="unknown", status=503)
    made.read(0, 5.4, outcome="unknown", status=503)
    made.disturb("planned", 8.0, 9.0, name="third")
    result = _judged(made)
    assert [each.excused for each in result.scenarios] == [{"P7": 1}, {"P7": 2}, {}]
    assert _of(result, "P7").excused == 3


def test_what_one_fault_lost_is_not_told_of_another() -> None:
    """Each is held to everything by itself, with the excuses of all others."""
    made = MadeUp()
    made.write(1, 1.0)
    made.disturb("outage", 2.0, 3.0, name="first", losing=("name",), losing_seconds=None)
    made.disturb("outage", 8.0, 9.0, name="second")
    made.ask("read", "GET me", 8.5, outcome="unknown", status=503)
    made.read(0, 11.0)
    first, second = _judged(made).scenarios
    assert first.excused["P2"] == 1
    assert second.excused == {"P7": 1}


def test_a_fault_is_told_by_the_requests_until_the_next_one() -> None:
    """How many failed, when the last of them did, the longest gap, and where it is on the timeline."""
    made = MadeUp()
    made.read(0, 1.5)
    made.disturb("outage", 2.0, 4.0)
    made.read(0, 2.1, 2.6, outcome="unknown", status=503)
    made.read(0, 3.0, 3.1, tiers={"session": "hot"})
    made.write(1, 4.2, 4.4, outcome="unknown", status=0)
    made.disturb("outage", 8.0, 9.0, name="next")
    made.read(0, 8.1, 8.2, tiers={"session": "hot", "board": "load"})
    first, second = _judged(made).scenarios
    assert (first.requests, first.failed, first.failed_reads) == (3, 2, 1)
    assert first.recovered_seconds == pytest.approx(0.4)
    assert first.longest_gap_seconds == pytest.approx(1.0)
    assert (first.began, first.over) == pytest.approx((1.0, 3.0))
    assert (first.hot_rate, second.hot_rate) == (1.0, 0.5)
    assert second.recovered_seconds is None


def test_what_a_fault_met_under_way_is_told_of_it() -> None:
    """A request that was sent in the calm before, and failed by the fault."""
    made = MadeUp()
    made.disturb("outage", 2.0, 4.0, name="first")
    made.read(0, 2.1, 2.6, outcome="unknown", status=503)
    made.disturb("outage", 8.0, 9.0, name="second")
    made.read(0, 7.9, 8.9, outcome="unknown", status=503)
    first, second = _judged(made).scenarios
    assert (first.failed, first.recovered_seconds) == (1, pytest.approx(-1.4))
    assert (second.failed, second.recovered_seconds) == (1, pytest.approx(-0.1))


def test_a_fault_that_never_settled_is_told_so() -> None:
    """With why, and without a time."""
    made = MadeUp()
    made.disturb("other", 2.0, 3.0)
    made.disturb("other", 4.0, NEVER, ended=5.0, name="last")
    made.read(0, 6.0)
    first, last = _judged(made, {"last": "After 60 s"}).scenarios
    assert (first.settled_seconds, first.error) == (0.0, "")
    assert (last.settled_seconds, last.error, last.over) == (None, "After 60 s", pytest.approx(4.0))


def test_failures_in_calm_are_told() -> None:
    """They are nobody's promise, and say that the machine had no room."""
    made = MadeUp()
    made.disturb("outage", 5.0, 6.0)
    made.read(0, 1.0, outcome="unknown", status=503)
    made.read(0, 4.2, 4.4)
    made.read(0, 5.5, 9.5)
    made.read(0, 7.0, 7.2)
    assert _judged(made).failed_in_calm == {"sticky": 1}
    assert _judged(made).calm_ms["sticky"] == pytest.approx(200.0)


def test_no_second_is_left_out_of_a_timeline() -> None:
    """One in which nobody asked has no rate and no time."""
    made = MadeUp()
    made.read(0, 9.5)
    made.read(0, 10.2, 10.3, tiers={"session": "hot"})
    made.read(0, 10.4, 10.9, outcome="unknown", status=503, tiers={"session": "redis"}, stale="outage")
    made.read(0, 12.0, 12.2)
    one, two, three = timeline_of(made.history.requests, 10.0)
    assert (one.at, one.requests, one.failed, one.stale, one.hot_rate) == (0.0, 2, 1, 1, 0.5)
    assert (one.p50_ms, one.p99_ms) == pytest.approx((100.0, 500.0))
    assert (two.at, two.requests, two.hot_rate, two.p99_ms) == (1.0, 0, None, None)
    assert (three.at, three.requests, three.hot_rate) == (2.0, 1, None)
    assert timeline_of(made.history.requests, 20.0) == []
