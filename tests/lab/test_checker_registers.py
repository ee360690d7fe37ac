"""What is written and read, in real-time order: P1, P2, P3 and P5."""

import pytest
from checked.made_up import MadeUp

from lab.history import Outcome

LOSING = {"losing": ("name",), "losing_seconds": 1.0}


def test_a_history_without_requests_says_nothing_of_any_promise() -> None:
    """What was not put to the test is not called kept."""
    made = MadeUp()
    made.history.requests.clear()
    verdict = made.check()
    assert {each.state for each in verdict.findings} == {"not exercised"}
    assert len(verdict.not_exercised) == 7


def test_a_read_that_overlaps_the_write_may_see_either() -> None:
    """There is no order between the two."""
    for saw in (0, 1):
        made = MadeUp()
        made.write(1, 1.0, 2.0)
        made.read(saw, 1.5)
        made.read(saw, 2.0)  # sent in the very moment in which the answer was read
        assert made.check().broken == ()
        assert made.check()["P2"].state == "not exercised"


def test_a_read_after_the_answer_has_to_see_the_write() -> None:
    """By however little it came after it."""
    made = MadeUp()
    made.write(1, 1.0, 2.0)
    made.read(0, 2.0001)
    assert made.check().broken == ("P2",)


@pytest.mark.parametrize("outcome", ["refused", "unknown"])
def test_what_was_not_acknowledged_need_not_be_seen(outcome: Outcome) -> None:
    """Nobody said that it was done."""
    made = MadeUp()
    made.write(1, 1.0, outcome=outcome)
    made.read(0, 2.0)
    assert made.check().broken == ()


def test_a_write_of_unknown_outcome_may_happen_late() -> None:
    """After another that was acknowledged, and even after somebody looked in vain."""
    made = MadeUp()
    made.write(1, 1.0, outcome="unknown")
    made.write(2, 2.0)
    made.read(2, 3.0)
    made.read(1, 9.0)
    assert made.check().broken == ()


def test_a_write_of_unknown_outcome_happens_once() -> None:
    """Once it was seen and something newer was written, it does not come back."""
    made = MadeUp()
    made.write(1, 1.0, outcome="unknown")
    made.read(1, 2.0)
    made.write(2, 3.0)
    made.read(1, 4.0)
    verdict = made.check()
    assert verdict.broken == ("P2",)
    assert len(verdict["P2"].violations[0].steps) == 3


def test_what_was_sent_twice_without_a_key_may_happen_twice() -> None:
    """And come back after something newer, as nobody promised otherwise; with a key it may not."""
    for key, broken in (("", ()), ("k", ("P2", "P3"))):
        made = MadeUp()
        made.write(1, 1.0, outcome="unknown", key=key)
        made.write(1, 1.5, outcome="unknown", key=key)
        made.read(1, 2.0)
        made.write(2, 3.0)
        made.read(2, 3.5)
        made.read(1, 4.0)
        assert made.check().broken == broken


def test_what_is_sent_again_under_its_key_may_have_happened_the_first_time() -> None:
    """So what another wrote in between may be newer than what the second answer acknowledges."""
    made = MadeUp()
    made.write(1, 1.0, outcome="unknown", key="k")
    made.write(2, 2.0, browser="phone")
    made.write(1, 3.0, key="k")
    made.read(2, 4.0)
    assert made.check().broken == ()


def test_of_two_browsers_that_write_at_once_either_may_be_last() -> None:
    """Even if the higher number was sent first."""
    for saw in (1, 2):
        made = MadeUp()
        made.write(1, 1.0, 2.0)
        made.write(2, 1.5, 2.5, browser="phone")
        made.read(saw, 6.0)
        made.read(saw, 6.0, browser="phone")
        assert made.check().broken == ()


def test_what_was_sent_as_the_answer_came_has_no_order() -> None:
    """Of two writes that meet in one moment either may be last, for everybody."""
    made = MadeUp()
    made.write(1, 1.0, 2.0)
    made.write(2, 2.0, 3.0, browser="phone")
    made.read(2, 4.0, browser="tablet")
    for browser in ("phone", "laptop", "tablet"):
        made.read(1, 9.0, browser=browser)
    assert made.check().broken == ()


def test_but_not_one_and_then_the_other_and_the_first_again() -> None:
    """Whichever was last: each was written once."""
    made = MadeUp()
    made.write(1, 1.0, 2.0)
    made.write(2, 1.5, 2.5, browser="phone")
    for number, moment in ((1, 3.0), (2, 3.1), (1, 3.2)):
        made.read(number, moment)
    verdict = made.check()
    assert verdict.broken == ("P3",)
    assert verdict["P3"].broken == 1


