"""Boards kept ready in MongoDB: the worker computes them before they are asked for (`BOARD_STRATEGY=denormalised`).

Whoever has looked at their board within ten minutes has it computed anew at half its freshness, and right after a write
of their own. So a request finds it ready; where it does not (a first look, a worker that is down or behind), the web
process computes it itself: freshness is kept in any case, only speed depends on the worker.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog

from webapp.documents import Documents
from webapp.errors import BackendUnavailable
from webapp.feed import compute_board
from webapp.model import Board

LOOKED_AT_SECONDS: Final = 600.0
NOTED_EVERY_SECONDS: Final = 60.0
ROUND_SECONDS: Final = 0.5
AT_ONCE: Final = 2
MOST_IN_A_ROUND: Final = 200
AWAY_SECONDS: Final = 2.0

log = structlog.get_logger("webapp.keeping")


class Keeping:
    """The worker's side of it (`run`) and the web process's. `fresh_seconds`: how old a board may be."""

    def __init__(
        self, documents: Documents, *, wanted: bool, fresh_seconds: float, wall_clock: Callable[[], float] = time.time
    ) -> None:
        self._documents = documents
        self._wanted = wanted
        self._fresh = fresh_seconds
        self._now = wall_clock

    async def board_of(self, person_id: str) -> tuple[Board, bool]:
        """A person's board, and whether it was ready. Raises BackendUnavailable."""
        now = self._now()
        kept = await self._documents.boards.one(person_id, now)
        if now - kept.read > NOTED_EVERY_SECONDS:
            await self._documents.boards.was_read(person_id, now)
        if kept.board is not None and now - kept.board.computed < self._fresh:
            return kept.board, True
        return await self._compute(person_id, kept.generation), False

    async def changed(self, person_id: str) -> None:
        """Tells of a write by this person that their board may show, once it is done and before it is answered.

        Nothing to do where boards are not kept ready. Raises BackendUnavailable.
        """
        if self._wanted:
            await self._documents.boards.end(person_id)

    async def run(self) -> None:
        """Keeps boards ready until cancelled, whatever becomes of MongoDB meanwhile."""
        while True:
            try:
                await self.round()
                await asyncio.sleep(ROUND_SECONDS)
            except* BackendUnavailable as away:
                log.warning("boards are not kept ready just now", cause=str(away.exceptions[0]))
                await asyncio.sleep(AWAY_SECONDS)

    async def round(self) -> int:
        """Computes what is due now, a few at a time; how many. Raises BackendUnavailable."""
        now = self._now()
        due = await self._documents.boards.due(
            read_since=now - LOOKED_AT_SECONDS, computed_before=now - self._fresh / 2, limit=MOST_IN_A_ROUND
        )
        turn = asyncio.Semaphore(AT_ONCE)

        async def compute(person_id: str, generation: int) -> None:
            async with turn:
                await self._compute(person_id, generation)

        async with asyncio.TaskGroup() as computing:
            for each in due:
                computing.create_task(compute(*each))
        return len(due)

    async def _compute(self, person_id: str, generation: int) -> Board:
        board = await compute_board(self._documents, person_id)
        if await self._documents.boards.keep(person_id, generation, board):
            return board
        newer = (await self._documents.boards.one(person_id, self._now())).board  # somebody may have been shown it
        return newer if newer is not None and newer.computed > board.computed else board
