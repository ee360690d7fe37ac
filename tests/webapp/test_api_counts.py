"""Counters beside facts: right in the end, however writers of the same counter interleave."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from deploy.local import RunningStore
from webapp.documents import Documents
from webapp.model import Account

pytestmark = pytest.mark.asyncio

CARD = "c" * 24


class Gate:
    """Holds back one writer's n-th change of a document until told to go on."""

    def __init__(self, documents: Documents, monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
        self._reached, self._go_on = asyncio.Event(), asyncio.Event()
        self._left = nth
        update = documents.store.update

        async def held_back(*arguments: Any, **options: Any) -> Any:
            self._left -= 1
            if self._left == 0:
                self._reached.set()
                await self._go_on.wait()
            return await update(*arguments, **options)

        monkeypatch.setattr(documents.store, "update", held_back)

    async def reached(self) -> None:
        """Returns once the writer is held back."""
        async with asyncio.timeout(10):
            await self._reached.wait()

    def open(self) -> None:
        """Lets it go on."""
        self._go_on.set()


@asynccontextmanager
async def people(mongodb: RunningStore, *names: str) -> AsyncIterator[Documents]:
    """A database with these people and a card of the first."""
    documents = Documents(mongodb.url)
    await documents.prepare()
    for name in names:
        await documents.people.add(Account(name, f"tag-of-{name}", name, ""), name)
    await documents.cards.add(CARD, names[0], "text", None, "digest")
    try:
        yield documents
    finally:
        await documents.close()


async def counts(documents: Documents, person: str) -> Mapping[str, int]:
    seen = await documents.people.by_id(person)
    return {"followers": seen.followers, "following": seen.following, "cards": seen.cards}


@pytest.mark.parametrize("nth", [1, 2])
async def test_a_repeat_that_overtakes_the_first_attempt_does_not_count_twice(
    mongodb_server: RunningStore, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """The first like is written but not counted yet when its repeat comes and is answered."""
    async with people(mongodb_server, "ada", "bob") as documents:
        gate = Gate(documents, monkeypatch, nth)
        first = asyncio.create_task(documents.likes.add("bob", CARD))
        await gate.reached()
        assert await documents.likes.add("bob", CARD) == 1
        gate.open()
        await first
        assert (await documents.cards.one(CARD))["likes"] == 1


@pytest.mark.parametrize("nth", [1, 2])
async def test_a_slow_count_does_not_undo_a_later_one(
    mongodb_server: RunningStore, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """Somebody else's like comes while the first is being counted."""
    async with people(mongodb_server, "ada", "bob", "eve") as documents:
        gate = Gate(documents, monkeypatch, nth)
        first = asyncio.create_task(documents.likes.add("bob", CARD))
        await gate.reached()
        await documents.likes.add("eve", CARD)
        gate.open()
        await first
        assert (await documents.cards.one(CARD))["likes"] == 2


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
async def test_taking_back_overtaken_by_its_repeat_counts_once(
    mongodb_server: RunningStore, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """An impatient finger on "unfollow"."""
    async with people(mongodb_server, "ada", "bob", "eve") as documents:
        await documents.follows.add("bob", "ada")
        await documents.follows.add("eve", "ada")
        gate = Gate(documents, monkeypatch, nth)
        first = asyncio.create_task(documents.follows.remove("bob", "ada"))
        await gate.reached()
        await documents.follows.remove("bob", "ada")
        gate.open()
        await first
        assert (await counts(documents, "ada"))["followers"] == 1
        assert (await counts(documents, "bob"))["following"] == 0


async def test_a_repeat_mends_a_count_whose_writer_died(
    mongodb_server: RunningStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card is there, its counter was never moved; asking again puts it right."""
    async with people(mongodb_server, "ada") as documents:
        gate = Gate(documents, monkeypatch, 1)
        dying = asyncio.create_task(documents.cards.add("d" * 24, "ada", "text", None, "digest"))
        await gate.reached()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        assert (await counts(documents, "ada"))["cards"] == 1
        assert not await documents.cards.add("d" * 24, "ada", "text", None, "digest")
        assert (await counts(documents, "ada"))["cards"] == 2


async def test_a_repeat_that_dies_does_not_keep_the_first_from_counting(
    mongodb_server: RunningStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had taken the later ticket; the first attempt ends after it, is answered, and is not asked again."""
    async with people(mongodb_server, "ada") as documents:
        gate = Gate(documents, monkeypatch, 2)
        first = asyncio.create_task(documents.cards.add("d" * 24, "ada", "text", None, "digest"))
        await gate.reached()
        later = Gate(documents, monkeypatch, 2)
        dying = asyncio.create_task(documents.cards.add("d" * 24, "ada", "text", None, "digest"))
        await later.reached()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        gate.open()
        assert await first
        assert (await counts(documents, "ada"))["cards"] == 2
