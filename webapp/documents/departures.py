"""People who leave for good, and the removal of all that is kept about them.

A departure is noted first and forgotten last, so whoever finds one goes on where another one died. What has to follow
a removal (counters of others, likes of cards that are gone) is noted as owed before it, and so is not lost either.

Every departure is gone through twice. The second time, when whatever was under way has ended, takes what came late: a
card that was being written, an export that was being made.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from webapp.documents.boards import COLLECTION as BOARDS
from webapp.documents.cards import COLLECTION as CARDS
from webapp.documents.counters import recount
from webapp.documents.follows import COLLECTION as FOLLOWS
from webapp.documents.likes import COLLECTION as LIKES
from webapp.documents.people import COLLECTION as PEOPLE
from webapp.documents.reports import COLLECTION as REPORTS
from webapp.documents.store import Document, Query, Store

COLLECTION = "departures"
BATCH: Final = 100
AGAIN_SECONDS: Final = 3600.0

Owed = tuple[str, str]
"""What has to be put right, and of which document."""


@dataclass(frozen=True)
class Departure:
    """Who leaves, the hash tag of what Redis keeps of them, and whether they were gone through once."""

    person_id: str
    tag: str
    again: bool


class Departures:
    """Every method raises BackendUnavailable, and may be called again then."""

    def __init__(self, store: Store, wall_clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = wall_clock

    async def begin(self, person_id: str, tag: str) -> None:
        """Notes that somebody leaves, and takes their account and profile away: nothing of theirs is shown any more."""
        document = {"_id": person_id, "tag": tag, "due": self._now(), "again": False, "owed": []}
        await self._store.insert(COLLECTION, document)
        await self._store.delete(PEOPLE, person_id)

    async def due(self, limit: int) -> list[Departure]:
        """Those to be gone through now."""
        found = await self._store.find(COLLECTION, {"due": {"$lte": self._now()}}, limit, order=("due", 1))
        return [Departure(each["_id"], each["tag"], each["again"]) for each in found]

    async def end(self, departure: Departure) -> None:
        """Notes that it was gone through."""
        if departure.again:
            await self._store.delete(COLLECTION, departure.person_id)
        else:
            change = {"$set": {"again": True, "due": self._now() + AGAIN_SECONDS}}
            await self._store.update(COLLECTION, departure.person_id, change)

    async def erase(self, person_id: str) -> None:
        """Removes every document about somebody, a bounded number at a time, and puts the counters of others right."""
        noted = await self._store.find_one(COLLECTION, {"_id": person_id}, {"owed": 1})
        await self._pay(person_id, [(what, whose) for what, whose in (noted or {}).get("owed", [])])
        for collection in (PEOPLE, BOARDS):
            await self._store.delete(collection, person_id)
        await self._remove(person_id, FOLLOWS, {"follower": person_id}, lambda found: ("followers", found["followee"]))
        await self._remove(person_id, FOLLOWS, {"followee": person_id}, lambda found: ("following", found["follower"]))
        await self._remove(person_id, LIKES, {"user": person_id}, lambda found: ("likes", found["card"]))
        await self._remove(person_id, CARDS, {"author": person_id}, lambda found: ("gone", found["_id"]))
        await self._remove(person_id, REPORTS, {"user": person_id}, None)

    async def _remove(
        self, person_id: str, collection: str, query: Query, owed: Callable[[Document], Owed] | None
    ) -> None:
        while found := await self._store.find(collection, query, BATCH):
            debts = [owed(each) for each in found] if owed else []
            if debts:
                await self._store.update(COLLECTION, person_id, {"$set": {"owed": debts}})
            await self._store.delete_many(collection, [each["_id"] for each in found])
            await self._pay(person_id, debts)

    async def _pay(self, person_id: str, debts: Sequence[Owed]) -> None:
        for what, whose in debts:
            match what:
                case "followers":
                    await recount(self._store, PEOPLE, whose, "followers", (FOLLOWS, {"followee": whose}))
                case "following":
                    await recount(self._store, PEOPLE, whose, "following", (FOLLOWS, {"follower": whose}))
                case "likes":
                    await recount(self._store, CARDS, whose, "likes", (LIKES, {"card": whose}))
                case "gone":
                    while likes := await self._store.find(LIKES, {"card": whose}, BATCH, fields={"_id": 1}):
                        await self._store.delete_many(LIKES, [each["_id"] for each in likes])
        if debts:
            await self._store.update(COLLECTION, person_id, {"$set": {"owed": []}})
