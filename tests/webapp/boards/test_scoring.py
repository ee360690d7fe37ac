"""The score: what earns a card its place."""

import math

from hypothesis import given
from hypothesis import strategies as st

from webapp.boards import Candidate, Viewer, score
from webapp.boards.scoring import HALF_LIFE_SECONDS

NOW = 1_800_000_000.0
moments = st.floats(min_value=NOW - 400 * 86_400, max_value=NOW)
likes = st.integers(min_value=0, max_value=10**7)
affinities = st.floats(min_value=0, max_value=1e9)


def card(
    created: float = NOW, likes: int = 0, *, author: str = "ada", has_photo: bool = False, card_id: str = "c"
) -> Candidate:
    return Candidate(id=card_id, author=author, created=created, likes=likes, has_photo=has_photo)


def viewer(affinity: float = 0.0, *, now: float = NOW) -> Viewer:
    return Viewer(id="me", affinity={"ada": affinity}, now=now)


@given(moments, moments, likes, affinities)
def test_newer_never_scores_lower(one: float, other: float, liked: int, affinity: float) -> None:
    """All else equal, the later card has at least the earlier one's score."""
    older, newer = sorted((one, other))
    assert score(card(newer, liked), viewer(affinity)) >= score(card(older, liked), viewer(affinity))


@given(moments, moments, likes)
def test_newer_never_scores_lower_among_ones_own_cards(one: float, other: float, liked: int) -> None:
    """The lead of just-written cards fades without ever letting an older card pass."""
    older, newer = sorted((one, other))
    assert score(card(newer, liked, author="me"), viewer()) >= score(card(older, liked, author="me"), viewer())


@given(moments, likes, likes, affinities)
def test_more_liked_never_scores_lower(created: float, one: int, other: int, affinity: float) -> None:
    """All else equal, the more liked card has at least the less liked one's score."""
    fewer, more = sorted((one, other))
    assert score(card(created, more), viewer(affinity)) >= score(card(created, fewer), viewer(affinity))


@given(moments, likes, affinities, affinities)
def test_closer_never_scores_lower(created: float, liked: int, one: float, other: float) -> None:
    """All else equal, the closer author's card has at least the other's score, to the last bit of a float."""
    further, closer = sorted((one, other))
    assert score(card(created, liked), viewer(closer)) >= score(card(created, liked), viewer(further))


@given(moments, likes, affinities)
def test_a_photo_is_worth_a_little(created: float, liked: int, affinity: float) -> None:
    """A photo adds to a card, but less than a day does."""
    plain, pictured = card(created, liked), card(created, liked, has_photo=True)
    gain = score(pictured, viewer(affinity)) - score(plain, viewer(affinity))
    assert 0 < gain < 1


def test_one_point_is_one_half_life() -> None:
    """A card loses exactly one point per half-life, so that weights can be read as ages."""
    fresh, aged = card(NOW), card(NOW - HALF_LIFE_SECONDS)
    assert math.isclose(score(fresh, viewer()) - score(aged, viewer()), 1.0)


@given(moments, moments, likes, likes, st.floats(min_value=0, max_value=90 * 86_400))
def test_time_alone_swaps_no_two_cards(one: float, other: float, liked: int, other_liked: int, later: float) -> None:
    """A clear lead between two cards of other people is the same lead whenever it is looked at."""
    first, second = card(one, liked), card(other, other_liked)
    now_lead = score(first, viewer()) - score(second, viewer())
    later_lead = score(first, viewer(now=NOW + later)) - score(second, viewer(now=NOW + later))
    assert math.isclose(now_lead, later_lead, abs_tol=1e-6)


def test_a_card_from_the_future_counts_as_new() -> None:
    """A writer whose clock runs ahead gains nothing by it."""
    assert score(card(NOW + 3600), viewer()) == score(card(NOW), viewer())


def test_what_one_just_wrote_beats_the_most_liked_card() -> None:
    """A writer finds the new card on top, whatever else is on the board."""
    mine = card(author="me")
    famous = card(likes=100_000, has_photo=True)
    assert score(mine, viewer(1e9)) > score(famous, viewer(1e9))


@given(st.integers(max_value=-1), st.floats(max_value=-0.1, allow_nan=False))
def test_negative_counts_are_worth_nothing(liked: int, affinity: float) -> None:
    """A counter that drifted below zero neither fails nor punishes."""
    assert score(card(likes=liked), viewer(affinity)) == score(card(), viewer())
