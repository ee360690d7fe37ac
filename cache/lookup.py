"""What can be asked for: a kept value of a region, or a record whose truth is Redis.

A `Lookup` says which command reads it; its `Source` says what a reply holds. Several are asked together in one round
trip (`Cache.look`); that is why asking is apart from answering.
"""

from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from cache.connection import Command, Reply
from cache.hot import Entry
from cache.observer import Tier

T = TypeVar("T")

Stale = Literal["", "refreshing", "error", "outage"]
"""Why a value past its time was answered; "" for one that is fresh."""


class Answer(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """A value and where it came from.

    `version` is the owner's version it was read at: every write acknowledged with that version or a lower one is in it.
    Writes begun later may be: no later than `floor`, with which whoever was shown it has to ask from now on.
    """

    value: T
    tier: Tier
    version: int
    age_seconds: float
    stale: Stale = ""
    overtaken_by: int = 0  # the version that had been reached when a load was over that was not stored

    @property
    def floor(self) -> int:
        """The lowest version that may be shown to whoever has seen this."""
        return max(self.version, self.overtaken_by)


class ForeignReply(Exception):
    """The value in a reply says that it belongs to another key."""


class Source(Protocol):
    """Where a lookup's value is read and what a reply holds."""

    @property
    def name(self) -> str: ...

    @property
    def refresh_seconds(self) -> float:
        """How long past its time a value is answered while it is being refreshed."""

    @property
    def outage(self) -> bool:
        """Whether a copy past its trust may be answered, marked stale, while Redis cannot be reached."""

    def command(self, key: str) -> Command:
        """What reads the key."""

    def entry(self, tag: str, key: str, reply: Reply, *, version: int, left_ms: int, now: float) -> Entry | None:
        """What a reply holds, still encoded; None for nothing, garbage or too much.

        `left_ms` is PTTL's reply, `now` the clock when it was asked. Raises ForeignReply.
        """

    def decode(self, entry: Entry) -> Any:
        """The value of an entry that is not decoded yet; None for garbage."""


class Lookup(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """One thing asked for: whose, under which key, and the lowest version that may be answered."""

    source: Source
    tag: str
    key: str
    floor: int
