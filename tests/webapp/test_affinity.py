"""What the affinity cookie and the slot tell."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.affinity import BASE64, OUTCOMES, Affinity, slot_value

KEY = "0123456789abcdef0123456789abcdef"
NOW = 1_800_000_000.0


def cookie(slot: str, *, last_seconds_ago: float = 0, first_seconds_ago: float = 0, mark: str = "") -> str:
    return f"{mark}{slot_value(KEY, slot)}|{date(NOW - last_seconds_ago)}|{date(NOW - first_seconds_ago)}"


def date(seconds: float) -> str:
    """A date as HAProxy writes it."""
    value = int(seconds) + 3 >> 2
    return "".join(BASE64[value >> shift & 63] for shift in (24, 18, 12, 6, 0))


@pytest.mark.parametrize(
    ("given_cookie", "slot", "outcome"),
    [
        ("", "web-1", "new"),
        (cookie("web-1"), "web-1", "kept"),
        (slot_value(KEY, "web-1"), "web-1", "moved_rebalance"),
        (cookie("web-1"), "web-2", "moved_down"),
        (slot_value(KEY, "web-1"), "web-2", "moved_down"),
        (cookie("web-1", mark="drain."), "web-2", "moved_drain"),
        (cookie("web-1", last_seconds_ago=1790), "web-1", "kept"),
        (cookie("web-1", last_seconds_ago=1810), "web-2", "expired"),
        (cookie("web-1", first_seconds_ago=8 * 3600 + 10), "web-1", "expired"),
        ("web-1", "web-1", "forged"),
        (slot_value("another key another key another key", "web-1"), "web-1", "forged"),
        (slot_value(KEY, "web-99"), "web-1", "forged"),
        (slot_value(KEY, "web-1") + "|sh!rt|AAAAA", "web-1", "forged"),
        (slot_value(KEY, "web-1") + "|AAAAA|AAAAA|AAAAA", "web-1", "forged"),
    ],
)
def test_each_outcome(given_cookie: str, slot: str, outcome: str) -> None:
    """One name for each way a request can arrive."""
    assert Affinity(KEY, 8, lambda: NOW).outcome(given_cookie, slot) == outcome


@given(st.text(max_size=80), st.sampled_from(["web-1", "web-8", ""]))
def test_anything_a_client_sends_is_classified(text: str, slot: str) -> None:
    """No cookie raises, and none that was made up passes for ours."""
    outcome = Affinity(KEY, 8, lambda: NOW).outcome(text, slot)
    assert outcome in OUTCOMES
    assert outcome == ("forged" if text else "new")


def test_slot_values_differ_and_cannot_be_told_from_the_slot() -> None:
    """Keyed, so a client cannot choose its server."""
    values = {slot_value(KEY, f"web-{n}") for n in range(1, 65)}
    assert len(values) == 64
    assert all(len(value) == 22 for value in values)
    assert slot_value("another key another key another key", "web-1") not in values
