"""Sessions that end, and those that do not: P4, and P1 of sessions."""

import pytest
from checked.made_up import MadeUp

from lab.history import Request


def ended(made: MadeUp) -> Request:
    """The phone's session is ended from the laptop, at web-1."""
    return made.ask("revoke", "DELETE sessions", 1.0, 2.0, ends=("phone session",))


def test_an_ended_session_never_writes() -> None:
    """At no instance, and however soon after it; what overlaps the end may have come before it."""
    made = MadeUp()
    ended(made)
    made.write(1, 1.9, browser="phone", instance="web-2")
    assert made.check().broken == ()
    made.write(2, 2.001, browser="phone", instance="web-2")
    assert made.check().broken == ("P4",)


def test_a_write_that_was_refused_and_seen_all_the_same_was_done() -> None:
    """Or whose answer was lost."""
    for outcome in ("refused", "unknown"):
        made = MadeUp()
        ended(made)
        made.write(1, 3.0, browser="phone", outcome=outcome)
        assert made.check().broken == ()
        made.read(1, 4.0)
        assert "P4" in made.check().broken


def test_an_ended_session_reads_nothing_where_it_was_ended() -> None:
    """And elsewhere nothing after B."""
    made = MadeUp()
    ended(made)
    made.read(0, 4.0, browser="phone", instance="web-2")
    assert made.check().broken == ()
    assert made.check()["P4"].state == "not exercised"
    late = made.read(0, 4.001, browser="phone", instance="web-2")
    assert made.check().broken == ("P4",)
    made.history.requests.remove(late)
    made.read(0, 2.001, browser="phone", instance="web-1")
    assert made.check().broken == ("P4",)


def test_an_answer_for_nobody_is_no_reading() -> None:
    """A page that anybody may see may be asked for with an old cookie; a refusal is what is promised."""
    made = MadeUp()
    ended(made)
    made.ask("read", "GET front", 9.0, browser="phone")
    made.ask("read", "GET me", 9.0, browser="phone", outcome="refused", status=401)
    assert made.check().broken == ()
    assert made.check()["P4"].bore == 2


def test_an_end_of_unknown_outcome_ends_nothing_for_certain() -> None:
    """Neither did one that was refused."""
    for outcome in ("refused", "unknown"):
        made = MadeUp()
        made.ask("logout", "POST logout", 1.0, outcome=outcome)
        made.read(0, 9.0)
        assert made.check().broken == ()


def test_a_log_out_that_may_be_lost_is_not_held_against_anybody() -> None:
    """If sessions are what may be lost."""
    for losing, broken in ((("sessions",), ()), (("name",), ("P4",))):
        made = MadeUp()
        ended(made)
        made.disturb("outage", 2.5, 3.0, losing=losing, losing_seconds=1.0)
        made.write(1, 9.0, browser="phone")
        assert made.check().broken == broken


def test_a_session_that_nobody_ended_is_there() -> None:
    """Until then; a refusal after somebody asked for its end, in whatever way, is none."""
    made = MadeUp()
    made.ask("login", "POST login", 1.0, browser="phone")
    made.read(0, 2.0, browser="phone")
    refusal = made.ask("read", "GET me", 3.0, browser="phone", outcome="refused", status=401)
    assert made.check().broken == ("P1",)
    for kind, sent, more in (
        ("revoke", "DELETE sessions", {"ends": ("phone session",), "outcome": "unknown"}),
        ("logout", "POST logout", {"browser": "phone", "outcome": "unknown"}),
        ("login", "POST login", {"browser": "phone", "session": "another"}),
    ):
        end = made.ask(kind, sent, 2.5, **more)
        assert made.check().broken == ()
        made.history.requests.remove(end)
    made.history.requests.remove(refusal)
    assert made.check().broken == ()


def test_who_has_no_session_cannot_have_lost_it() -> None:
    """A log-in that was noted without its session says nothing of requests without one."""
    made = MadeUp()
    made.ask("login", "POST login", 1.0, session="")
    made.ask("read", "GET me", 2.0, session="", outcome="refused", status=401)
    assert made.check().broken == ()


@pytest.mark.parametrize(("idle_seconds", "broken"), [(50.0, ()), (200.0, ("P1",))])
def test_a_session_that_was_not_used_may_have_ended(idle_seconds: float, broken: tuple[str, ...]) -> None:
    """After as long as the history says."""
    made = MadeUp(idle_seconds=idle_seconds)
    made.ask("login", "POST login", 1.0, browser="phone")
    made.ask("read", "GET me", 101.0, browser="phone", outcome="refused", status=401)
    assert made.check().broken == broken


def test_sessions_that_may_be_lost_may_be_gone() -> None:
    """As with a Redis that is flushed."""
    made = MadeUp()
    made.ask("login", "POST login", 1.0, browser="phone")
    made.disturb("outage", 2.0, 2.1, losing=("sessions",), losing_seconds=None)
    made.ask("read", "GET me", 3.0, browser="phone", outcome="refused", status=401)
    assert made.check().broken == ()


def test_a_session_whose_time_is_up_writes_nothing() -> None:
    """Counted from the answer to its log-in; before the earliest that it may end, it has to be there (P1)."""
    made = MadeUp(absolute_seconds=30.0)
    made.ask("login", "POST login", 1.0, 2.0, browser="phone")
    made.write(1, 31.9, browser="phone")
    assert made.check().broken == ()
    assert made.check()["P4"].state == "not exercised"
    refused = made.write(2, 32.1, browser="phone", outcome="refused", status=401)
    assert made.check().broken == ()
    assert made.check()["P4"].bore == 1
    made.history.requests.remove(refused)
    made.write(2, 32.1, browser="phone")
    assert made.check().broken == ("P4",)


def test_a_session_whose_time_is_up_reads_nothing_after_b() -> None:
    """A copy of it may serve so long; one that stands in for Redis, for as long as that is away."""
    for moment, more, broken in (
        (33.9, {}, ()),
        (34.1, {}, ("P4",)),
        (34.1, {"outcome": "refused", "status": 401}, ()),
        (34.1, {"stale": "outage"}, ()),
    ):
        made = MadeUp(absolute_seconds=30.0)
        made.disturb("outage", 33.0, 40.0, stales=("redis",))
        made.ask("login", "POST login", 1.0, 2.0, browser="phone")
        made.read(0, moment, browser="phone", **more)
        assert made.check().broken == broken


def test_a_session_is_there_until_its_time_is_up() -> None:
    """From the earliest moment on at which it may have begun."""
    for moment, broken in ((30.9, ("P1",)), (31.1, ())):
        made = MadeUp(absolute_seconds=30.0)
        made.ask("login", "POST login", 1.0, 2.0, browser="phone")
        made.read(0, moment - 0.02, browser="phone", outcome="refused", status=401)
        assert made.check().broken == broken
