"""Sessions. Redis is their truth: a record per session, an index per person, nothing in the web process.

Invariants
- The cookie is `<tag>.<token>`: the person's random hash tag and 256 random bits. Redis knows only the token's hash,
  and an id that was not issued is never accepted.
- A field is written only while the session exists, so a late touch cannot bring back one that was logged out.
- A session ends by idleness (Redis expires it) or by age, whichever comes first.

Every method that asks Redis raises cache.Unavailable.
"""

import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TypedDict

from cache import Cache, Fields, Lookup, Unavailable

COOKIE = re.compile(r"([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{43})")
TOUCHES_PER_IDLE = 10
PREFERENCE = "pref:"


def new_tag() -> str:
    """A person's random hash tag; the cookie shows it to its owner only."""
    return secrets.token_urlsafe(12)


@dataclass(frozen=True, slots=True)
class Presented:
    """A session cookie of the right shape: whose it claims to be and the id its token hashes to."""

    tag: str
    session_id: str


@dataclass(frozen=True, slots=True)
class Session:
    """A living session. Times are epoch seconds; `seen` is when its person last looked at the board."""

    id: str
    tag: str
    person_id: str
    device: str
    place: str
    created: float
    last_seen: float
    expires: float
    ends: float
    seen: float
    version: int
    preferences: Mapping[str, str]


def presented(cookie: str | None) -> Presented | None:
    """What a cookie claims; None for anything that no `start` could have made."""
    match = COOKIE.fullmatch(cookie or "")
    return Presented(match[1], _id_of(match[2])) if match else None


class Sessions:
    """Starts, finds, touches, changes and ends sessions."""

    def __init__(
        self,
        cache: Cache,
        *,
        idle_seconds: float,
        absolute_seconds: float,
        event: Callable[[str], None] = lambda event: None,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._cache = cache
        self._records = cache.records("session")
        self._idle = idle_seconds
        self._absolute = absolute_seconds
        self._event = event
        self._now = wall_clock

    async def start(self, tag: str, person_id: str, device: str, place: str = "") -> tuple[str, int]:
        """A new session's cookie, and the person's version."""
        token, now = _new_token(), self._now()
        fields = {**self._times(now), "person": person_id, "device": device, "place": place, "seen": repr(now)}
        version = await self._records.create(tag, _id_of(token), fields, **self._life(now))
        self._event("started")
        return f"{tag}.{token}", version

    async def renew(self, session: Session) -> tuple[str, int] | None:
        """The same session under a new id, as if it began now: its new cookie, and the person's version; None if it is
        over. Its former id is worth nothing from now on."""
        token, now = _new_token(), self._now()
        version = await self._records.rename(
            session.tag, session.id, _id_of(token), self._times(now), **self._life(now)
        )
        if version < 0:
            return None
        self._event("renewed")
        return f"{session.tag}.{token}", version

    def lookup(self, claim: Presented, floor: int) -> Lookup[Fields]:
        """Asks for the session behind a cookie."""
        return self._records.lookup(claim.tag, claim.session_id, floor=floor)

    def key(self, session: Session) -> str:
        """The record a write of this session depends on."""
        return self._records.key(session.tag, session.id)

    def read(self, claim: Presented, fields: Fields) -> Session | None:
        """The session in a record, unless it is over or no session at all."""
        try:
            last_seen, ends = float(fields["last_seen"]), float(fields["ends"])
            session = Session(
                id=claim.session_id,
                tag=claim.tag,
                person_id=fields["person"],
                device=fields["device"],
                place=fields.get("place", ""),
                created=float(fields["created"]),
                last_seen=last_seen,
                expires=min(last_seen + self._idle, ends),
                ends=ends,
                seen=float(fields["seen"]),
                version=int(fields["version"]),
                preferences={
                    name.removeprefix(PREFERENCE): value
                    for name, value in fields.items()
                    if name.startswith(PREFERENCE)
                },
            )
        except (KeyError, ValueError):
            return None
        return session if self._now() < session.expires else None

    async def touch(self, session: Session, *, seen: float | None = None) -> None:
        """Notes that the session is in use, at most ten times per idle time, and at once where the mark moves."""
        now = self._now()
        due = now - session.last_seen >= self._idle / TOUCHES_PER_IDLE
        if not due and seen is None:
            self._event("touch_saved")
            return
        fields = {"last_seen": repr(now)} | ({} if seen is None else {"seen": repr(seen)})
        lives = min(self._idle, session.ends - now)
        await self._records.change(session.tag, session.id, fields, lives_seconds=lives, counts=False)
        self._event("touched")

    async def prefer(self, session: Session, preferences: Mapping[str, str]) -> int | None:
        """Writes preferences, each a field of its own; the person's new version, or None if the session is over."""
        fields = {PREFERENCE + name: value for name, value in preferences.items()}
        version = await self._records.change(session.tag, session.id, fields)
        return version if version > 0 else None

    async def end(self, tag: str, *session_ids: str) -> int:
        """Ends sessions for good; how many were alive."""
        gone = await self._records.delete(tag, session_ids) if session_ids else 0
        for _ in range(gone):
            self._event("ended")
        return gone

    async def settle(self, tag: str) -> None:
        """Returns when what was ended of a person stays ended, should Redis's master die now.

        Raises Unavailable if that is not known; the sessions are over all the same, while that master lives.
        """
        if not await self._cache.replicated(tag):
            raise Unavailable("script", "no replica has it yet")

    async def list(self, tag: str) -> list[Session]:
        """A person's living sessions, the one last seen first."""
        found = [self.read(Presented(tag, session_id), fields) for session_id, fields in await self._records.list(tag)]
        return sorted((each for each in found if each is not None), key=lambda each: -each.last_seen)

    def _times(self, now: float) -> dict[str, str]:
        return {"created": repr(now), "last_seen": repr(now), "ends": repr(now + self._absolute)}

    def _life(self, now: float) -> "_Life":
        return {"lives_seconds": min(self._idle, self._absolute), "now": now, "ends": now + self._absolute}


class _Life(TypedDict):
    lives_seconds: float
    now: float
    ends: float


def _new_token() -> str:
    return secrets.token_urlsafe(32)


def _id_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()
