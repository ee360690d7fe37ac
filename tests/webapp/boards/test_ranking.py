"""The board as a whole: what may be on it, in which order, and how many are new."""

import time
from collections.abc import Sequence
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.boards import MAX_CANDIDATES, MAX_CARDS, Candidate, Viewer, rank, score, unread_count
from webapp.boards.diversity import MOST_PER_WINDOW, WINDOW

NOW = 1_800_000_000.0
AUTHORS = ["me", "ada", "bo", "cleo", "dov", "eze", "fay"]

candidates = st.builds(
    Candidate,
    id=st.integers(0, 200).map(str),
    author=st.sampled_from(AUTHORS),
    created=st.floats(min_value=NOW - 30 * 86_400, max_value=NOW + 60),
    likes=st.integers(0, 1000),
    has_photo=st.booleans(),
)
boards = st.lists(candidates, max_size=80)
distinct_boards = st.lists(candidates, max_size=80, unique_by=lambda card: card.id)
viewers = st.builds(
    Viewer,
    id=st.just("me"),
    affinity=st.dictionaries(st.sampled_from(AUTHORS), st.floats(0, 100)),
    now=st.just(NOW),
)


def crowd(size: int, authors: int) -> list[Candidate]:
    random = Random(size * 1000 + authors)
    return [
        Candidate(
            f"c{i}", f"a{random.randrange(authors)}", NOW - random.random() * 1e6, random.randrange(99), i % 3 == 0
        )
        for i in range(size)
    ]


@given(boards, viewers, st.randoms(use_true_random=False))
def test_order_of_the_input_does_not_matter(cards: list[Candidate], viewer: Viewer, random: Random) -> None:
    """However the store returns the candidates, the board is the same."""
    shuffled = cards[:]
    random.shuffle(shuffled)
    assert rank(shuffled, viewer, mark=NOW - 86_400) == rank(cards, viewer, mark=NOW - 86_400)


@given(boards, viewers, st.integers(-1, 40))
def test_a_board_is_a_bounded_subset_without_duplicates(cards: list[Candidate], viewer: Viewer, limit: int) -> None:
    """Every card on a board was a candidate, none is there twice, and no place is left empty without need."""
    board = rank(cards, viewer, limit=limit).cards
    known = {card.id for card in cards}
    assert set(board) <= known
    assert len(set(board)) == len(board) == min(max(0, limit), len(known))


@given(distinct_boards, viewers)
def test_no_author_fills_a_window_while_others_are_left(cards: list[Candidate], viewer: Viewer) -> None:
    """An author goes past the bound only where everyone with cards left is at the bound as well."""
    authors = [{card.id: card for card in cards}[card_id].author for card_id in rank(cards, viewer).cards]
    for place, author in enumerate(authors):
        above = authors[max(0, place - WINDOW + 1) : place]
        if above.count(author) >= MOST_PER_WINDOW:
            left = set(authors[place:])
            assert all(above.count(other) >= MOST_PER_WINDOW for other in left)


@given(distinct_boards, viewers)
def test_an_authors_own_cards_stay_in_order_of_score(cards: list[Candidate], viewer: Viewer) -> None:
    """Spreading authors out never turns two cards of the same author around."""
    by_id = {card.id: card for card in cards}
    for author in AUTHORS:
        scores = [score(by_id[i], viewer) for i in rank(cards, viewer).cards if by_id[i].author == author]
        assert all(first >= second for first, second in pairwise(scores))


@given(distinct_boards, viewers)
def test_the_best_card_leads(cards: list[Candidate], viewer: Viewer) -> None:
    """The first place is never given away for the sake of diversity."""
    board = rank(cards, viewer).cards
    if cards:
        by_id = {card.id: card for card in cards}
        assert score(by_id[board[0]], viewer) == max(score(card, viewer) for card in cards)


def test_equal_scores_are_settled_by_age_and_then_by_id() -> None:
    """Nothing is left to chance: of equals the newer leads, of twins the smaller id."""
    future = [Candidate("late", "ada", NOW + 5, 0, False), Candidate("later", "bo", NOW + 9, 0, False)]
    twins = [Candidate("b", "cleo", NOW - 60, 0, False), Candidate("a", "dov", NOW - 60, 0, False)]
    assert rank(future + twins, Viewer("me", {}, NOW)).cards == ("later", "late", "a", "b")


def test_a_single_author_still_fills_a_board() -> None:
    """Following one person only is no reason to hide that person's cards."""
    assert len(rank(crowd(200, authors=1), Viewer("me", {}, NOW)).cards) == MAX_CARDS


def test_only_the_newest_candidates_are_considered() -> None:
    """A caller that passes too many costs no more: the oldest are left out, of the unread count too."""
    old = [Candidate(f"old{i}", "ada", NOW - 9e6 - i, 10**6, True) for i in range(300)]
    new = [Candidate(f"new{i}", f"a{i}", NOW - i, 0, False) for i in range(MAX_CANDIDATES)]
    ranking = rank(old + new, Viewer("me", {}, NOW), limit=1000)
    assert set(ranking.cards) == {card.id for card in new}
    assert ranking.unread == MAX_CANDIDATES


@given(distinct_boards, st.floats(min_value=NOW - 30 * 86_400, max_value=NOW))
def test_unread_counts_other_peoples_cards_after_the_mark(cards: list[Candidate], mark: float) -> None:
    """A card is unread if it came after the last look, unless one wrote it oneself."""
    expected = [card for card in cards if card.created > mark and card.author != "me"]
    assert unread_count(cards, "me", mark) == len(expected)
    assert rank(cards, Viewer("me", {}, NOW), mark=mark, limit=1).unread == len(expected)


@pytest.mark.parametrize("authors", [1, 5, 40, 500])
def test_a_full_board_takes_milliseconds(authors: int) -> None:
    """500 candidates are ranked in about 2 ms; the bound leaves room for a slow or busy machine."""
    cards, viewer = crowd(500, authors), Viewer("me", {"a0": 3.0}, NOW)
    assert best_of(20, cards, viewer) < 0.015


def best_of(runs: int, cards: Sequence[Candidate], viewer: Viewer) -> float:
    spent = []
    for _ in range(runs):
        started = time.perf_counter()
        rank(cards, viewer)
        spent.append(time.perf_counter() - started)
    return min(spent)
