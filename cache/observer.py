"""What happened, told as past facts. An observer can count them; it cannot change or fail a request.

The arithmetic: each lookup of a region is told once per tier it reached. A hit in `hot` ends there; a miss in `hot` is
followed by a hit or a miss in `redis`; a miss in `redis` is followed by a load that was joined or led. `loaded` is told
once per load, not per caller who waited for it.
"""

import logging
from typing import Literal, Protocol

Tier = Literal["hot", "redis", "load"]
TIERS: tuple[Tier, ...] = ("hot", "redis", "load")
EVICTION_REASONS = ("capacity", "expired", "too_large")
INVALIDATION_REASONS = ("own_write",)
OPERATIONS = ("read", "store", "begin", "commit", "script", "count")

_log = logging.getLogger(__name__)


class Observer(Protocol):
    """Told synchronously on the event loop; must be quick."""

    def looked_up(self, region: str, tier: Tier, hit: bool) -> None: ...
    def loaded(self, region: str, seconds: float, ok: bool) -> None: ...
    def load_refused(self, region: str) -> None: ...
    def evicted(self, region: str, reason: str) -> None: ...
    def invalidated(self, region: str, reason: str) -> None: ...
    def called(self, operation: str, result: str, seconds: float) -> None: ...


class NullObserver:
    """Listens to nothing."""

    def looked_up(self, region: str, tier: Tier, hit: bool) -> None: ...
    def loaded(self, region: str, seconds: float, ok: bool) -> None: ...
    def load_refused(self, region: str) -> None: ...
    def evicted(self, region: str, reason: str) -> None: ...
    def invalidated(self, region: str, reason: str) -> None: ...
    def called(self, operation: str, result: str, seconds: float) -> None: ...


class GuardedObserver:
    """Passes everything on to another observer and survives whatever that one raises (logged once)."""

    def __init__(self, inner: Observer) -> None:
        self._inner = inner
        self._complained = False

    def looked_up(self, region: str, tier: Tier, hit: bool) -> None:
        self._tell("looked_up", region, tier, hit)

    def loaded(self, region: str, seconds: float, ok: bool) -> None:
        self._tell("loaded", region, seconds, ok)

    def load_refused(self, region: str) -> None:
        self._tell("load_refused", region)

    def evicted(self, region: str, reason: str) -> None:
        self._tell("evicted", region, reason)

    def invalidated(self, region: str, reason: str) -> None:
        self._tell("invalidated", region, reason)

    def called(self, operation: str, result: str, seconds: float) -> None:
        self._tell("called", operation, result, seconds)

    def _tell(self, fact: str, *details: object) -> None:
        try:
            getattr(self._inner, fact)(*details)
        except Exception:  # noqa: BLE001  # a broken observer must not fail a request
            if not self._complained:
                self._complained = True
                _log.exception("the cache observer failed; further failures are not logged")
