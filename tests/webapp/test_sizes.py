"""What many people and cards cost: a board of who follows hundreds, and the leaving of somebody with years of cards."""

import time
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from figures import Figures

from deploy.local import RunningStore
from webapp.documents import MOST_FOLLOWED, Documents, card_document, follow_document, like_document, person_document
from webapp.documents.store import Store
from webapp.feed import compute_board
from webapp.model import Account

MOST_QUERIES = 10
MOST_BOARD_BYTES = 8 << 20
MOST_LEAVING_BYTES = 8 << 20
BULK = 5_000

pytestmark = pytest.mark.asyncio


@asynccontextmanager
async def crowd(mongodb: RunningStore, *, people: int, cards: int, following: int) -> AsyncIterator[Documents]:
    """So many people who wrote so many cards evenly, the first of whom follows so many."""
    documents = Documents(mongodb.url)
    await documents.prepare()
    try:
        store = documents.store
        for start in range(0, people, BULK):
            names = [f"p{n}" for n in range(start, min(start + BULK, people))]
            accounts = [Account(name, f"tag-of-{name}", name, "") for name in names]
            await store.insert_many("people", [person_document(each, each.handle, joined=0.0) for each in accounts])
        for start in range(0, cards, BULK):
            numbers = range(start, min(start + BULK, cards))
            made = [
                card_document(f"c{n}", f"p{n % people}", "text " * 20, None, created=1e9 + n, digest="")
                for n in numbers
            ]
            await store.insert_many("cards", made)
        await store.insert_many("follows", [follow_document("p0", f"p{n}", at=0.0) for n in range(1, following + 1)])
        yield documents
    finally:
        await documents.close()


@pytest.mark.parametrize(
    ("people", "cards"),
    [(1_000, 10_000), pytest.param(20_000, 200_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])],
)
async def test_a_board_of_many_is_computed_in_bounds(
    mongodb_server: RunningStore, monkeypatch: pytest.MonkeyPatch, figures: Figures, people: int, cards: int
) -> None:
    """Somebody follows 500 people: so many queries and so much memory, however many cards there are."""
    async with crowd(mongodb_server, people=people, cards=cards, following=MOST_FOLLOWED) as documents:
        await compute_board(documents, "p0")
        made = 0
        find = Store.find

        async def counted(self: Store, *what: Any, **how: Any) -> Any:
            nonlocal made
            made += 1
            return await find(self, *what, **how)

        monkeypatch.setattr(Store, "find", counted)
        with peak_of() as peak:
            board = await compute_board(documents, "p0")
    figures(f"{people} people, {cards} cards: {len(board.cards)} on it, {made} queries, {peak.bytes >> 10} KiB at most")
    assert len(board.cards) >= 50
    assert made <= MOST_QUERIES
    assert peak.bytes <= MOST_BOARD_BYTES


@dataclass
class Peak:
    """How many bytes were held at most; 0 until it is known."""

    bytes: int = 0


@contextmanager
def peak_of() -> Iterator[Peak]:
    """What is allocated inside."""
    peak = Peak()
    tracemalloc.start()
    try:
        yield peak
        _, peak.bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [50, pytest.param(3_000, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])])
async def test_somebody_with_much_leaves_in_bounds(mongodb_server: RunningStore, figures: Figures, size: int) -> None:
    """So many cards, each liked, so many likes and followers: nothing is left, and others are counted right."""
    async with crowd(mongodb_server, people=size + 1, cards=size, following=min(size, MOST_FOLLOWED)) as documents:
        store = documents.store
        for start in range(0, size, BULK):
            numbers = range(start, min(start + BULK, size))
            mine = [card_document(f"m{n}", "p0", "mine", None, created=1e9, digest="", likes=1) for n in numbers]
            await store.insert_many("cards", mine)
            likes = [like_document("p0", f"c{n}", f"p{n + 1}", 0.0) for n in numbers]
            liked = [like_document(f"p{n + 1}", f"m{n}", "p0", 0.0) for n in numbers]
            await store.insert_many("likes", likes + liked)
            await store.insert_many("follows", [follow_document(f"p{n + 1}", "p0", 0.0) for n in numbers])
        started = time.monotonic()
        with peak_of() as peak:
            await documents.departures.begin("p0", "tag-of-p0")
            await documents.departures.erase("p0")
        figures(f"{size} cards, likes, followers: {time.monotonic() - started:.1f} s, {peak.bytes >> 10} KiB at most")
        assert peak.bytes <= MOST_LEAVING_BYTES
        assert await store.count("likes", {}) == 0
        assert await store.count("follows", {}) == 0
        assert await store.count("cards", {"author": "p0"}) == 0
        assert await store.count("cards", {"likes": {"$gt": 0}}) == 0
        assert await store.count("people", {"$or": [{"followers": {"$gt": 0}}, {"following": {"$gt": 0}}]}) == 0
