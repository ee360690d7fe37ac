"""How often somebody was answered by another instance than the one before, by what answers show."""

import pytest
from lab_small_workload import small_workload

from lab.compare.measuring import _moved, moved_share
from lab.history import Request
from lab.load.driver import Load
from lab.load.measured import Tally
from lab.load.recording import Recording


def by(instance: str, at: float, *, browser: str = "a/0", user: str = "a") -> Request:
    return Request(at, at + 0.1, user, browser, "s", "read", "GET", "me", "done", 200, instance)


def test_each_browser_is_followed_by_itself() -> None:
    """One that stays and one that moves once of three times."""
    stays = [by("web-1", n) for n in range(4)]
    moves = [by(name, n + 0.5, browser="b/0") for n, name in enumerate(("web-2", "web-2", "web-3", "web-3"))]
    assert moved_share([*moves, *stays], 0.0) == pytest.approx(1 / 6)


def test_what_was_before_counts_for_where_one_was_only() -> None:
    """A first request that is measured is compared with the last one of the warm-up."""
    requests = [by("web-1", 1), by("web-2", 2), by("web-1", 11), by("web-1", 12)]
    assert moved_share(requests, 10.0) == 0.5


def test_who_is_not_logged_in_has_nowhere_to_stay() -> None:
    """Nor has anybody whose answers do not say who gave them."""
    strangers = [by(name, n, user="") for n, name in enumerate(("web-1", "web-2", "web-3"))]
    assert moved_share(strangers, 0.0) is None
    assert moved_share([by("", 1), by("", 2)], 0.0) is None
    assert moved_share([by("web-1", 1), by("", 2), by("web-1", 3)], 0.0) == 0.0


def test_what_was_not_kept_is_not_known() -> None:
    """Requests after the round do not count; nor does anything where browsers wander by themselves."""
    tally = Tally("measured", "hot", 0.0, 0.0)
    tally.end(3.0, 0.0)
    found = tally.measured(3.0, 0.0)
    wandering = small_workload(devices={"wandering_share": 0.5})
    for workload, is_known in ((small_workload(), True), (wandering, False)):
        load = Load(workload, "http://127.0.0.1:1", recording=Recording(most=3))
        for at, name in ((1, "web-1"), (2, "web-1"), (4, "web-2")):
            load.recording.note(by(name, at))
        assert _moved(load, found) == (0.0 if is_known else None)
        load.recording.note(by("web-2", 5))
        assert _moved(load, found) is None
