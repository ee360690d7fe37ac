"""Boards kept ready, one document a person: the denormalised rung of the ladder.

Invariants
- A board is kept only over the generation it was computed in, and each write of its owner that may change it ends that
  generation, after the truth was changed and before the write is answered. So what is kept reflects every answered
  write of its owner's, whoever computed it and however long that took.
- It is kept only over one computed earlier, so nobody is shown an older one after a newer.
"""

from dataclasses import dataclass

import msgspec

from webapp.documents.store import Document, Store
from webapp.model import Board

COLLECTION = "boards"
OLDEST_FIRST = ("computed", 1)


@dataclass(frozen=True)
class KeptBoard:
    """What is there: a board or none, the generation, and when it was last asked for (epoch seconds)."""

    board: Board | None
    generation: int
    read: float


class Boards:
    """Every method raises BackendUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def one(self, person_id: str, now: float) -> KeptBoard:
        """A person's board; a first, empty generation of it begins if there was none."""
        found = await self._store.find_one(COLLECTION, {"_id": person_id})
        if found is None:
            first: Document = {"_id": person_id, "generation": 0, "computed": 0.0, "board": None, "read": now}
            if await self._store.insert(COLLECTION, first):
                return KeptBoard(None, 0, now)
            found = await self._store.find_one(COLLECTION, {"_id": person_id}) or first
        return KeptBoard(_board(found), found["generation"], found["read"])

    async def keep(self, person_id: str, generation: int, board: Board) -> bool:
        """Keeps a board that was computed in this generation; False if that is over, or holds a newer one."""
        change = {"board": msgspec.json.encode(board).decode(), "computed": board.computed}
        only_if = {"generation": generation, "computed": {"$lt": board.computed}}
        return await self._store.update(COLLECTION, person_id, {"$set": change}, only_if=only_if) is not None

    async def end(self, person_id: str) -> None:
        """Ends the generation: what was computed in it is not kept any more, nor what is still being computed."""
        change = {"$inc": {"generation": 1}, "$set": {"board": None, "computed": 0.0}}
        await self._store.update(COLLECTION, person_id, change)

    async def was_read(self, person_id: str, now: float) -> None:
        """Notes that somebody looks at this board."""
        await self._store.update(COLLECTION, person_id, {"$set": {"read": now}})

    async def due(self, *, read_since: float, computed_before: float, limit: int) -> list[tuple[str, int]]:
        """Person and generation of boards that somebody looks at and that are not young any more, oldest first."""
        query = {"read": {"$gt": read_since}, "computed": {"$lt": computed_before}}
        fields = {"generation": 1}
        found = await self._store.find(COLLECTION, query, limit, order=OLDEST_FIRST, fields=fields)
        return [(each["_id"], each["generation"]) for each in found]


def _board(found: Document) -> Board | None:
    return None if found["board"] is None else msgspec.json.decode(found["board"], type=Board)
