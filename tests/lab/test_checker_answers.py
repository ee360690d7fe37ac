"""Whose the answers are, and whether there are any: P6 and P7."""

import pytest
from checked.made_up import MadeUp

from lab.history import Change


def test_an_answer_belongs_to_whoever_asked() -> None:
    """Nobody else's, and nobody's at all where nobody is logged in; who logs in is nobody until then."""
    made = MadeUp()
    made.ask("read", "GET me", 1.0, owner="alice")
    made.ask("login", "POST login", 1.0, user="", owner="bob")
    made.ask("read", "GET person", 1.0)
    assert made.check().broken == ()
    assert made.check()["P6"].bore == 1
    for user in ("bob", ""):
        bad = made.ask("read", "GET me", 2.0, user=user, owner="alice")
        assert made.check().broken == ("P6",)
        made.history.requests.remove(bad)


def test_nothing_excuses_the_data_of_another() -> None:
    """No outage, and no mark."""
    made = MadeUp()
    made.disturb("outage", 0.5, 9.0, stales=("redis",))
    made.ask("read", "GET me", 2.0, owner="bob", stale="outage")
    assert made.check().broken == ("P6",)


def test_what_somebody_else_made_is_not_shown_as_ones_own() -> None:
    """What nobody made within the history may be anybody's."""
    made = MadeUp()
    made.card("k", 1.0, user="bob", made=("b1",))
    made.card("l", 1.0, made=("a1",))
    for user in ("bob", "alice"):
        made.ask("write", "PUT like", 1.5, user=user, made=("like of x",))
    made.ask("read", "GET board", 2.0, shown=("a1", "like of x", "from before"))
    made.ask("read", "GET board", 2.0, shown=("b1", "like of x"), user="bob")
    assert made.check().broken == ()
    made.ask("read", "GET board", 2.0, shown=("a1", "b1"))
    assert made.check().broken == ("P6",)


def test_a_number_that_was_never_written_is_somebody_elses() -> None:
    """So is one from the future."""
    made = MadeUp()
    made.read(1, 1.0)
    assert made.check().broken == ("P6",)
    made.write(1, 2.0)
    assert made.check().broken == ("P6",)


@pytest.mark.parametrize(
    ("change", "method", "broken"),
    [
        ("planned", "GET", ("P7",)),
        ("planned", "PUT", ("P7",)),
        ("slight", "GET", ("P7",)),
        ("slight", "PUT", ("P7",)),
        ("kill", "GET", ("P7",)),
        ("kill", "PUT", ()),
        ("hang", "GET", ("P7",)),
        ("hang", "PUT", ()),
        ("outage", "GET", ()),
        ("other", "GET", ()),
    ],
)
def test_what_may_fail_depends_on_what_is_done(change: Change, method: str, broken: tuple[str, ...]) -> None:
    """Until it is settled, and whether there was no answer or one that says that the server could not."""
    for status in (0, 503):
        made = MadeUp()
        made.disturb(change, 2.0, 3.0)
        made.ask("read", f"{method} me", 3.5, outcome="unknown", status=status)
        assert made.check().broken == ()
        assert made.check().failed_in_calm == 1
        made.ask("read", f"{method} me", 2.9, outcome="unknown", status=status)
        verdict = made.check()
        assert verdict.broken == broken
        assert verdict["P7"].bore == len(broken)
        assert verdict.failed_in_calm == 1


def test_a_request_that_was_under_way_when_it_began_counts() -> None:
    """It is the one that a restart most easily breaks."""
    made = MadeUp()
    made.disturb("planned", 2.0, 3.0)
    made.ask("read", "GET me", 1.0, 2.5, outcome="unknown")
    assert made.check().broken == ("P7",)


@pytest.mark.parametrize(
    ("other", "broken"),
    [("kill", ()), ("hang", ()), ("outage", ()), ("other", ()), ("planned", ("P7",)), ("slight", ("P7",))],
)
def test_two_disturbances_at_once_promise_no_more_than_either(other: Change, broken: tuple[str, ...]) -> None:
    """A restart while Redis is away may fail as Redis does."""
    made = MadeUp()
    made.disturb("planned", 2.0, 9.0)
    made.disturb(other, 3.0, 5.0)
    made.ask("write", "PUT me", 4.0, outcome="unknown", status=503)
    assert made.check().broken == broken


def test_a_refusal_is_no_failure() -> None:
    """A 409 says what it has to say."""
    made = MadeUp()
    made.disturb("planned", 2.0, 3.0)
    made.ask("write", "PUT me", 2.5, outcome="refused")
    verdict = made.check()
    assert verdict.broken == ()
    assert verdict["P7"].bore == 1


def test_what_is_found_is_counted_and_a_bounded_number_kept() -> None:
    """The smallest proofs of all."""
    made = MadeUp()
    made.disturb("planned", 1.0, 9.0)
    for number in range(300):
        made.ask("read", "GET me", 2.0, 3.0 - number / 1000, outcome="unknown")
    finding = made.check()["P7"]
    assert finding.broken == 300
    assert len(finding.violations) == 20
    assert finding.violations[0].size == (1, pytest.approx(0.701))
