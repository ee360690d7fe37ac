"""Exports that were asked for, how far they are, and who makes them.

What is here is the truth about the job; the queue only makes it quick. An archive is made by whoever holds its claim,
which is a name with an end: a process that dies holds it no longer than CLAIM_SECONDS, and not at all once a process of
the same name has begun. What it does is written only while it holds the claim. (The clocks of two workers must not
differ by as much.)
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webapp.documents.store import Document, Query, Store
from webapp.errors import NotFound
from webapp.model import Report

COLLECTION = "reports"
NEWEST_FIRST, OLDEST_FIRST = ("created", -1), ("created", 1)
UNFINISHED = {"$in": ["queued", "running"]}
NOBODY = {"worker": None, "process": None}
CLAIM_SECONDS = 30.0
LEFT_TO_THE_QUEUE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who makes archives: a worker's name, an id of the process, which nobody else ever has, and when it began."""

    worker: str
    process: str
    began: float = field(default_factory=time.time)


class Reports:
    """Every method raises BackendUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, report_id: str, user: str) -> None:
        """Notes that an export was asked for; again changes nothing."""
        document = {
            "_id": report_id,
            "user": user,
            "state": "queued",
            "progress": 0,
            "created": time.time(),
            "key": None,
            "attempts": 0,
            "claimed_until": 0.0,
            **NOBODY,
        }
        await self._store.insert(COLLECTION, document)

    async def claim(self, report_id: str, user: str, claimant: Claimant) -> Report | None:
        """The report, to be made by this claimant; None if it is finished, or somebody else makes it."""
        now = time.time()
        claimed = await self._store.update(
            COLLECTION,
            report_id,
            {
                "$set": {
                    "state": "running",
                    "progress": 0,
                    "worker": claimant.worker,
                    "process": claimant.process,
                    "claimed_until": now + CLAIM_SECONDS,
                },
                "$inc": {"attempts": 1},
            },
            only_if={"user": user, "state": UNFINISHED, "$or": _free(claimant, now)},
        )
        return None if claimed is None else _report(claimed)

    async def keep(self, report_id: str, claimant: Claimant, progress: int) -> bool:
        """Notes how far it is, and holds the claim for longer; False if it is lost."""
        changes = {"progress": progress, "claimed_until": time.time() + CLAIM_SECONDS}
        return await self._change(report_id, claimant, changes)

    async def finish(self, report_id: str, claimant: Claimant, key: str) -> bool:
        """The archive is there; False if the claim is lost."""
        return await self._change(report_id, claimant, {"state": "done", "progress": 100, "key": key, **NOBODY})

    async def fail(self, report_id: str, claimant: Claimant) -> bool:
        """There will be no archive; False if the claim is lost."""
        return await self._change(report_id, claimant, {"state": "failed", **NOBODY})

    async def release(self, report_id: str, claimant: Claimant, *, after_seconds: float) -> bool:
        """Somebody else is to make it, some time later; False if the claim is lost."""
        until = time.time() + after_seconds
        return await self._change(report_id, claimant, {"state": "queued", "claimed_until": until, **NOBODY})

    async def next_free(self, claimant: Claimant) -> tuple[str, str] | None:
        """User and id of the oldest report that nobody makes, though it was asked for a while ago; None if none is."""
        now = time.time()
        query = {
            "state": UNFINISHED,
            "created": {"$lt": now - LEFT_TO_THE_QUEUE_SECONDS},
            "$or": _free(claimant, now),
        }
        found = await self._store.find(COLLECTION, query, 1, order=OLDEST_FIRST, fields={"user": 1})
        return (found[0]["user"], found[0]["_id"]) if found else None

    async def oldest_queued(self) -> float | None:
        """When the one that has waited longest was asked for; None if none waits."""
        found = await self._store.find(COLLECTION, {"state": "queued"}, 1, order=OLDEST_FIRST, fields={"created": 1})
        return found[0]["created"] if found else None

    async def waiting(self) -> int:
        """How many wait for a worker."""
        return await self._store.count(COLLECTION, {"state": "queued"})

    async def one(self, report_id: str, user: str) -> Report:
        """One report of this user. Raises NotFound, also for another user's."""
        found = await self._store.find_one(COLLECTION, {"_id": report_id, "user": user})
        if found is None:
            raise NotFound("report")
        return _report(found)

    async def newest(self, user: str, limit: int) -> list[Report]:
        """The newest reports of a user."""
        found = await self._store.find(COLLECTION, {"user": user}, limit, order=NEWEST_FIRST)
        return [_report(each) for each in found]

    async def before(self, moment: float, limit: int) -> list[tuple[str, str]]:
        """User and id of reports that were asked for before this moment."""
        query = {"created": {"$lt": moment}}
        found = await self._store.find(COLLECTION, query, limit, fields={"user": 1})
        return [(each["user"], each["_id"]) for each in found]

    async def remove(self, report_id: str) -> None:
        """Forgets a report."""
        await self._store.delete(COLLECTION, report_id)

    async def _change(self, report_id: str, claimant: Claimant, changes: Mapping[str, Any]) -> bool:
        held = {"process": claimant.process, "state": "running"}
        return await self._store.update(COLLECTION, report_id, {"$set": dict(changes)}, only_if=held) is not None


def _free(claimant: Claimant, now: float) -> Sequence[Query]:
    """Whose claim has ended, or is one that an earlier process of the same worker left. (None: of an earlier release.)

    One that was held on to since this process began is not: then two workers were given the same name.
    """
    left_before = {"$lt": claimant.began + CLAIM_SECONDS}
    return [
        {"claimed_until": None},
        {"claimed_until": {"$lt": now}},
        {"worker": claimant.worker, "process": {"$ne": claimant.process}, "claimed_until": left_before},
    ]


def _report(found: Document) -> Report:
    return Report(
        found["_id"], found["state"], found["progress"], found["created"], found["key"], found.get("attempts", 0)
    )
