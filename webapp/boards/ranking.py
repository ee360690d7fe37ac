"""A person's board: which cards, in which order, and how many of them are new.

Pure: the same candidates in any order give the same board. The cost is bounded by `MAX_CANDIDATES`, whatever is passed.
"""

import heapq
from collections.abc import Iterable

import msgspec

from webapp.boards.cards import Candidate, Viewer
from webapp.boards.diversity import Scored, diversify
from webapp.boards.scoring import score

MAX_CANDIDATES = 500
MAX_CARDS = 100


class Ranking(msgspec.Struct, frozen=True):
    """Card ids, best first; `unread` counts candidates that are new to the viewer, on the board or not."""

    cards: tuple[str, ...]
    unread: int


def rank(candidates: Iterable[Candidate], viewer: Viewer, *, mark: float = 0.0, limit: int = MAX_CARDS) -> Ranking:
    """The board of `viewer`: at most `limit` of the newest `MAX_CANDIDATES` candidates.

    A card that is passed twice (two queries may both find it) appears once. `mark` is when the viewer last looked.
    """
    considered = _newest(candidates)
    scored = [(score(card, viewer), card) for card in considered]
    scored.sort(key=_best_first)
    chosen = diversify(scored, limit)
    return Ranking(cards=tuple(card.id for card in chosen), unread=unread_count(considered, viewer.id, mark))


def unread_count(cards: Iterable[Candidate], viewer_id: str, mark: float) -> int:
    """How many cards of other people were created after `mark`."""
    return sum(1 for card in cards if card.created > mark and card.author != viewer_id)


def _newest(candidates: Iterable[Candidate]) -> list[Candidate]:
    unique: dict[str, Candidate] = {}
    for card in candidates:
        known = unique.get(card.id)
        # Two readings of one card may differ in their likes; the choice must not depend on their order.
        if known is None or msgspec.structs.astuple(card) > msgspec.structs.astuple(known):
            unique[card.id] = card
    if len(unique) <= MAX_CANDIDATES:
        return list(unique.values())
    return heapq.nlargest(MAX_CANDIDATES, unique.values(), key=lambda card: (card.created, card.id))


def _best_first(scored: Scored) -> tuple[float, float, str]:
    points, card = scored
    return (-points, -card.created, card.id)
