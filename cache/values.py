"""What a region's values look like in Redis: under which key, in which form, and what is none of them.

Invariant: garbage, another release's shape, another key's value and a value too large are all misses: counted, logged
once, and overwritten by the next load.
"""

import logging
import random
from typing import Final, Generic, TypeVar

from cache.codec import Codec
from cache.connection import Command, Reply
from cache.errors import Misuse
from cache.hot import Entry, weigh
from cache.lookup import ForeignReply
from cache.observer import Observer
from cache.options import RegionOptions
from cache.shared import checked_name

T = TypeVar("T")

TTL_JITTER: Final = 0.1  # values stored together must not expire together

_log = logging.getLogger(__name__)


def outlives(left_ms: int, life_ms: int) -> bool:
    """Whether Redis would keep it for longer than it may live: its clock was set back, and nobody knows the age."""
    return left_ms > life_ms


class Values(Generic[T]):
    """The `Source` of a region. Raises Misuse for a type whose values could be changed by whoever reads them."""

    def __init__(self, value_type: type[T], options: RegionOptions, *, prefix: str, observer: Observer) -> None:
        self.name = checked_name("a region", options.name)
        self.refresh_seconds = options.refresh_seconds
        self.outage = options.outage
        self.head = f"{prefix}{self.name}:{options.schema}:{{"
        self._options = options
        self._codec = Codec(value_type)
        self._observer = observer
        self._complained = False

    def key(self, tag: str) -> str:
        """The Redis key of the owner's value. Raises Misuse for a tag that cannot be part of one."""
        return f"{self.head}{checked_name('a tag', tag)}}}"

    def command(self, key: str) -> Command:
        """What reads the key."""
        return ("GET", key)

    def entry(self, tag: str, key: str, reply: Reply, *, version: int, left_ms: int, now: float) -> Entry | None:
        """The value in a reply, still encoded; None for nothing, garbage or too much. Raises ForeignReply."""
        if reply is None:
            return None
        if not isinstance(reply, bytes):
            self._garbage("garbage", key)
            return None
        if len(reply) > self._options.max_value_bytes:
            self._garbage("too_large", key)
            return None
        envelope = self._codec.open(reply)
        if envelope is None or envelope.life_ms <= 0:
            self._garbage("garbage", key)
            return None
        if envelope.key != key:
            self._garbage("foreign", key)
            raise ForeignReply
        if outlives(left_ms, envelope.life_ms):
            return None
        left_ms = envelope.life_ms if left_ms < 0 else left_ms
        expires_at = now + left_ms / 1000
        return Entry(
            region=self.name,
            tag=tag,
            value=envelope.payload,
            version=version,
            stamp=envelope.stamp,
            made_at=now - (envelope.life_ms - left_ms) / 1000,
            fresh_until=expires_at - self._options.stale_seconds,
            expires_at=expires_at,
            weight=weigh(len(reply)),
        )

    def decode(self, entry: Entry) -> T | None:
        """The value of an entry; None for bytes of another shape."""
        value = self._codec.decode(entry.value)
        if value is None:
            self._garbage("garbage", self.key(entry.tag))
        return value

    def encode(self, key: str, value: T) -> tuple[bytes, int] | None:
        """The value as it is stored, and for how many ms; None if it is too large.

        Raises Misuse for a value that MessagePack cannot carry.
        """
        options = self._options
        fresh = options.ttl_seconds * random.uniform(1 - TTL_JITTER, 1)  # noqa: S311  # jitter, not a secret
        life_ms = max(1, int((fresh + options.stale_seconds) * 1000))
        try:
            encoded = self._codec.encode(key, value, life_ms)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise Misuse(f"region {self.name!r}: this value cannot be stored: {error}") from error
        if len(encoded) > options.max_value_bytes:
            self._garbage("too_large", key)
            return None
        return encoded, life_ms

    def _garbage(self, reason: str, key: str) -> None:
        self._observer.garbage_found(self.name, reason)
        if not self._complained:
            self._complained = True
            _log.warning("what Redis holds for region %r cannot be used (%s); more is only counted", self.name, reason)
            _log.debug("it was found under %s", key)
