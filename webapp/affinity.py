"""Where HAProxy meant to send this browser, and where it came out: a metric and a hint, never correctness.

HAProxy shows the application the affinity cookie a browser sent (X-Affinity) and the slot it chose (X-Slot); both are
set by HAProxy itself, never taken from outside. A slot's cookie value cannot be guessed: it is keyed. With `maxidle`
and `maxlife` HAProxy appends two dates, each 30 bits of epoch seconds / 4 in five base64 characters; a value without
dates was set by the application, and its bearer sent here on purpose.
"""

import base64
import hmac
from collections.abc import Callable
from hashlib import sha256

BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
VALUE_LENGTH = 22
DRAIN_MARK = "drain."
AFFINITY_COOKIE = "SRV"  # haproxy.cfg: cookie "${AFFINITY_COOKIE-SRV}"
MAX_IDLE_SECONDS = 30 * 60  # haproxy.cfg: cookie ... maxidle 30m
MAX_LIFE_SECONDS = 8 * 3600  # haproxy.cfg: cookie ... maxlife 8h
DATE_ROUNDING_SECONDS = 4

OUTCOMES = ("kept", "new", "moved_down", "moved_drain", "moved_rebalance", "expired", "forged")
MOVED = ("moved_down", "moved_drain", "moved_rebalance")


def slot_value(affinity_key: str, slot: str) -> str:
    """The affinity cookie's value of one slot: HMAC-SHA256, base64url, its first 22 characters (132 bits)."""
    digest = hmac.digest(affinity_key.encode(), slot.encode(), sha256)
    return base64.urlsafe_b64encode(digest).decode()[:VALUE_LENGTH]


def cookie_name(secure: bool) -> str:
    """The affinity cookie's name; by https it has the prefix that binds it to this host."""
    return f"__Host-{AFFINITY_COOKIE}" if secure else AFFINITY_COOKIE


class Affinity:
    """Classifies requests by the cookie that came and the slot that answers."""

    def __init__(self, affinity_key: str, slots: int, wall_clock: Callable[[], float]) -> None:
        self._values = {f"web-{n}": slot_value(affinity_key, f"web-{n}") for n in range(1, slots + 1)}
        self._slots = {value: slot for slot, value in self._values.items()}
        self._wall_clock = wall_clock

    def value_of(self, slot: str) -> str | None:
        """What sends a browser to a slot; None if there is no such slot."""
        return self._values.get(slot)

    def marked(self, slot: str) -> str | None:
        """What sends a browser anywhere else, and still tells whence it came; None if there is no such slot."""
        value = self._values.get(slot)
        return None if value is None else DRAIN_MARK + value

    def outcome(self, cookie: str, slot: str) -> str:
        """One of OUTCOMES for the cookie HAProxy saw ('' if none) and the slot it chose."""
        if not cookie:
            return "new"
        value, *dates = cookie.split("|")
        drained = value.startswith(DRAIN_MARK)
        meant = self._slots.get(value.removeprefix(DRAIN_MARK))
        if meant is None or not self._well_dated(dates):
            return "forged"
        if drained:
            return "moved_drain"
        if self._expired(dates):
            return "expired"
        if meant != slot:
            return "moved_down"
        return "kept" if dates else "moved_rebalance"

    def _well_dated(self, dates: list[str]) -> bool:
        return len(dates) <= 2 and all(not date or _epoch_seconds(date) is not None for date in dates)

    def _expired(self, dates: list[str]) -> bool:
        limits = (MAX_IDLE_SECONDS, MAX_LIFE_SECONDS)
        now = self._wall_clock()
        ages = (now - (_epoch_seconds(date) or now) for date in dates)
        return any(age > limit + DATE_ROUNDING_SECONDS for age, limit in zip(ages, limits, strict=False))


def _epoch_seconds(date: str) -> int | None:
    """HAProxy's five characters as epoch seconds; None for anything else."""
    places = [BASE64.find(character) for character in date]
    if len(places) != 5 or -1 in places:
        return None
    value = 0
    for place in places:
        value = value << 6 | place
    return value << 2
