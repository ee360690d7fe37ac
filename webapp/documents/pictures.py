"""Which pictures are referred to, and who is at work on one: whoever puts it in S3, or the sweep that takes it out.

The two exclude each other, by a document per picture that is there as long as somebody is: between the moment a sweep
finds a picture old and unused and the moment it has deleted it, nobody may put the same picture there again.
"""

import time
from collections.abc import Callable, Collection

from webapp.documents.store import Query, Store
from webapp.errors import Overloaded

COLLECTION = "pictures"
PUT_SECONDS = 120.0  # far longer than S3 is given, waiting for a thread included
SWEEP_SECONDS = 60.0


class Pictures:
    """Every method raises BackendUnavailable. Who dies leaves a document that is not heeded when its time is over."""

    def __init__(self, store: Store, wall_clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._wall_clock = wall_clock

    async def used(self, keys: Collection[str]) -> set[str]:
        """Those of at most a thousand pictures that a card or a person refers to."""
        wanted, owners = set(keys), {key.partition("/")[0] for key in keys}
        photos = await self._store.distinct("cards", "photo", {"photo": {"$in": list(wanted)}})
        people = await self._store.find("people", {"_id": {"$in": list(owners)}}, len(owners), fields={"avatar": 1})
        return wanted & {*photos, *(person["avatar"] for person in people)}

    async def begin_put(self, key: str) -> None:
        """Keeps sweeps away from a picture that is about to be put; several may. Raises Overloaded if one is at it."""
        over_or_put: Query = {"$or": [self._over(), {"sweeping": False}]}
        if not await self._take(key, PUT_SECONDS, over_or_put, sweeping=False):
            raise Overloaded("a sweep of this very picture")

    async def end_put(self, key: str) -> None:
        """It is there, and new. Not to be called if it may still come."""
        await self._store.delete(COLLECTION, key)

    async def begin_sweep(self, key: str) -> bool:
        """Keeps away whoever would put this picture; False if somebody is at it."""
        return await self._take(key, SWEEP_SECONDS, self._over(), sweeping=True)

    async def end_sweep(self, key: str) -> None:
        """It is gone, or stays. Not to be called if it may still go."""
        await self._store.delete(COLLECTION, key)

    async def _take(self, key: str, seconds: float, may_take: Query, *, sweeping: bool) -> bool:
        """Puts one's own document there, if there is none or one that may be taken over."""
        own = {"sweeping": sweeping, "until": self._wall_clock() + seconds}
        if await self._store.insert(COLLECTION, {"_id": key, **own}):
            return True
        return await self._store.update(COLLECTION, key, {"$set": own}, only_if=may_take) is not None

    def _over(self) -> Query:
        return {"until": {"$lt": self._wall_clock()}}
