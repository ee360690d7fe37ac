"""What can be asked for: a kept value of a region, or a record whose truth is Redis.

A `Lookup` says which Redis command reads it and how the reply becomes a value. Several are asked together in one round
trip (`Cache.look`); that is why asking is apart from answering.
"""

import time
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from cache.link import Command, Reply
from cache.observer import Tier

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A value and where it came from. `version` is a lower bound of its owner's version it reflects."""

    value: T
    tier: Tier
    version: int
    age_seconds: float


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A value as it stood in Redis, with what it weighs in memory."""

    value: T
    version: int
    stored_at: float | None
    weight: int

    def answer(self) -> Answer[T]:
        """The value as an answer of the Redis tier."""
        age_seconds = 0.0 if self.stored_at is None else max(0.0, time.time() - self.stored_at)
        return Answer(self.value, "redis", self.version, age_seconds)


class Source(Protocol):
    """Where a lookup's value is read and how."""

    @property
    def name(self) -> str: ...

    @property
    def trust_seconds(self) -> float: ...

    def read(self, reply: Reply, version: int) -> Found[Any] | None:
        """The value in a reply read when the owner's version was at least `version`; None if there is none."""


@dataclass(frozen=True, slots=True)
class Lookup(Generic[T]):
    """One thing asked for: the owner's tag, the key, the command, and the lowest version that may be answered."""

    source: Source
    tag: str
    key: str
    command: Command
    floor: int

    def usable(self, reply: Reply, version: int) -> Found[T] | None:
        """What a reply holds, unless it is older than asked for. `version` is the owner's, read before the reply.

        A floor above it was reached by nobody (forged, or lost with Redis's data): then all there is will do.
        """
        found = self.source.read(reply, version)
        return found if found is not None and found.version >= min(self.floor, version) else None
