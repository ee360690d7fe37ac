"""A hot cache over Redis. Knows nothing of HTTP, users or Tornado.

Start with `open_cache`. What is promised, and what is not yet, stands at the head of `cache/cache.py`.
"""

from cache.cache import Cache, Write, boot_clock, open_cache
from cache.errors import CacheError, Misuse, Overloaded, Refused, Unavailable
from cache.hot import HotCache
from cache.link import Link
from cache.lookup import Answer, Lookup
from cache.observer import GuardedObserver, NullObserver, Observer, Tier
from cache.records import Fields, Records
from cache.region import Region

__all__ = [
    "Answer",
    "Cache",
    "CacheError",
    "Fields",
    "GuardedObserver",
    "HotCache",
    "Link",
    "Lookup",
    "Misuse",
    "NullObserver",
    "Observer",
    "Overloaded",
    "Records",
    "Refused",
    "Region",
    "Tier",
    "Unavailable",
    "Write",
    "boot_clock",
    "open_cache",
]
