"""Who is asking: the session behind the cookie, its person, and, where wanted, their board, in one round trip.

Invariants
- A request without a session cookie never touches the session store.
- What is read by a cookie's tag is used only once the session it names has been found (the guard of `Cache.look`).
- The floor cookie carries the highest version this browser has seen; nothing older is shown to it again.
"""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from cache import Answer, Fields, Refused, Unavailable, Write
from webapp.errors import NotFound
from webapp.feed import compute_board
from webapp.handlers.base import Base
from webapp.model import Board, Person
from webapp.sessions import Presented, Session, presented

MOST_DIGITS = 15


@dataclass(frozen=True)
class Visitor:
    """Somebody who is logged in. `version` is the lowest version of theirs that this answer reflects."""

    session: Session
    person: Person
    board: Answer[Board] | None
    version: int


class Visited(Base):
    """A handler that can tell who is asking. `known` is that person once `visitor` has found them."""

    known: Person | None = None

    async def visitor(self, *, board: bool = False) -> Visitor | None:
        """The person logged in, or None. Raises cache.Unavailable, BackendUnavailable, cache.Overloaded."""
        claim = presented(self.cookie("session"))
        if claim is None:
            return None
        found = await self._look(claim, board=board and self.resources.settings.board_strategy != "compute")
        if found is None:
            self.resources.metrics.session_event("refused")
            self.forget_session()
            return None
        session, profile, kept = found
        floor = self._floor()
        try:
            person = profile or await self.resources.profiles.fill(
                claim.tag, lambda: self.resources.documents.people.by_id(session.person_id), floor=floor
            )
        except NotFound:
            return None
        if board:
            kept = kept or await self._load_board(session, floor)
            self.evidence.board_tier = kept.tier
        self.known = person.value
        version = min(answer.version for answer in (person, kept) if answer is not None)
        self.raise_floor(version)
        return Visitor(session, person.value, kept, version)

    @asynccontextmanager
    async def writing(self, session: Session) -> AsyncIterator[Write]:
        """Brackets a write of this person: refused if the session is gone, seen by whatever they read next."""
        keys = self.resources.keys_of(session.tag)
        alive = self.resources.sessions.key(session)
        async with self.resources.cache.write(session.tag, drop=keys, alive=alive) as write:
            yield write
        self.raise_floor(write.version)

    def raise_floor(self, version: int) -> None:
        """Lets this browser see nothing of its person older than `version` any more."""
        if version > self._floor():
            self.give_cookie("floor", str(version), seconds=self.resources.settings.session_absolute_seconds)

    async def set_preferences(self, visitor: Visitor, changes: Mapping[str, str]) -> int:
        """Writes fields of the session; the person's new version. Raises cache.Refused if it is over."""
        version = await self.resources.sessions.prefer(visitor.session, changes)
        if version is None:
            raise Refused("the session is over")
        self.raise_floor(version)
        return version

    def remember_session(self, cookie: str, version: int) -> None:
        """Gives the browser its session."""
        self.give_cookie("session", cookie, seconds=self.resources.settings.session_absolute_seconds)
        self.give_cookie("floor", str(version), seconds=self.resources.settings.session_absolute_seconds)

    def forget_session(self) -> None:
        """Takes the session's cookies from the browser."""
        for name in ("session", "floor"):
            if self.cookie(name) is not None:
                self.clear_cookie(self._cookie(name), path="/", secure=self.resources.settings.secure)

    def claim(self) -> Presented | None:
        """What the session cookie claims, unproven."""
        return presented(self.cookie("session"))

    async def touch(self, visitor: Visitor, *, seen: float | None = None) -> None:
        """Notes that the session is in use; an outage meanwhile is no reason to fail a page that was read."""
        try:
            await self.resources.sessions.touch(visitor.session, seen=seen)
        except Unavailable:
            self.resources.metrics.session_event("touch_lost")

    async def _look(
        self, claim: Presented, *, board: bool
    ) -> tuple[Session, Answer[Person] | None, Answer[Board] | None] | None:
        resources, floor = self.resources, self._floor()
        lookups: list[Any] = [
            resources.sessions.lookup(claim, floor),
            resources.profiles.lookup(claim.tag, floor=floor),
        ]
        if board:
            lookups.append(resources.boards.lookup(claim.tag, floor=floor))
        started = time.perf_counter()
        answers = await resources.cache.look(*lookups)
        took_ms = (time.perf_counter() - started) * 1000
        record: Answer[Fields] | None = answers[0]
        session = resources.sessions.read(claim, record.value) if record else None
        if record is None or session is None:
            return None
        self.evidence.session_tier, self.evidence.session_ms = record.tier, took_ms
        if board and answers[2] is not None:
            self.evidence.board_ms = took_ms
        return session, answers[1], answers[2] if board else None

    async def _load_board(self, session: Session, floor: int) -> Answer[Board]:
        resources = self.resources
        started = time.perf_counter()
        try:
            if resources.settings.board_strategy == "compute":
                board = await compute_board(resources.documents, session.person_id)
                return Answer(board, "load", floor, 0.0)
            return await resources.boards.fill(
                session.tag, lambda: compute_board(resources.documents, session.person_id), floor=floor
            )
        finally:
            self.evidence.board_ms = (time.perf_counter() - started) * 1000

    def _floor(self) -> int:
        given = self.cookie("floor") or ""
        return int(given) if given.isascii() and given.isdigit() and len(given) <= MOST_DIGITS else 0

    def cookie(self, name: str) -> str | None:
        """One of our cookies as the browser sent it."""
        return self.get_cookie(self._cookie(name))

    def give_cookie(self, name: str, value: str, *, seconds: float | None = None) -> None:
        """Sets one of our cookies, until the browser is closed if no time is given."""
        self.set_cookie(
            self._cookie(name),
            value,
            path="/",
            max_age=None if seconds is None else int(seconds),
            httponly=True,
            samesite="Lax",
            secure=self.resources.settings.secure,
        )

    def _cookie(self, name: str) -> str:
        return f"__Host-{name}" if self.resources.settings.secure else name
