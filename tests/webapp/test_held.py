"""Who is held here."""

from cache_doubles import Clock

from webapp.held import HELD_SECONDS, MOST_HELD, Held


def test_who_was_here_within_the_last_minute_is_held() -> None:
    """Counted once however often they come, and no longer a minute after they last came."""
    clock = Clock()
    held = Held(clock)
    for tag in ("ada", "bob", "ada"):
        held.seen(tag)
    assert len(held) == 2
    clock.advance(HELD_SECONDS / 2)
    held.seen("ada")
    clock.advance(HELD_SECONDS / 2)
    assert len(held) == 1
    held.let_go("ada")
    held.let_go("nobody")
    assert len(held) == 0


def test_what_is_remembered_is_bounded() -> None:
    """Beyond that the one who was here least recently is not counted any more."""
    held = Held(Clock())
    for number in range(MOST_HELD + 10):
        held.seen(str(number))
    assert len(held) == MOST_HELD


def test_requests_under_way_are_counted_and_forgotten() -> None:
    """By person, and nothing is left when all is over."""
    held = Held(Clock())
    for _ in range(2):
        held.begin("ada")
    assert held.under_way("ada") == 2
    held.end("ada")
    assert (held.under_way("ada"), held.under_way("bob")) == (1, 0)
    held.end("ada")
    assert not held._under_way


def test_whoever_takes_over_is_taken_to_hold_what_was_held() -> None:
    """For as long as it takes until those who are still there have come; or more of them, if more have."""
    clock = Clock()
    held = Held(clock)
    held.expect(2)
    assert (held.belonging, len(held)) == (2, 0)
    for tag in ("ada", "bob", "eve"):
        held.seen(tag)
    assert held.belonging == 3
    held.let_go("ada")
    held.let_go("bob")
    assert held.belonging == 2
    clock.advance(HELD_SECONDS)
    assert held.belonging == 0
