"""Who follows whom. A follow's `_id` is the pair, so following again changes nothing."""

import asyncio
import time
from collections.abc import Sequence

from webapp.documents.people import People
from webapp.documents.store import Document, Store
from webapp.errors import Conflict

COLLECTION = "follows"
MOST_FOLLOWED = 500


def follow_document(follower: str, followee: str, at: float) -> Document:
    """How a follow is kept."""
    return {"_id": f"{follower}:{followee}", "follower": follower, "followee": followee, "at": at}


class Follows:
    """Every method raises BackendUnavailable."""

    def __init__(self, store: Store, people: People) -> None:
        self._store = store
        self._people = people

    async def add(self, follower: str, followee: str) -> None:
        """Makes one follow the other. Raises Conflict beyond the most one may follow."""
        many = await self._store.count(COLLECTION, {"follower": follower}) >= MOST_FOLLOWED
        if many and not await self.among(follower, [followee]):
            raise Conflict("handle", f"You follow {MOST_FOLLOWED} people already, which is the most.", 422)
        await self._store.insert(COLLECTION, follow_document(follower, followee, time.time()))
        await self._count(follower, followee)

    async def remove(self, follower: str, followee: str) -> None:
        """Ends it; again changes nothing."""
        await self._store.delete(COLLECTION, f"{follower}:{followee}")
        await self._count(follower, followee)

    async def among(self, follower: str, followees: Sequence[str]) -> set[str]:
        """Which of these people somebody follows."""
        ids = [f"{follower}:{followee}" for followee in followees]
        found = await self._store.find(COLLECTION, {"_id": {"$in": ids}}, len(ids), fields={"followee": 1})
        return {each["followee"] for each in found}

    async def pairs(self, followers: Sequence[str], limit: int) -> list[tuple[str, str]]:
        """Follower and followee, of these followers, at most `limit`."""
        if not followers:
            return []
        query = {"follower": followers[0] if len(followers) == 1 else {"$in": list(followers)}}
        found = await self._store.find(COLLECTION, query, limit, fields={"follower": 1, "followee": 1})
        return [(each["follower"], each["followee"]) for each in found]

    async def _count(self, follower: str, followee: str) -> None:
        await asyncio.gather(
            self._people.count(follower, "following", (COLLECTION, {"follower": follower})),
            self._people.count(followee, "followers", (COLLECTION, {"followee": followee})),
        )
