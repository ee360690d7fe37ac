"""The sentences are made from the figures."""

import msgspec

from lab.simulate import Felt, Plan, Result, Run, Workload
from lab.simulate.words import sentences

_FELT = Felt("kill", 1, 50, 0.8, 0.2, 7.0, 0.7, 1.0)


def _result(**figures: object) -> Result:
    plan = Plan(instances=3, routing="sticky", workload=Workload(users=30), warm_seconds=0, calm_seconds=5, changes=())
    return msgspec.structs.replace(Run(plan).result(), **figures)


def _said(*results: Result) -> str:
    return " ".join(sentences(results))


def test_of_nothing_nothing_is_said() -> None:
    """An interrupted run may have no result."""
    assert sentences([]) == []


def test_a_cookie_and_a_hash_are_alike_only_if_they_are() -> None:
    """Within a point; else it says which one is ahead, and by how much."""
    sticky = _result(hit_rate=0.72)
    assert "alike" in _said(sticky, _result(routing="hash", hit_rate=0.725))
    assert "The hash is 5.0 points ahead" in _said(sticky, _result(routing="hash", hit_rate=0.77))
    assert "The cookie is 12.0 points ahead" in _said(sticky, _result(routing="hash", hit_rate=0.60))


def test_what_growth_does_is_told_of_each_routing() -> None:
    """From the smallest fleet to the largest."""
    said = _said(_result(hit_rate=0.7), _result(instances=30, hit_rate=0.6), _result(instances=10, hit_rate=0.1))
    assert "From 3 to 30 instances the hit rate of sticky falls by 10.0 points." in said
    assert "stays where it is" in _said(_result(hit_rate=0.7), _result(instances=30, hit_rate=0.701))


def test_what_stickiness_saves_in_redis_is_told_with_its_sign() -> None:
    """Fewer or more."""
    sticky = _result(trips_per_request=1.0, reads_per_request=3.0)
    turns = _result(routing="round robin", trips_per_request=2.0, reads_per_request=2.0)
    assert "50 % fewer trips, 50 % more reads" in _said(sticky, turns)


def test_the_deepest_fall_is_named() -> None:
    """Which change, with which routing, how far, how long; or that there was none."""
    milder = msgspec.structs.replace(_FELT, change="restart", lowest=0.7)
    said = _said(_result(changes=[milder]), _result(routing="hash", changes=[_FELT]))
    assert "at kill with hash: from 80.0 % to 20.0 % within 5 s; the last low moment is 7 s after" in said
    unfelt = msgspec.structs.replace(_FELT, recovered_seconds=0.0)
    assert "No change was felt" in _said(_result(changes=[unfelt]))


def test_a_restart_that_was_not_felt_is_not_called_a_fall() -> None:
    """With the manifest beside without."""
    warm = msgspec.structs.replace(_FELT, change="restart", lowest=0.8, recovered_seconds=0.0)
    cold = msgspec.structs.replace(_FELT, change="cold restart")
    said = _said(_result(changes=[warm, cold]))
    assert "with its manifest keeps its hit rate of 80.0 %; without it, it falls from 80.0 % to 20.0 %." in said


def test_what_the_fleet_asks_for_itself_is_told_where_it_matters() -> None:
    """A share of Redis's trips, and the bytes of its pulses."""
    quiet = _result(trips_per_second=1e6, fleet_trips_per_second=9.0, pulse_bytes_per_second=1e3)
    assert "heartbeats" not in _said(quiet)
    assert "MB a second" not in _said(quiet)
    loud = _result(trips_per_second=1000.0, fleet_trips_per_second=3000.0, pulse_bytes_per_second=252e6)
    assert "75.0 % are the instances' own heartbeats" in _said(loud)
    assert "252 MB a second" in _said(loud)
    large = msgspec.structs.replace(loud, instances=1000)
    assert "hears of 64 others" in _said(large)
