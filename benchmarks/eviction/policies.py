"""The engines compared, each behind the same three words: `get`, `put`, and `pack` for what it is given to hold.

`get` and `put` are the engine's own methods wherever they can be, so that timing them times nothing else.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Any, ClassVar

import cachebox
import cachetools
import moka_py

from cache.hot import Entry, HotCache


@dataclass(frozen=True)
class Room:
    """How much may be held: `max_bytes`, or so many `entries` for an engine that can only count."""

    max_bytes: int
    entries: int


class Engine(ABC):
    """`get` answers None on a miss."""

    name: ClassVar[str]
    bounds_bytes: ClassVar[bool] = True
    get: Callable[[str], Any]
    put: Callable[[str, Any], Any]

    @abstractmethod
    def __init__(self, room: Room) -> None: ...

    def pack(self, key: str, weight: int) -> Any:
        """The value that is put for a key of this weight."""
        return weight

    def close(self) -> None:  # noqa: B027 - most engines start nothing
        """Ends whatever the engine started."""


class Hotseat(Engine):
    name = "hotseat"

    def __init__(self, room: Room) -> None:
        cache = HotCache(room.max_bytes, clock=monotonic)
        self.get, self.put = cache.get, cache.put

    def pack(self, key: str, weight: int) -> Entry:
        return Entry("benchmark", key, None, 1, None, 0.0, 1e12, 1e12, weight)


class Lru(Engine):
    """The yardstick: least recently used, in bytes, and nothing else."""

    name = "LRU"

    def __init__(self, room: Room) -> None:
        self._max_bytes = room.max_bytes
        self._bytes = 0
        self._weights: OrderedDict[str, int] = OrderedDict()

    def get(self, key: str) -> int | None:
        weight = self._weights.get(key)
        if weight is not None:
            self._weights.move_to_end(key)
        return weight

    def put(self, key: str, weight: int) -> None:
        self._bytes += weight - self._weights.pop(key, 0)
        self._weights[key] = weight
        while self._bytes > self._max_bytes:
            self._bytes -= self._weights.popitem(last=False)[1]


class CachetoolsLru(Engine):
    name = "cachetools LRU"

    def __init__(self, room: Room) -> None:
        cache: Any = cachetools.LRUCache(room.max_bytes, getsizeof=_itself)
        self.get, self.put = cache.get, cache.__setitem__


class CachetoolsTlru(Engine):
    name = "cachetools TLRU"

    def __init__(self, room: Room) -> None:
        cache: Any = cachetools.TLRUCache(room.max_bytes, ttu=_much_later, timer=monotonic, getsizeof=_itself)
        self.get, self.put = cache.get, cache.__setitem__


class CacheboxLru(Engine):
    name = "cachebox LRU"
    kind: ClassVar[Any] = cachebox.LRUCache

    def __init__(self, room: Room) -> None:
        cache = self.kind(room.max_bytes, getsizeof=_value)
        self.get, self.put = cache.get, cache.insert


class CacheboxLfu(CacheboxLru):
    name = "cachebox LFU"
    kind = cachebox.LFUCache


class CacheboxFifo(CacheboxLru):
    name = "cachebox FIFO"
    kind = cachebox.FIFOCache


class Moka(Engine):
    name = "moka-py"

    def __init__(self, room: Room) -> None:
        cache: Any = moka_py.Moka(room.max_bytes, weigher=_value)
        self.get, self.put = cache.get, cache.set


class Theine(Engine):
    name = "theine"
    bounds_bytes = False

    def __init__(self, room: Room) -> None:
        from theine import Cache  # noqa: PLC0415 - starts a thread when it is imported

        cache: Any = Cache(room.entries)
        self.get = lambda key: cache.get(key)[0]
        self.put = cache.set
        self.close = cache.close  # type: ignore[method-assign]


ENGINES: tuple[type[Engine], ...] = (
    Hotseat,
    Lru,
    CachetoolsLru,
    CachetoolsTlru,
    CacheboxLru,
    CacheboxLfu,
    CacheboxFifo,
    Moka,
    Theine,
)


def _itself(weight: int) -> int:
    return weight


def _value(key: str, weight: int) -> int:
    return weight


def _much_later(key: str, weight: int, now: float) -> float:
    return now + 1e9
