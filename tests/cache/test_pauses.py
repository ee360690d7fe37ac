"""Which keys are in a pause after a load that failed: for how long, and how many."""

from cache_doubles import Clock

from cache.pauses import MOST_KEYS, PAUSE_SECONDS, Pauses


def test_a_pause_lasts_so_long_and_no_longer(clock: Clock) -> None:
    """Another failure begins it anew, a success ends it; other keys have none."""
    pauses = Pauses(clock)
    pauses.begin("a")
    clock.advance(PAUSE_SECONDS - 0.01)
    assert ("a" in pauses, "b" in pauses) == (True, False)
    clock.advance(0.01)
    assert "a" not in pauses
    pauses.begin("a")
    assert "a" in pauses
    pauses.end("a")
    pauses.end("a")
    assert "a" not in pauses


def test_the_newest_are_remembered(clock: Clock) -> None:
    """A bounded number; one that fails again is new."""
    pauses = Pauses(clock)
    for n in range(MOST_KEYS):
        pauses.begin(str(n))
    pauses.begin("0")
    pauses.begin("new")
    assert [key for key in ("0", "1", "2", "new") if key in pauses] == ["0", "2", "new"]
    assert len(pauses._until) == MOST_KEYS
