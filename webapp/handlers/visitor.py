"""Who is asking: the session behind the cookie, its person, and, where wanted, their board, in one round trip.

Invariants
- A request without a session cookie never touches the session store.
- What is read by a cookie's tag is used only once the session it names has been found (the guard of `Cache.look`).
- Two cookies carry the highest version of their person that this browser has seen, and nothing older is shown to it
  again: `floor`, set by writes and log-in, and `floor-read`, set by reads that saw more. They are two so that the
  answer to a slow read, coming in behind that to a write, cannot take back what the write raised.
- A read may be answered from copies while Redis is away, marked stale; nothing that writes is.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cache import (
    Answer,
    Fields,
    Overloaded,
    Stale,
    Unavailable,
)
from webapp import outage
from webapp.errors import NotFound
from webapp.feed import compute_board
from webapp.handlers.base import Base
from webapp.model import Board, Person
from webapp.sessions import Presented, Session, presented

MOST_DIGITS = 15
FLOOR, FLOOR_READ = "floor", "floor-read"


@dataclass(frozen=True)
class Visitor:
    """Somebody who is logged in.

    `version` is the lowest version of theirs that this answer reflects; `stale` why it may be out of date: a store is
    away (`outage` is Redis, `error` MongoDB). "" if it is not.
    """

    session: Session
    person: Person
    board: Answer[Board] | None
    version: int
    stale: Stale


class Visited(Base):
    """A handler that can tell who is asking. `known` is that person once `visitor` has found them."""

    known: Person | None = None
    board_was_ready = False
    _raised = 0
    _claimed: str | None = None

    async def prepare(self) -> None:
        await super().prepare()
        claim = self.claim()
        if claim is not None:
            self._claimed = claim.tag
            self.resources.held.begin(claim.tag)

    def on_finish(self) -> None:
        super().on_finish()
        self.is_over()

    def on_connection_close(self) -> None:
        super().on_connection_close()
        self.is_over()

    def is_over(self) -> None:
        """Nothing that is still to be sent concerns where this person belongs."""
        if self._claimed is not None:
            self.resources.held.end(self._claimed)
            self._claimed = None

    async def visitor(self, *, board: bool = False) -> Visitor | None:
        """The person logged in, or None. Raises cache.Unavailable, BackendUnavailable, cache.Overloaded."""
        claim = self.claim()
        if claim is None:
            return None
        found = await self._look(claim, board=board and self.resources.settings.caches_boards)
        if found is None:
            self.resources.metrics.session_event("refused")
            # A script's request may have been under way when the page's session got a new id, whose cookie stays.
            if self.request.headers.get("Sec-Fetch-Dest", "document") == "document":
                self.forget_session()
            return None
        session, record, profile, kept = found
        self.tag = session.tag
        self.resources.held.seen(session.tag)
        try:
            if profile is None and kept is None and board:
                person, kept = await asyncio.gather(self._person_of(session), self._board_of(session, record.version))
            else:
                person = profile or await self._person_of(session)
                kept = kept or (await self._board_of(session, record.version) if board else None)
        except NotFound:
            return None
        answers: list[Answer[Any]] = [record, person, *([kept] if kept else [])]
        if kept:
            self.evidence.board_tier = "mongodb" if self.board_was_ready else kept.tier
            self.evidence.board_stale = kept.stale
        self.known = person.value
        self.raise_floor(FLOOR_READ, max(answer.floor for answer in answers))
        version = min(answer.version for answer in answers)
        stale = _worst([answer.stale for answer in answers])
        self.evidence.stale = stale
        return Visitor(session, person.value, kept, version, stale)

    async def insist(self, *, board: bool = False) -> Visitor:
        """The person logged in; anybody else is answered that they are not, as this kind of handler does."""
        raise NotImplementedError

    def remember_session(self, cookie: str, version: int) -> None:
        """Gives the browser its session, and a floor of its own, lower than the one it had or not."""
        seconds = self.resources.settings.session_absolute_seconds
        self.give_cookie("session", cookie, seconds=seconds)
        self.give_cookie(FLOOR, str(version), seconds=seconds)
        self._take_cookie(FLOOR_READ)

    def forget_session(self) -> None:
        """Takes the session's cookies from the browser."""
        for name in ("session", FLOOR, FLOOR_READ):
            self._take_cookie(name)

    def claim(self) -> Presented | None:
        """What the session cookie claims, unproven."""
        return presented(self.cookie("session"))

    async def touch(self, visitor: Visitor, *, seen: float | None = None) -> None:
        """Notes that the session is in use; an outage is no reason to fail or delay a page that was read."""
        try:
            if visitor.stale == "outage":
                raise Unavailable("script", "the page itself was read without Redis")
            async with asyncio.timeout(outage.TOUCH_PATIENCE_SECONDS):
                await self.resources.sessions.touch(visitor.session, seen=seen)
        except (Unavailable, Overloaded, TimeoutError):
            self.resources.metrics.session_event("touch_lost")

    async def _look(
        self, claim: Presented, *, board: bool
    ) -> tuple[Session, Answer[Fields], Answer[Person] | None, Answer[Board] | None] | None:
        resources, floor = self.resources, self._floor()
        lookups: list[Any] = [
            resources.sessions.lookup(claim, floor),
            resources.profiles.lookup(claim.tag, floor=floor),
        ]
        if board:
            lookups.append(resources.boards.lookup(claim.tag, floor=floor))
        started = time.perf_counter()
        answers = await resources.cache.look(*lookups, stale=outage.may_be_stale(self.route, self.request.method))
        took_ms = (time.perf_counter() - started) * 1000
        record: Answer[Fields] | None = answers[0]
        session = resources.sessions.read(claim, record.value) if record else None
        if record is None or session is None:
            return None
        self.evidence.session_tier, self.evidence.session_ms = record.tier, took_ms
        self.evidence.session_stale = record.stale
        if board and answers[2] is not None:
            self.evidence.board_ms = took_ms
        return session, record, answers[1], answers[2] if board else None

    async def _person_of(self, session: Session) -> Answer[Person]:
        """The profile, which is not cached. Raises NotFound."""
        resources = self.resources
        return await resources.profiles.fill(
            session.tag, lambda: resources.documents.people.by_id(session.person_id), floor=self._floor()
        )

    async def _board_of(self, session: Session, version: int) -> Answer[Board]:
        """The board, which is not cached; `version` is its owner's before it is computed."""
        resources = self.resources
        started = time.perf_counter()
        try:
            match resources.settings.board_strategy:
                case "compute":
                    board = await compute_board(resources.documents, session.person_id)
                    return Answer(board, "load", version, 0.0)
                case "denormalised":
                    board, self.board_was_ready = await resources.keeping.board_of(session.person_id)
                    return Answer(board, "load", version, max(0.0, time.time() - board.computed))
            return await resources.boards.fill(
                session.tag, lambda: compute_board(resources.documents, session.person_id), floor=self._floor()
            )
        finally:
            self.evidence.board_ms = (time.perf_counter() - started) * 1000

    def _floor(self) -> int:
        return max(_version_in(self.cookie(name)) for name in (FLOOR, FLOOR_READ))

    def raise_floor(self, name: str, version: int) -> None:
        """Lets this browser see nothing of its person older than `version` any more."""
        if version > max(self._floor(), self._raised):
            self._raised = version
            self.give_cookie(name, str(version), seconds=self.resources.settings.session_absolute_seconds)

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

    def _take_cookie(self, name: str) -> None:
        if self.cookie(name) is not None or (name != "session" and self._raised):
            self.clear_cookie(self._cookie(name), path="/", secure=self.resources.settings.secure)


def _version_in(given: str | None) -> int:
    """A version as a cookie carries it; 0 for what is none. A forged one costs its sender a look into Redis."""
    return int(given) if given and given.isascii() and given.isdigit() and len(given) <= MOST_DIGITS else 0


def in_words(seconds: float) -> str:
    """A time to wait, as one says it."""
    minutes = round(seconds / 60)
    if minutes < 2:
        return "a minute"
    return f"{minutes} minutes" if minutes < 100 else f"{round(seconds / 3600)} hours"


def _worst(reasons: Sequence[Stale]) -> Stale:
    return next((reason for reason in ("outage", "error", "refreshing") if reason in reasons), "")
