"""When each job that comes round is due next: one time for all workers, whichever of them does it."""

import time

from webapp.documents.store import Store

COLLECTION = "schedule"
CLAIM_SECONDS = 600.0


class Schedule:
    """Every method raises BackendUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def claim(self, job: str) -> bool:
        """Whether the job is due, and this caller's to do. If nothing more is heard of it, it is due again later."""
        now = time.time()
        found = await self._store.find_one(COLLECTION, {"_id": job})
        if found is None:
            await self._store.insert(COLLECTION, {"_id": job, "due": now})
        elif found["due"] > now:
            return False
        claimed = {"$set": {"due": now + CLAIM_SECONDS}}
        return await self._store.update(COLLECTION, job, claimed, only_if={"due": {"$lte": now}}) is not None

    async def done(self, job: str, every_seconds: float) -> None:
        """It was done, and is due again after this time."""
        await self._store.update(COLLECTION, job, {"$set": {"due": time.time() + every_seconds}})
