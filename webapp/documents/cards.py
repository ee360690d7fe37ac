"""Cards. The `_id` of one that was sent with an idempotency key derives from it, so sending it again finds it."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import chain

from webapp.documents.people import People
from webapp.documents.store import Document, Store
from webapp.errors import Conflict, NotFound
from webapp.model import Card, PersonRef

COLLECTION = "cards"
SHOWN = {"digest": 0}
MOST_CANDIDATES = 400
MOST_MERGED = 200  # so many people's cards MongoDB merges in the index's order; of more it reads and sorts them all
NEWEST_FIRST = ("created", -1)
KEY_REUSED = "This idempotency key was used for a card with other content."

Photo = tuple[str, int, int]
"""A picture's key, width and height in pixels."""


def card_document(
    card_id: str, author: str, text: str, photo: Photo | None, *, created: float, digest: str, likes: int = 0
) -> Document:
    """How a card is kept."""
    key, width, height = photo or (None, 0, 0)
    return {
        "_id": card_id,
        "author": author,
        "text": text,
        "photo": key,
        "photo_width": width,
        "photo_height": height,
        "likes": likes,
        "created": created,
        "digest": digest,
    }


class Cards:
    """Every method raises BackendUnavailable."""

    def __init__(self, store: Store, people: People) -> None:
        self._store = store
        self._people = people

    async def add(self, card_id: str, author: str, text: str, photo: Photo | None, digest: str) -> bool:
        """Inserts a card; False if this very card is there already.

        Raises Conflict (422) if the id is taken by a card with another digest: a key was used twice.
        """
        document = card_document(card_id, author, text, photo, created=time.time(), digest=digest)
        added = await self._store.insert(COLLECTION, document)
        if not added:
            there = await self._store.find_one(COLLECTION, {"_id": card_id}, {"digest": 1})
            if there is not None and there["digest"] != digest:
                raise Conflict("Idempotency-Key", KEY_REUSED, 422)
        await self._people.count(author, "cards", (COLLECTION, {"author": author}))
        return added

    async def one(self, card_id: str) -> Document:
        """One card. Raises NotFound."""
        found = await self._store.find_one(COLLECTION, {"_id": card_id}, SHOWN)
        if found is None:
            raise NotFound("card")
        return found

    async def newest(self, limit: int) -> list[Document]:
        """The newest cards of everybody."""
        return await self._store.find(COLLECTION, {}, limit, order=NEWEST_FIRST, fields=SHOWN)

    async def of(self, author: str, limit: int, before: float | None = None) -> list[Document]:
        """Somebody's cards, newest first, from before a moment (nobody writes two in one microsecond)."""
        query: Document = {"author": author}
        if before is not None:
            query["created"] = {"$lt": before}
        return await self._store.find(COLLECTION, query, limit, order=NEWEST_FIRST, fields=SHOWN)

    async def pages_of(self, author: str, size: int) -> AsyncIterator[list[Document]]:
        """All of somebody's cards, newest first, a page at a time, each a query of its own: no cursor can expire."""
        query: Document = {"author": author}
        told: list[Document] = []  # the cards of the moment at which the last page ended
        while page := await self._store.find(COLLECTION, query, size, order=NEWEST_FIRST, fields=SHOWN):
            yield page
            last = page[-1]["created"]
            told = [card for card in [*told, *page] if card["created"] == last]
            query = {
                "author": author,
                "created": {"$lte": last},
                "_id": {"$nin": [card["_id"] for card in told]},
            }

    async def candidates(self, authors: Sequence[str]) -> list[Document]:
        """The newest cards of these people, as many as a board weighs; two hundred people a query."""
        found = await asyncio.gather(*map(self._newest_of, batched(authors, MOST_MERGED)))
        newest_first = sorted(chain(*found), key=lambda card: -card["created"])
        return newest_first[:MOST_CANDIDATES]

    async def _newest_of(self, authors: Sequence[str]) -> list[Document]:
        query = {"author": {"$in": list(authors)}}
        return await self._store.find(COLLECTION, query, MOST_CANDIDATES, order=NEWEST_FIRST, fields=SHOWN)


def batched(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The items in order, so many at a time."""
    return (items[start : start + size] for start in range(0, len(items), size))


def card_seen(document: Document, author: PersonRef, *, viewer: str | None, liked: bool) -> Card:
    """A card's document as one person sees it."""
    return Card(
        id=document["_id"],
        author=author,
        text=document["text"],
        photo=document["photo"],
        photo_width=document["photo_width"],
        photo_height=document["photo_height"],
        likes=document["likes"],
        created=document["created"],
        liked=liked,
        mine=document["author"] == viewer,
    )
