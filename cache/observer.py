"""What happened, told as past facts. An observer can count them; it cannot change or fail a request.

The arithmetic
- `looked_up` is told once per tier a lookup reached. A hit in `hot` ends there; a miss in `hot` is followed by a hit or
  a miss in `redis`, unless Redis did not answer; a miss in `redis` by a load that was led or joined.
- `loaded` is told once per load, not per caller who waited for it; it implies a lookup of the tier `load`.
- A copy leaves the process by `evicted` (the cache gave it up), by `invalidated` (its truth changed), or by being
  replaced, which is told by neither.
- `stale_served` is told once per answer past its time, in addition to the lookup.
- `canary` is told once per canary whose invalidation arrived, or turned out not to; not of one whose connection broke.
- `redis_refused` is told the code of every error reply but NOSCRIPT, which asks for the script and refuses nothing.
"""

import logging
from typing import Any, Literal, Protocol

Tier = Literal["hot", "redis", "load"]
LinkState = Literal["trusted", "suspect", "lost", "off"]
Check = Literal["fresh", "overtaken", "stale", "unknown"]
Canary = Literal["landed", "missed"]

TIERS: tuple[Tier, ...] = ("hot", "redis", "load")
LINK_STATES: tuple[LinkState, ...] = ("trusted", "suspect", "lost", "off")
CHECKS: tuple[Check, ...] = ("fresh", "overtaken", "stale", "unknown")
CANARIES: tuple[Canary, ...] = ("landed", "missed")
EVICTION_REASONS = ("capacity", "expired", "too_large")
INVALIDATION_REASONS = ("push", "own_write", "flush", "reconnect")
STALE_REASONS = ("outage", "error", "refreshing")
GARBAGE_REASONS = ("garbage", "too_large", "foreign")
REFUSALS = ("OOM", "READONLY", "MISCONF", "NOREPLICAS", "other")
OPERATIONS = ("read", "fill", "store", "begin", "commit", "script", "count", "lease", "check", "handover")

_log = logging.getLogger(__name__)


class Observer(Protocol):
    """Told synchronously on the event loop; must be quick."""

    def looked_up(self, region: str, tier: Tier, hit: bool) -> None: ...
    def loaded(self, region: str, seconds: float, ok: bool) -> None: ...
    def load_refused(self, region: str) -> None: ...
    def evicted(self, region: str, reason: str) -> None: ...
    def invalidated(self, region: str, reason: str, copies: int = 1) -> None: ...
    def stale_served(self, region: str, reason: str) -> None: ...
    def garbage_found(self, region: str, reason: str) -> None: ...
    def staleness_checked(self, region: str, result: Check) -> None: ...
    def called(self, operation: str, result: str, seconds: float) -> None: ...
    def link_state(self, state: LinkState) -> None: ...
    def round_trip(self, seconds: float) -> None: ...
    def invalidation_lag(self, seconds: float) -> None: ...
    def canary(self, result: Canary) -> None: ...
    def redis_refused(self, code: str) -> None: ...


class NullObserver:
    """Listens to nothing."""

    def looked_up(self, region: str, tier: Tier, hit: bool) -> None: ...
    def loaded(self, region: str, seconds: float, ok: bool) -> None: ...
    def load_refused(self, region: str) -> None: ...
    def evicted(self, region: str, reason: str) -> None: ...
    def invalidated(self, region: str, reason: str, copies: int = 1) -> None: ...
    def stale_served(self, region: str, reason: str) -> None: ...
    def garbage_found(self, region: str, reason: str) -> None: ...
    def staleness_checked(self, region: str, result: Check) -> None: ...
    def called(self, operation: str, result: str, seconds: float) -> None: ...
    def link_state(self, state: LinkState) -> None: ...
    def round_trip(self, seconds: float) -> None: ...
    def invalidation_lag(self, seconds: float) -> None: ...
    def canary(self, result: Canary) -> None: ...
    def redis_refused(self, code: str) -> None: ...


class GuardedObserver:
    """Passes everything on to another observer and survives whatever that one raises (logged once)."""

    def __init__(self, inner: Observer) -> None:
        self._inner = inner
        self._complained = False

    def looked_up(self, region: str, tier: Tier, hit: bool) -> None:
        try:  # on the path of every hit: spelled out, the others go through `_tell`
            self._inner.looked_up(region, tier, hit)
        except Exception:  # noqa: BLE001  # a broken observer must not fail a request
            self._complain()

    def loaded(self, region: str, seconds: float, ok: bool) -> None:
        self._tell("loaded", region, seconds, ok)

    def load_refused(self, region: str) -> None:
        self._tell("load_refused", region)

    def evicted(self, region: str, reason: str) -> None:
        self._tell("evicted", region, reason)

    def invalidated(self, region: str, reason: str, copies: int = 1) -> None:
        self._tell("invalidated", region, reason, copies)

    def stale_served(self, region: str, reason: str) -> None:
        self._tell("stale_served", region, reason)

    def garbage_found(self, region: str, reason: str) -> None:
        self._tell("garbage_found", region, reason)

    def staleness_checked(self, region: str, result: Check) -> None:
        self._tell("staleness_checked", region, result)

    def called(self, operation: str, result: str, seconds: float) -> None:
        self._tell("called", operation, result, seconds)

    def link_state(self, state: LinkState) -> None:
        self._tell("link_state", state)

    def round_trip(self, seconds: float) -> None:
        self._tell("round_trip", seconds)

    def invalidation_lag(self, seconds: float) -> None:
        self._tell("invalidation_lag", seconds)

    def canary(self, result: Canary) -> None:
        self._tell("canary", result)

    def redis_refused(self, code: str) -> None:
        self._tell("redis_refused", code)

    def _tell(self, fact: str, *details: Any) -> None:
        try:
            getattr(self._inner, fact)(*details)
        except Exception:  # noqa: BLE001  # a broken observer must not fail a request
            self._complain()

    def _complain(self) -> None:
        if not self._complained:
            self._complained = True
            _log.exception("the cache observer failed; further failures are not logged")
