"""HotCache: what this process holds in its own memory.

Owns a dictionary bounded by bytes, least recently used out first, each entry trusted until a moment of the injected
clock and droppable together with everything else of its tag. Synchronous: no I/O, no thread, no task.

Invariant: `bytes` never exceeds `max_bytes`, and an entry past its trust is never answered.
Not promised: that something put in is found again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from cache.errors import Misuse

OVERHEAD_BYTES = 512
EXPANSION = 4  # a decoded value of small structs takes about this many times its encoded bytes (tested)
LARGEST_SHARE = 16  # one value may fill at most this fraction of the budget
GENERATIONS = 4096


@dataclass(slots=True)
class Entry:
    """A copy. `version` is the owner's version it was read at, `read_at` the clock when it was asked for."""

    region: str
    tag: str
    value: Any
    version: int
    read_at: float
    trusted_until: float
    weight: int


class HotCache:
    """Least-recently-used copies, bounded by `max_bytes` (0 keeps nothing)."""

    def __init__(
        self,
        max_bytes: int,
        *,
        clock: Callable[[], float],
        evicted: Callable[[str, str], None] = lambda region, reason: None,
    ) -> None:
        if max_bytes < 0:
            raise Misuse(f"max_bytes must not be negative, got {max_bytes}")
        self.max_bytes = max_bytes
        self.bytes = 0
        self._clock = clock
        self._evicted = evicted
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._keys_of_tag: dict[str, set[str]] = {}
        self._generations = [0] * GENERATIONS

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Entry | None:
        """The entry if it is held and still trusted."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._clock() >= entry.trusted_until:
            self._remove(key)
            self._evicted(entry.region, "expired")
            return None
        self._entries.move_to_end(key)
        return entry

    def put(self, key: str, entry: Entry) -> bool:
        """Keeps the entry; False if it is too large to be kept at all."""
        self._remove(key)
        if entry.weight * LARGEST_SHARE > self.max_bytes:
            self._evicted(entry.region, "too_large")
            return False
        self._entries[key] = entry
        self._keys_of_tag.setdefault(entry.tag, set()).add(key)
        self.bytes += entry.weight
        while self.bytes > self.max_bytes:
            oldest, loser = next(iter(self._entries.items()))
            self._remove(oldest)
            self._evicted(loser.region, "capacity")
        return True

    def drop_tag(self, tag: str) -> list[str]:
        """Drops all of one tag and returns the region of each copy dropped; what is being read now won't be kept."""
        self._generations[hash(tag) % GENERATIONS] += 1
        keys = self._keys_of_tag.get(tag)
        return [self._remove(key).region for key in list(keys)] if keys else []  # type: ignore[union-attr]  # keys of a tag are held

    def generation(self, tag: str) -> int:
        """Rises with each `drop_tag` of this tag (and, harmlessly, of those that share its slot)."""
        return self._generations[hash(tag) % GENERATIONS]

    def holdings(self) -> Iterator[tuple[str, int]]:
        """Region and weight of each entry."""
        return ((entry.region, entry.weight) for entry in self._entries.values())

    def _remove(self, key: str) -> Entry | None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self.bytes -= entry.weight
            keys = self._keys_of_tag[entry.tag]
            keys.discard(key)
            if not keys:
                del self._keys_of_tag[entry.tag]
        return entry


def weigh(encoded: bytes) -> int:
    """What a decoded copy of these bytes is taken to occupy."""
    return OVERHEAD_BYTES + EXPANSION * len(encoded)
