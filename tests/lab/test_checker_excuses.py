"""What disturbances may lose, and copies that stand in for Redis."""

from typing import get_args

import pytest
from checked.made_up import MadeUp

from lab.history import Change

LOSING = {"losing": ("name",), "losing_seconds": 1.0}


def test_what_a_disturbance_may_lose_is_not_held_against_anybody() -> None:
    """What was acknowledged shortly before it, and no other register."""
    for losing, broken in (
        ({}, ("P1", "P2", "P3")),
        (LOSING, ()),
        ({**LOSING, "losing": ("theme",)}, ("P1", "P2", "P3")),
    ):
        made = MadeUp()
        made.write(1, 1.0)
        made.write(2, 4.5)
        made.read(2, 4.6)
        made.disturb("outage", 5.0, 6.0, **losing)
        made.read(1, 9.0)
        assert made.check().broken == broken


def test_what_was_acknowledged_long_before_is_not_lost() -> None:
    """Only the last second may be."""
    made = MadeUp()
    made.write(1, 1.0)
    made.disturb("outage", 5.0, 6.0, **LOSING)
    made.read(0, 9.0)
    assert made.check().broken == ("P1", "P2")
    made.history.disturbances.clear()
    made.disturb("outage", 5.0, 6.0, losing=("name",), losing_seconds=None)
    assert made.check().broken == ()


def test_what_was_missed_before_anything_was_done_was_not_lost_by_it() -> None:
    """A fault excuses what is looked at after it struck."""
    made = MadeUp()
    made.write(1, 1.0)
    made.read(0, 3.5, browser="phone")
    made.disturb("outage", 5.0, 6.0, losing=("name",), losing_seconds=None)
    assert made.check().broken == ("P1", "P5")


def test_what_is_written_after_a_loss_is_held_to_everything() -> None:
    """A fault that is over excuses nothing."""
    made = MadeUp()
    made.disturb("outage", 1.0, 2.0, losing=("name",), losing_seconds=None)
    made.write(1, 7.0)
    made.read(0, 8.0)
    assert made.check().broken == ("P2",)


def test_a_copy_that_stands_in_for_redis_may_be_old() -> None:
    """If it says so, while something is away, and for no longer than is promised."""
    made = MadeUp(stale_seconds=10.0)
    made.disturb("outage", 2.0, 40.0, stales=("redis",))
    made.write(1, 1.0)
    made.read(0, 5.0, stale="outage")
    assert made.check().broken == ()
    for moment, stale in ((5.0, ""), (5.0, "error"), (14.1, "outage"), (41.0, "outage")):
        bad = made.read(0, moment, stale=stale)
        assert "P2" in made.check().broken
        made.history.requests.remove(bad)


@pytest.mark.parametrize("change", get_args(Change))
def test_a_disturbance_that_cuts_nobody_off_excuses_no_stale_answer(change: Change) -> None:
    """A server cannot excuse itself, whatever else is done to it."""
    made = MadeUp()
    made.disturb(change, 2.0, 40.0)
    made.write(1, 1.0)
    made.read(0, 5.0, stale="outage")
    assert "P2" in made.check().broken


@pytest.mark.parametrize("part", ["web-2", "web-2-redis"])
def test_an_instance_that_is_cut_off_alone_may_be_stale_alone(part: str) -> None:
    """What the others have of its troubles is no reason for theirs."""
    made = MadeUp()
    made.disturb("hang", 2.0, 40.0, stales=(part,))
    made.write(1, 1.0)
    made.read(0, 5.0, stale="outage", instance="web-2")
    assert made.check().broken == ()
    made.read(0, 5.1, stale="outage", instance="web-1")
    assert "P2" in made.check().broken


def test_two_at_once_may_be_stale_where_either_may() -> None:
    """One instance for the one, all of them for the other."""
    made = MadeUp()
    made.disturb("outage", 2.0, 40.0, part="web-2+redis", stales=("web-2", "redis"))
    made.write(1, 1.0)
    made.read(0, 5.0, stale="outage", instance="web-3")
    assert made.check().broken == ()


@pytest.mark.parametrize(("change", "excused"), [("outage", False), ("hang", False), ("other", True)])
def test_copies_stand_in_no_longer_than_is_promised(change: Change, excused: bool) -> None:
    """Where nothing is promised of single requests, until it is settled."""
    made = MadeUp(stale_seconds=10.0)
    made.disturb(change, 2.0, 40.0, stales=("web-1",))
    made.write(1, 1.0)
    made.read(0, 14.1, stale="outage")
    assert (made.check().broken == ()) == excused
