"""Who likes which card. A like's `_id` is the pair, so liking again changes nothing."""

import time
from collections.abc import Sequence

from webapp.documents.cards import COLLECTION as CARDS
from webapp.documents.cards import Cards
from webapp.documents.counters import recount
from webapp.documents.store import Document, Store

COLLECTION = "likes"
MOST_WEIGHED = 500


def like_document(user: str, card_id: str, author: str, at: float) -> Document:
    """How a like is kept."""
    return {"_id": f"{user}:{card_id}", "user": user, "card": card_id, "author": author, "at": at}


class Likes:
    """Every method raises BackendUnavailable."""

    def __init__(self, store: Store, cards: Cards) -> None:
        self._store = store
        self._cards = cards

    async def add(self, user: str, card_id: str) -> int:
        """Likes a card. How many like it now. Raises NotFound."""
        card = await self._cards.one(card_id)
        await self._store.insert(COLLECTION, like_document(user, card_id, card["author"], time.time()))
        return await self._count(card_id)

    async def remove(self, user: str, card_id: str) -> int:
        """Takes a like back. How many like the card now. Raises NotFound."""
        await self._cards.one(card_id)
        await self._store.delete(COLLECTION, f"{user}:{card_id}")
        return await self._count(card_id)

    async def among(self, user: str, card_ids: Sequence[str]) -> set[str]:
        """Which of these cards somebody likes."""
        ids = [f"{user}:{card_id}" for card_id in card_ids]
        found = await self._store.find(COLLECTION, {"_id": {"$in": ids}}, len(ids), fields={"card": 1})
        return {each["card"] for each in found}

    async def authors(self, user: str) -> list[str]:
        """Whose cards somebody liked lately, one entry per like."""
        found = await self._store.find(
            COLLECTION, {"user": user}, MOST_WEIGHED, order=("at", -1), fields={"author": 1, "at": 1}
        )
        return [each["author"] for each in found]

    async def _count(self, card_id: str) -> int:
        return await recount(self._store, CARDS, card_id, "likes", (COLLECTION, {"card": card_id}))
