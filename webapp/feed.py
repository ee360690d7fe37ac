"""Somebody's board, computed from MongoDB: what is worth keeping hot.

A bounded number of queries (ten), each with a limit, whatever the person follows. A person's own cards are part of
their board, so that what they just wrote is seen at once; other people's cards are as fresh as the board itself.
"""

import asyncio
import time
from collections import Counter
from typing import Any

from webapp.boards import Candidate, Viewer, rank, suggest
from webapp.documents import MOST_FOLLOWED, Documents, card_seen
from webapp.model import Board, Card, PersonRef, Suggestion

MOST_SUGGESTIONS = 5
MOST_ASKED_FOR_HOPS = 50
MOST_HOPS = 2000


async def compute_board(documents: Documents, person_id: str) -> Board:
    """The board as of now. Raises BackendUnavailable."""
    now = time.time()
    followees = [followee for _, followee in await documents.follows.pairs([person_id], MOST_FOLLOWED)]
    found, liked_authors, hops = await asyncio.gather(
        documents.cards.candidates([*followees, person_id]),
        documents.likes.authors(person_id),
        documents.follows.pairs(followees[:MOST_ASKED_FOR_HOPS], MOST_HOPS),
    )
    viewer = Viewer(person_id, {author: float(likes) for author, likes in Counter(liked_authors).items()}, now)
    candidates = [
        Candidate(card["_id"], card["author"], card["created"], card["likes"], card["photo"] is not None)
        for card in found
    ]
    ranking = rank(candidates, viewer)
    circles: dict[str, set[str]] = {followee: set() for followee in followees}
    for follower, followee in hops:
        circles.setdefault(follower, set()).add(followee)
    suggested = suggest(person_id, circles, limit=MOST_SUGGESTIONS)
    documents_of = {card["_id"]: card for card in found}
    named = {documents_of[card_id]["author"] for card_id in ranking.cards}
    named.update(each.id for each in suggested)
    named.update(via for each in suggested for via in each.via)
    refs, liked = await asyncio.gather(documents.people.refs(named), documents.likes.among(person_id, ranking.cards))
    return Board(
        cards=tuple(_cards(ranking.cards, documents_of, refs, liked, person_id)),
        suggestions=tuple(
            Suggestion(refs[each.id], each.mutual, tuple(refs[via].name for via in each.via if via in refs))
            for each in suggested
            if each.id in refs
        ),
        computed=now,
    )


async def cards_seen(documents: Documents, found: list[dict[str, Any]], viewer: str | None) -> list[Card]:
    """Documents of cards as one person (or a visitor, None) sees them, in the same order."""
    refs = await documents.people.refs(card["author"] for card in found)
    liked = await documents.likes.among(viewer, [card["_id"] for card in found]) if viewer else set()
    return _cards([card["_id"] for card in found], {card["_id"]: card for card in found}, refs, liked, viewer)


def _cards(
    card_ids: Any, found: dict[str, dict[str, Any]], refs: dict[str, PersonRef], liked: set[str], viewer: str | None
) -> list[Card]:
    return [
        card_seen(found[card_id], refs[found[card_id]["author"]], viewer=viewer, liked=card_id in liked)
        for card_id in card_ids
        if found[card_id]["author"] in refs
    ]
