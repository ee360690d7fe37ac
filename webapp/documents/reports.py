"""Exports that were asked for, and how far they are."""

import time
from collections.abc import Mapping
from typing import Any

from webapp.documents.store import Document, Store
from webapp.errors import NotFound
from webapp.model import Report

COLLECTION = "reports"
NEWEST_FIRST = ("created", -1)


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
        }
        await self._store.insert(COLLECTION, document)

    async def change(self, report_id: str, changes: Mapping[str, Any]) -> None:
        """Sets fields of a report."""
        await self._store.update(COLLECTION, report_id, {"$set": dict(changes)})

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

    async def unfinished(self, limit: int) -> list[tuple[str, str]]:
        """User and id of reports that were asked for and are neither done nor failed."""
        query = {"state": {"$in": ["queued", "running"]}}
        found = await self._store.find(COLLECTION, query, limit, fields={"user": 1})
        return [(each["user"], each["_id"]) for each in found]


def _report(found: Document) -> Report:
    return Report(found["_id"], found["state"], found["progress"], found["created"], found["key"])
