"""The connection to MongoDB: the only file that knows motor.

Invariant: every call is bounded in time, is acknowledged by a majority if it writes, and fails as BackendUnavailable;
then whether a write happened is unknown. Nothing is retried here: what is safe to repeat is the caller's knowledge.
For whoever is not `patient`, a MongoDB that answers nothing at all fails a call well within a second.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import DuplicateKeyError, PyMongoError

from webapp.documents.silence import Silence
from webapp.documents.wire import counting_pool
from webapp.errors import BackendUnavailable
from webapp.traffic import Traffic

Document = dict[str, Any]
Query = Mapping[str, Any]
Order = tuple[str, int]

DATABASE = "postcards"
BULK_SECONDS = 60.0


class Store:
    """One database, in the few words the application needs. `traffic` counts what goes over its connections."""

    def __init__(
        self,
        url: str,
        *,
        deadline_seconds: float = 2.0,
        patient: bool = False,
        called: Callable[[str, str, float], None] = lambda operation, result, seconds: None,
    ) -> None:
        self.traffic = Traffic()
        milliseconds = int(deadline_seconds * 1000)
        self._client: Any = AsyncIOMotorClient(
            url,
            w="majority",
            retryWrites=False,
            tz_aware=True,
            serverSelectionTimeoutMS=min(800, milliseconds),
            connectTimeoutMS=min(800, milliseconds),
            socketTimeoutMS=milliseconds,
            maxPoolSize=32,
            _pool_class=counting_pool(self.traffic),
        )
        self._database: Any = self._client.get_default_database(DATABASE)
        self._deadline = deadline_seconds
        self._called = called
        self._silence = None if patient else Silence(lambda: self._database.command("ping"))

    async def close(self) -> None:
        """Closes the connections."""
        if self._silence is not None:
            await self._silence.close()
        self._client.close()

    async def ping(self) -> None:
        """Returns if there is an answer."""
        async with self._bounded("ping"):
            await self._database.command("ping")

    async def create_index(self, collection: str, keys: Sequence[Order], *, unique: bool) -> None:
        """Creates an index unless it is there."""
        async with self._bounded("index", BULK_SECONDS):
            await self._database[collection].create_index(list(keys), unique=unique)

    async def find_one(self, collection: str, query: Query, fields: Query | None = None) -> Document | None:
        """The first document that matches."""
        async with self._bounded("read"):
            found: Document | None = await self._database[collection].find_one(query, fields)
        return found

    async def find(
        self, collection: str, query: Query, limit: int, *, order: Order | None = None, fields: Query | None = None
    ) -> list[Document]:
        """At most `limit` documents that match."""
        if limit <= 0:
            return []
        async with self._bounded("read"):
            cursor = self._database[collection].find(query, fields)
            if order is not None:
                cursor = cursor.sort([order])
            found: list[Document] = await cursor.limit(limit).to_list(limit)
        return found

    async def count(self, collection: str, query: Query) -> int:
        """How many documents match."""
        async with self._bounded("read"):
            return int(await self._database[collection].count_documents(query))

    async def distinct(self, collection: str, field: str, query: Query) -> list[Any]:
        """The values that a field has among the documents that match; the query has to bound how many these are."""
        async with self._bounded("read"):
            found: list[Any] = await self._database[collection].distinct(field, query)
        return found

    async def insert(self, collection: str, document: Document) -> bool:
        """Inserts a document; False if one with the same unique keys is there."""
        async with self._bounded("write"):
            try:
                await self._database[collection].insert_one(document)
            except DuplicateKeyError:
                return False
        return True

    async def insert_many(self, collection: str, documents: Sequence[Document]) -> None:
        """Inserts those of the documents whose `_id` is not there yet."""
        async with self._bounded("bulk", BULK_SECONDS):
            ids = [document["_id"] for document in documents]
            cursor = self._database[collection].find({"_id": {"$in": ids}}, {"_id": 1})
            known = {found["_id"] for found in await cursor.to_list(len(ids))}
            fresh = [document for document in documents if document["_id"] not in known]
            if fresh:
                await self._database[collection].insert_many(fresh, ordered=False)

    async def update(
        self, collection: str, document_id: str, change: Query, *, only_if: Query | None = None
    ) -> Document | None:
        """Changes one document; how it is afterwards, None if it is not there (or not so, with `only_if`)."""
        async with self._bounded("write"):
            after: Document | None = await self._database[collection].find_one_and_update(
                {"_id": document_id, **(only_if or {})}, change, return_document=True
            )
        return after

    async def delete(self, collection: str, document_id: str) -> bool:
        """Deletes one document; False if it was not there."""
        async with self._bounded("write"):
            return bool((await self._database[collection].delete_one({"_id": document_id})).deleted_count)

    async def delete_many(self, collection: str, document_ids: Sequence[str]) -> None:
        """Deletes these documents, as far as they are there."""
        async with self._bounded("write"):
            await self._database[collection].delete_many({"_id": {"$in": list(document_ids)}})

    @asynccontextmanager
    async def _bounded(self, operation: str, seconds: float | None = None) -> AsyncIterator[None]:
        started = time.perf_counter()
        result = "error"
        try:
            async with asyncio.timeout(seconds or self._deadline) as limit:
                with self._silence.listening(limit) if self._silence and seconds is None else nullcontext():
                    yield
            result = "ok"
        except (PyMongoError, OSError, TimeoutError) as error:
            raise BackendUnavailable("mongodb", str(error) or type(error).__name__) from error
        except asyncio.CancelledError:
            result = "cancelled"
            raise
        finally:
            self._called(operation, result, time.perf_counter() - started)
