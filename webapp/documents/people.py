"""People and their accounts."""

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from webapp.documents.counters import Facts, recount
from webapp.documents.store import Document, Store
from webapp.errors import Conflict, NotFound
from webapp.model import Account, Person, PersonRef

COLLECTION = "people"


def person_document(account: Account, name: str, *, bio: str = "", joined: float | None = None) -> Document:
    """How a person is kept."""
    return {
        "_id": account.id,
        "tag": account.tag,
        "handle": account.handle,
        "password": account.password_hash,
        "name": name,
        "bio": bio,
        "avatar": None,
        "followers": 0,
        "following": 0,
        "cards": 0,
        "joined": time.time() if joined is None else joined,
    }


class People:
    """Every method raises BackendUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, account: Account, name: str) -> Person:
        """Creates an account. Raises Conflict if the handle is taken."""
        document = person_document(account, name)
        if not await self._store.insert(COLLECTION, document):
            raise Conflict("handle", f"The handle {account.handle!r} is taken.")
        return _person(document)

    async def account(self, handle: str) -> Account | None:
        """The account behind a handle, if there is one."""
        found = await self._store.find_one(COLLECTION, {"handle": handle})
        return None if found is None else Account(found["_id"], found["tag"], found["handle"], found["password"])

    async def unchanged(self, account: Account) -> Person | None:
        """The person, unless their account is gone or has another password by now."""
        found = await self._store.find_one(COLLECTION, {"_id": account.id, "password": account.password_hash})
        return None if found is None else _person(found)

    async def change_password(self, account: Account, password_hash: str) -> bool:
        """Gives the account another password; False if it is not as it was any more."""
        only_if = {"password": account.password_hash}
        change = {"$set": {"password": password_hash}}
        return await self._store.update(COLLECTION, account.id, change, only_if=only_if) is not None

    async def by_id(self, person_id: str) -> Person:
        """A profile. Raises NotFound."""
        return await self._one({"_id": person_id})

    async def by_handle(self, handle: str) -> Person:
        """A profile. Raises NotFound."""
        return await self._one({"handle": handle})

    async def most_followed(self, prefix: str, limit: int) -> list[Person]:
        """The most followed people, of those whose handle starts with `prefix`."""
        query = {"handle": {"$regex": f"^{re.escape(prefix)}"}} if prefix else {}
        return [_person(found) for found in await self._store.find(COLLECTION, query, limit, order=("followers", -1))]

    async def change(self, person_id: str, changes: Mapping[str, Any]) -> None:
        """Sets fields of a profile."""
        await self._store.update(COLLECTION, person_id, {"$set": dict(changes)})

    async def count(self, person_id: str, counter: str, facts: Facts) -> None:
        """Puts a counter (followers, following, cards) right after its facts changed."""
        await recount(self._store, COLLECTION, person_id, counter, facts)

    async def refs(self, person_ids: Iterable[str]) -> dict[str, PersonRef]:
        """People as authors, by id; those who are gone are left out."""
        ids = list(dict.fromkeys(person_ids))
        fields = {"handle": 1, "name": 1, "avatar": 1}
        found = await self._store.find(COLLECTION, {"_id": {"$in": ids}}, len(ids), fields=fields)
        return {each["_id"]: PersonRef(each["handle"], each["name"], each["avatar"]) for each in found}

    async def _one(self, query: Mapping[str, str]) -> Person:
        found = await self._store.find_one(COLLECTION, query)
        if found is None:
            raise NotFound("person")
        return _person(found)


def _person(found: Document) -> Person:
    return Person(
        found["_id"],
        found["handle"],
        found["name"],
        found["bio"],
        found["avatar"],
        found["followers"],
        found["following"],
        found["cards"],
        found["joined"],
    )
