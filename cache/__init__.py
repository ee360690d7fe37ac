"""A hot cache over Redis that may be trusted. Knows nothing of HTTP, users or Tornado.

Start with `open_cache`; `cache/cache.py` has an example at its head, `docs/cache.md` the protocol.
"""

from cache.cache import Cache
from cache.errors import (
    CacheError,
    ErrorReply,
    Misuse,
    Overloaded,
    OverQuota,
    Refused,
    Repeated,
    Reused,
    Unavailable,
)
from cache.handover import Ended, Preloaded
from cache.hot import HotCache
from cache.link import Link
from cache.lookup import Answer, Lookup, Stale
from cache.meter import nines
from cache.observer import Check, GuardedObserver, LinkState, NullObserver, Observer, Tier
from cache.opening import boot_clock, open_cache, open_link
from cache.records import Fields, Records
from cache.region import Region
from cache.traffic import Traffic
from cache.writing import Once, Quota, Write

__all__ = [
    "Answer",
    "Cache",
    "CacheError",
    "Check",
    "Ended",
    "ErrorReply",
    "Fields",
    "GuardedObserver",
    "HotCache",
    "Link",
    "LinkState",
    "Lookup",
    "Misuse",
    "NullObserver",
    "Observer",
    "Once",
    "OverQuota",
    "Overloaded",
    "Preloaded",
    "Quota",
    "Records",
    "Refused",
    "Region",
    "Repeated",
    "Reused",
    "Stale",
    "Tier",
    "Traffic",
    "Unavailable",
    "Write",
    "boot_clock",
    "nines",
    "open_cache",
    "open_link",
]