def test_reads_that_overlap_have_no_order() -> None:
    """Two tabs of one browser may have asked two instances."""
    made = MadeUp()
    made.write(1, 1.0, 4.0, browser="phone")
    made.read(1, 2.0, 2.5)
    made.read(0, 2.4, 2.9)
    assert made.check().broken == ()
    made.read(0, 2.6, 2.9)
    assert made.check().broken == ("P3",)


def test_another_browser_sees_a_write_after_b() -> None:
    """Not before; and neither the writer's own reads nor those in the meantime are counted for it."""
    made = MadeUp()
    made.write(1, 1.0, 1.1)
    made.read(0, 3.1, browser="phone")
    assert made.check().broken == ()
    assert made.check()["P5"].state == "not exercised"
    made.read(1, 3.15)
    made.read(0, 3.1001, browser="phone")
    assert made.check().broken == ("P5",)
    assert made.check()["P5"].bore == 1


def test_what_is_somebody_elses_is_not_read_as_ones_own() -> None:
    """It breaks P6 alone: its values are older than nothing."""
    made = MadeUp()
    made.write(1, 1.0, version=2)
    made.ask("read", "GET me", 2.0, saw={"name": 0}, version=1, owner="bob")
    assert made.check().broken == ("P6",)


def test_what_another_browser_has_seen_is_there_for_all_after_b() -> None:
    """A write whose outcome its sender never learned, too."""
    made = MadeUp()
    made.write(1, 1.0, outcome="unknown")
    made.read(1, 2.0)
    made.read(0, 4.1, browser="phone")
    assert made.check().broken == ("P5",)


def test_a_write_that_nobody_sees_is_lost() -> None:
    """One violation, however many look."""
    made = MadeUp()
    made.write(1, 1.0)
    for moment in (4.0, 5.0, 6.0):
        made.read(0, moment, browser="phone")
    assert made.check()["P1"].broken == 1


def test_a_write_that_is_seen_again_was_not_lost() -> None:
    """That is a stale read, and P1 has nothing to do with it."""
    made = MadeUp()
    made.write(1, 1.0)
    made.read(0, 4.0)
    made.read(1, 5.0)
    assert made.check().broken == ("P2",)


def test_a_write_that_was_seen_is_lost_if_something_was_done_in_between() -> None:
    """Otherwise a last read that is stale would be taken for a loss."""
    made = MadeUp()
    made.write(1, 1.0)
    made.read(1, 4.0)
    made.read(0, 8.0)
    assert "P1" not in made.check().broken
    made.disturb("kill", 5.0, 6.0)
    assert "P1" in made.check().broken


def test_a_refused_write_that_is_seen_breaks_p1() -> None:
    """The answer had said that nothing was done."""
    made = MadeUp()
    made.write(1, 1.0, outcome="refused")
    made.read(1, 2.0)
    assert made.check().broken == ("P1",)


def test_a_register_of_a_session_is_another_ones_in_the_next() -> None:
    """A new session begins with nothing; what it writes it has to see."""
    made = MadeUp()
    made.ask("write", "PATCH preferences", 1.0, wrote={"theme": 1}, session="one")
    made.ask("read", "GET me", 2.0, saw={"theme": 0}, session="two")
    assert made.check().broken == ()
    made.ask("read", "GET me", 2.0, saw={"theme": 0}, session="one")
    assert made.check().broken == ("P2",)


def test_a_version_never_goes_back_in_a_browser() -> None:
    """In another it may be lower, as a copy of something else may be from before."""
    made = MadeUp()
    made.ask("read", "GET me", 1.0, version=5)
    made.ask("read", "GET board", 9.0, version=4, browser="phone")
    assert made.check().broken == ()
    made.ask("read", "GET board", 1.005, version=4)
    assert made.check().broken == ()
    made.ask("read", "GET board", 1.02, version=4)
    assert made.check().broken == ("P3",)


def test_a_card_that_is_not_there_is_missed_like_a_register() -> None:
    """By its own browser at once, by others after B; and it is lost if nobody sees it again."""
    made = MadeUp()
    made.card("k", 1.0, made=("c1",))
    made.ask("read", "GET card", 2.0, missing=("c1",), browser="phone", status=404, outcome="refused")
    assert made.check().broken == ()
    made.ask("read", "GET card", 2.0, missing=("c1",), status=404, outcome="refused")
    assert made.check().broken == ("P2",)
    made.ask("read", "GET card", 4.0, missing=("c1",), browser="phone", status=404, outcome="refused")
    assert made.check().broken == ("P1", "P2", "P5")


def test_the_first_value_of_a_user_who_was_there_before_may_be_anything() -> None:
    """Of one who signed up within the history it is 0."""
    made = MadeUp()
    made.read(17, 1.0, user="bob")
    made.read(17, 2.0, user="bob")
    assert made.check().broken == ()
    made.read(18, 3.0, user="bob")
    assert made.check().broken == ("P6",)
