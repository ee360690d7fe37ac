"""Putting the seed content into the stores, with a progress bar.

Ids derive from the seed's number, so planting the same seed again adds nothing; somebody who has taken a planned
handle meanwhile keeps it, and stands in for the planned person.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from webapp.album import keep_picture
from webapp.documents import Document, Documents, card_document, follow_document, like_document, person_document
from webapp.model import Account
from webapp.pictures import Picture, process, process_avatar
from webapp.resources import Resources
from webapp.seeding import SeedPlan, draw_avatar, draw_photo, plan
from webapp.sessions import new_tag

PASSWORD = "postcards"  # noqa: S105  # told on purpose: everybody may log in as a planted person
BATCH = 500
DRAWN_AT_ONCE = 4

T = TypeVar("T")

Advance = Callable[[int], None]
Step = Callable[[Advance], Coroutine[Any, Any, None]]
Draw = Callable[[int, int], bytes]


async def plant(resources: Resources, *, seed: int, people: int, cards: int, photos: int) -> None:
    """Stores people, pictures, follows, cards and likes. Raises BackendUnavailable; then it may be run again."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        planned = plan(seed, people, cards, min(photos, cards))
        gardener = Gardener(resources, planned, time.time())
        for name, size, step in gardener.steps():
            bar = progress.add_task(name, total=size)
            await step(partial(progress.advance, bar))
    console.print(f"Planted {people} people and {cards} cards. Log in as ada, password {PASSWORD}.")


class Gardener:
    """Turns a plan into documents and pictures, step by step."""

    def __init__(self, resources: Resources, planned: SeedPlan, now: float) -> None:
        self._resources = resources
        self._documents: Documents = resources.documents
        self._plan = planned
        self._now = now
        self._ids = {person.handle: self._id(f"person {person.handle}", 16) for person in planned.people}
        self._photos: dict[int, tuple[str, int, int]] = {}

    def steps(self) -> tuple[tuple[str, int, Step], ...]:
        """Name, size and action of each step, in order."""
        planned = self._plan
        avatars = sum(person.avatar is not None for person in planned.people)
        photos = sum(card.photo is not None for card in planned.cards)
        return (
            ("people", len(planned.people), self._plant_people),
            ("avatars", avatars, self._plant_avatars),
            ("photos", photos, self._plant_photos),
            ("cards", len(planned.cards), self._plant_cards),
            ("follows", len(planned.follows), self._plant_follows),
            ("likes", len(planned.likes), self._plant_likes),
        )

    async def _plant_people(self, advance: Advance) -> None:
        handles = list(self._ids)
        for some in _batches(handles):
            fields = {"handle": 1}
            taken = await self._documents.store.find("people", {"handle": {"$in": some}}, len(some), fields=fields)
            self._ids.update({found["handle"]: found["_id"] for found in taken})
        password_hash = await self._resources.passwords.hash(PASSWORD)
        following = Counter(follow.follower for follow in self._plan.follows)
        followers = Counter(follow.followee for follow in self._plan.follows)
        cards = Counter(card.author for card in self._plan.cards)
        documents = []
        for person in self._plan.people:
            account = Account(self._ids[person.handle], new_tag(), person.handle, password_hash)
            joined = self._now - person.joined_seconds_ago
            documents.append(
                person_document(account, person.name, bio=person.bio, joined=joined)
                | {
                    "followers": followers[person.handle],
                    "following": following[person.handle],
                    "cards": cards[person.handle],
                }
            )
        await self._insert("people", documents, advance)

    async def _plant_avatars(self, advance: Advance) -> None:
        async def place(handle: str, index: int) -> None:
            person_id = self._ids[handle]
            key, _ = await self._picture(person_id, draw_avatar, process_avatar, index)
            await self._documents.people.change(person_id, {"avatar": key})
            advance(1)

        await _few_at_once(
            [place(person.handle, person.avatar) for person in self._plan.people if person.avatar is not None]
        )

    async def _plant_photos(self, advance: Advance) -> None:
        async def place(number: int, author: str, index: int) -> None:
            key, picture = await self._picture(self._ids[author], draw_photo, process, index)
            self._photos[number] = (key, picture.width, picture.height)
            advance(1)

        await _few_at_once(
            [place(card.number, card.author, card.photo) for card in self._plan.cards if card.photo is not None]
        )

    async def _plant_cards(self, advance: Advance) -> None:
        likes = Counter(like.card for like in self._plan.likes)
        documents = [
            card_document(
                self._card_id(card.number),
                self._ids[card.author],
                card.text,
                self._photos.get(card.number),
                # a few microseconds apart: somebody's cards are listed by time alone
                created=self._now - card.created_seconds_ago + card.number * 1e-5,
                digest="",
                likes=likes[card.number],
            )
            for card in self._plan.cards
        ]
        await self._insert("cards", documents, advance)

    async def _plant_follows(self, advance: Advance) -> None:
        documents = [
            follow_document(self._ids[follow.follower], self._ids[follow.followee], self._now)
            for follow in self._plan.follows
        ]
        await self._insert("follows", documents, advance)

    async def _plant_likes(self, advance: Advance) -> None:
        authors = {card.number: self._ids[card.author] for card in self._plan.cards}
        documents = [
            like_document(self._ids[like.person], self._card_id(like.card), authors[like.card], self._now)
            for like in self._plan.likes
        ]
        await self._insert("likes", documents, advance)

    async def _insert(self, collection: str, documents: Sequence[Document], advance: Advance) -> None:
        for some in _batches(documents):
            await self._documents.store.insert_many(collection, some)
            advance(len(some))

    async def _picture(
        self, person_id: str, draw: Draw, polish: Callable[[bytes], Picture], index: int
    ) -> tuple[str, Picture]:
        picture = await self._resources.studio.run(lambda: polish(draw(self._plan.seed, index)))
        kept = keep_picture(self._resources.media, self._documents.pictures, person_id, picture)
        return await kept, picture

    def _card_id(self, number: int) -> str:
        return self._id(f"card {number}", 24)

    def _id(self, what: str, length: int) -> str:
        return sha256(f"{self._plan.seed} {what}".encode()).hexdigest()[:length]


def _batches(items: Sequence[T]) -> Iterable[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, BATCH)):
        yield some


async def _few_at_once(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    room = asyncio.Semaphore(DRAWN_AT_ONCE)

    async def one(task: Coroutine[Any, Any, None]) -> None:
        async with room:
            await task

    async with asyncio.TaskGroup() as group:
        for task in work:
            group.create_task(one(task))
