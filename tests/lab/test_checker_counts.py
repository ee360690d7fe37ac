"""How many cards a user is shown: P1, P2, P5 and P7."""

from checked.made_up import MadeUp


def test_each_key_counts_once() -> None:
    """An answer that was lost, the same key again, and one card more than there was."""
    for count, broken in ((1, ()), (2, ("P7",))):
        made = MadeUp()
        made.count(0, 1.0)
        made.card("k", 2.0, outcome="unknown")
        made.card("k", 3.0, made=("c1",))
        made.count(count, 4.0)
        assert made.check().broken == broken


def test_two_answers_to_one_key_name_one_card() -> None:
    """Whoever counts or not."""
    made = MadeUp()
    made.card("k", 2.0, made=("c1",))
    made.card("k", 3.0, made=("c1",))
    made.card("k", 3.5, user="bob", made=("c9",))
    assert made.check().broken == ()
    made.card("k", 4.0, made=("c2",))
    assert made.check().broken == ("P7",)


def test_a_write_of_unknown_outcome_counts_or_not() -> None:
    """But it is there once or never."""
    made = MadeUp()
    made.card("", 1.0, outcome="unknown")
    made.count(0, 2.0)
    made.count(1, 3.0)
    assert made.check().broken == ()
    made.count(2, 4.0)
    assert made.check().broken == ("P7",)


def test_a_refused_card_does_not_count() -> None:
    """One more than nothing is one too many."""
    made = MadeUp()
    made.card("k", 1.0, outcome="refused")
    made.count(1, 2.0)
    assert made.check().broken == ("P7",)


def test_one_double_is_told_once() -> None:
    """However often it is looked at after that."""
    made = MadeUp()
    made.card("k", 1.0, made=("c1",))
    for moment in (2.0, 3.0, 4.0):
        made.count(2, moment)
    assert made.check()["P7"].broken == 1


def test_a_browser_counts_its_own_at_once_and_others_after_b() -> None:
    """What it wrote itself is P2, what others wrote P5."""
    made = MadeUp()
    made.card("k", 1.0, made=("c1",))
    made.count(0, 2.0, browser="phone")
    assert made.check().broken == ()
    late = made.count(0, 3.02, browser="phone")
    made.count(1, 6.0)
    assert made.check().broken == ("P5",)
    made.history.requests.remove(late)
    made.count(0, 2.0)
    assert made.check().broken == ("P2",)


def test_cards_that_nobody_is_shown_any_more_are_lost() -> None:
    """One violation, however often it is looked at."""
    made = MadeUp()
    made.card("k", 1.0, made=("c1",))
    made.card("l", 2.0, made=("c2",))
    made.count(1, 7.0)
    made.count(1, 8.0)
    verdict = made.check()
    assert set(verdict.broken) == {"P1", "P2"}
    assert verdict["P1"].broken == 1


def test_cards_that_were_seen_are_lost_if_something_was_done_in_between() -> None:
    """Otherwise the last read is a stale one."""
    made = MadeUp()
    made.card("k", 1.0, made=("c1",))
    made.count(1, 4.0)
    made.count(0, 8.0)
    assert made.check().broken == ("P2", "P3")
    made.disturb("kill", 5.0, 6.0)
    assert made.check().broken == ("P1", "P2", "P3")


def test_what_may_be_lost_need_not_be_counted() -> None:
    """What was acknowledged just before, and nothing else."""
    made = MadeUp()
    made.card("k", 1.0, made=("c1",))
    made.card("l", 4.8, made=("c2",))
    made.disturb("outage", 5.0, 6.0, losing=("cards",), losing_seconds=1.0)
    made.count(1, 9.0)
    assert made.check().broken == ()
    made.count(0, 9.5)
    assert "P2" in made.check().broken


def test_what_was_there_before_may_be_lost_too() -> None:
    """If a disturbance says so of whatever was acknowledged, however long before."""
    for losing_seconds, broken in ((None, ()), (1.0, ("P2",))):
        made = MadeUp()
        made.count(6, 1.0, user="bob")
        made.disturb("outage", 5.0, 6.0, losing=("cards",), losing_seconds=losing_seconds)
        made.card("k", 9.0, user="bob", made=("c1",))
        made.count(1, 9.5, user="bob")
        assert set(made.check().broken) - {"P3"} == set(broken)


def test_how_many_a_user_had_before_is_found_out() -> None:
    """And from then on held against what is shown."""
    for second, broken in ((7, ()), (8, ("P7",)), (6, ("P2",))):
        made = MadeUp()
        made.count(6, 1.0, user="bob")
        made.card("k", 2.0, user="bob", made=("c1",))
        made.count(second, 3.0, user="bob")
        made.count(max(7, second), 9.0, user="bob")
        assert set(made.check().broken) - {"P3"} == set(broken)


def test_the_count_of_somebody_else_is_not_counted() -> None:
    """That it was received at all is P6."""
    made = MadeUp()
    made.count(9, 1.0, owner="bob")
    assert made.check().broken == ("P6",)
