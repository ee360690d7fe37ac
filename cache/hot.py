"""HotCache: what this process holds in its own memory.

Owns entries bounded by bytes, each answered until a moment of the injected clock and droppable together with all else
of its tag. A segmented LRU (Karedla, Love, Wherry 1994): a new key is on probation, its second use protects it. Keys
that were evicted are remembered for a while, as in 2Q and ARC, and start protected should they come back.
Synchronous: no I/O, no thread, no task. No call takes longer because much is held, but `clear`.

Invariant: `bytes` never exceeds `max_bytes`, and an entry is not answered once it has expired.
Not promised: that something put in is found again; that `evicted` may call the cache.
"""

from array import array
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from sys import getsizeof
from typing import Any

import msgspec

from cache.errors import Misuse

OVERHEAD_BYTES = 768  # what one entry costs besides its value: its key, tag, links and share of the ghosts (tested)
STRING_BYTES = 56  # what a str takes besides its characters, rounded up as it is allocated
EXPANSION = 4  # a decoded value of small structs takes about this many times its encoded bytes (tested)
LARGEST_SHARE = 16  # one value may fill at most this fraction of the budget
PROTECTED_SHARE = 0.7
GHOST_SHARE = 0.5  # keys are remembered until this share of `max_bytes` was evicted after them

# A dictionary that grows, or is worn by deletions, is rebuilt as a whole: 3 ms for 200,000 keys, 60 ms if it is an
# OrderedDict. So there are many. A prime, since the dictionaries themselves use the low bits of the hash.
_SHARDS = 257


class Entry(msgspec.Struct, gc=False):
    """A copy. `version` is the owner's version it was read at, `made_at` the clock when its value was made.

    While it is held its `region`, `tag` and `weight` must not change. The garbage collector does not look into it: it
    must not be part of a reference cycle.
    """

    region: str
    tag: str
    value: Any
    version: int
    stamp: Any
    made_at: float
    fresh_until: float
    expires_at: float
    weight: int
    decoded: bool = False  # `value` holds raw bytes until the first use decodes it


class HotCache:
    """The most valuable copies, bounded by `max_bytes` (0 keeps nothing).

    `evicted(region, reason)` hears of each entry the cache gave up by itself: "capacity", "expired" or "too_large".
    The ghosts take another hundredth of `max_bytes`, from the start.
    """

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
        self._held = 0
        self._places: list[dict[str, _Place]] = [{} for _ in range(_SHARDS)]
        self._tags = _Tags()
        self._probation = _Segment()
        self._protected = _Segment()
        self._most_protected_bytes = int(max_bytes * PROTECTED_SHARE)
        self._ghosts = _Ghosts(int(max_bytes * GHOST_SHARE), slots=max(64, max_bytes // (2 * OVERHEAD_BYTES)))
        self._usage: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return self._held

    def get(self, key: str, now: float | None = None) -> Entry | None:
        """The entry, if it is held and not expired; counts as a use. `now` saves asking the clock again."""
        place = self._places[hash(key) % _SHARDS].get(key)
        if place is None:
            return None
        entry = place.entry
        if (self._clock() if now is None else now) >= entry.expires_at:
            self._remove(place)
            self._evicted(entry.region, "expired")
            return None
        if place.protected:
            self._protected.use(place)
        else:
            self._probation.remove(place)
            self._protect(place)
        return entry

    def peek(self, key: str) -> Entry | None:
        """The entry, if it is held, expired or not. Changes nothing."""
        place = self._places[hash(key) % _SHARDS].get(key)
        return place.entry if place is not None else None

    def put(self, key: str, entry: Entry) -> bool:
        """Keeps the entry in place of any former one of the key; False if it is too large, and then neither is kept."""
        weight = entry.weight
        if weight < 1:
            raise Misuse(f"an entry weighs at least 1, got {weight}")
        hashed = hash(key)
        places = self._places[hashed % _SHARDS]
        former = places.get(key)
        if former is not None:
            self._remove(former)
        if weight * LARGEST_SHARE > self.max_bytes:
            self._evicted(entry.region, "too_large")
            return False
        proven = former.protected if former is not None else self._ghosts.returns(hashed)
        while self.bytes + weight > self.max_bytes:
            self._evict()
        place = places[key] = _Place(key, entry)
        self._account(entry.region, 1, weight)
        self._tags.add(place)
        if proven:
            self._protect(place)
        else:
            self._probation.add(place)
        return True

    def drop(self, key: str) -> Entry | None:
        """Takes the entry out, unheard by `evicted` and without leaving a ghost."""
        place = self._places[hash(key) % _SHARDS].get(key)
        if place is None:
            return None
        self._remove(place)
        return place.entry

    def drop_tag(self, tag: str) -> list[tuple[str, Entry]]:
        """Drops all entries of one tag and returns them with their keys, in time proportional to their number."""
        dropped = []
        while (place := self._tags.first(tag)) is not None:
            self._remove(place)
            dropped.append((place.key, place.entry))
        return dropped

    def of_tag(self, tag: str) -> Iterator[Entry]:
        """The entries of one tag, expired or not. Changes nothing; to be used up before the cache changes."""
        place = self._tags.first(tag)
        while place is not None:
            yield place.entry
            place = place.next_of_tag

    def clear(self) -> int:
        """Drops everything, and the memory of what was evicted; says how many entries there were."""
        held, self._held, self.bytes = self._held, 0, 0
        self._places = [{} for _ in range(_SHARDS)]
        self._tags = _Tags()
        self._probation = _Segment()
        self._protected = _Segment()
        self._ghosts.clear()
        self._usage = {region: [0, 0] for region in self._usage}
        return held

    def hottest(self) -> Iterator[tuple[str, Entry]]:
        """Keys and entries, most valuable first. To be used up before anything else is asked of the cache."""
        return ((place.key, place.entry) for place in chain(self._protected, self._probation))

    def usage(self) -> Mapping[str, tuple[int, int]]:
        """Entries and bytes of each region that ever held something, in time proportional to the regions."""
        return {region: (entries, weight) for region, (entries, weight) in self._usage.items()}

    def _protect(self, place: "_Place") -> None:
        protected, probation = self._protected, self._probation
        place.protected = True
        protected.add(place)
        while protected.bytes > self._most_protected_bytes:
            place = protected.oldest()
            protected.remove(place)
            place.protected = False
            probation.add(place)

    def _evict(self) -> None:
        segment = self._probation if self._probation.bytes else self._protected
        place = segment.oldest()
        entry = place.entry
        self._remove(place)
        self._ghosts.remember(hash(place.key), entry.weight)
        self._evicted(entry.region, "capacity")

    def _remove(self, place: "_Place") -> None:
        entry = place.entry
        del self._places[hash(place.key) % _SHARDS][place.key]
        (self._protected if place.protected else self._probation).remove(place)
        self._tags.discard(place)
        self._account(entry.region, -1, -entry.weight)

    def _account(self, region: str, entries: int, weight: int) -> None:
        self._held += entries
        self.bytes += weight
        usage = self._usage.get(region)
        if usage is None:
            usage = self._usage[region] = [0, 0]
        usage[0] += entries
        usage[1] += weight


class _Place(msgspec.Struct, gc=False, eq=False):
    """Where an entry stands: its key, its neighbours by use, its neighbours by tag.

    Dictionaries of nothing but such untracked objects are skipped by the garbage collector as a whole.
    """

    key: str
    entry: Entry
    protected: bool = False
    newer: Any = None
    older: Any = None
    next_of_tag: Any = None
    previous_of_tag: Any = None


class _Segment:
    """Places in order of their last use. Places refer to each other in a ring, which it breaks when it goes."""

    __slots__ = ("_ends", "bytes")

    def __init__(self) -> None:
        self.bytes = 0
        self._ends = _Place("", Entry("", "", None, 0, None, 0.0, 0.0, 0.0, 0))  # older: the newest; newer: the oldest
        self._ends.newer = self._ends.older = self._ends

    def __iter__(self) -> Iterator[_Place]:
        place = self._ends.older
        while place is not self._ends:
            yield place
            place = place.older

    def __del__(self) -> None:
        following = self._ends
        while (place := following) is not None:
            following = place.older
            place.newer = place.older = place.next_of_tag = place.previous_of_tag = None

    def add(self, place: _Place) -> None:
        ends = self._ends
        place.newer = ends
        place.older = older = ends.older
        older.newer = ends.older = place
        self.bytes += place.entry.weight

    def remove(self, place: _Place) -> None:
        newer, older = place.newer, place.older
        newer.older = older
        older.newer = newer
        self.bytes -= place.entry.weight

    def use(self, place: _Place) -> None:
        ends = self._ends
        newer = place.newer
        if newer is ends:
            return
        older = place.older
        newer.older = older
        older.newer = newer
        place.newer = ends
        place.older = older = ends.older
        older.newer = ends.older = place

    def oldest(self) -> _Place:
        oldest: _Place = self._ends.newer
        return oldest


class _Tags:
    """The first place of each tag; the others hang on it."""

    __slots__ = ("_first",)

    def __init__(self) -> None:
        self._first: list[dict[str, _Place]] = [{} for _ in range(_SHARDS)]

    def first(self, tag: str) -> _Place | None:
        return self._first[hash(tag) % _SHARDS].get(tag)

    def add(self, place: _Place) -> None:
        tag = place.entry.tag
        firsts = self._first[hash(tag) % _SHARDS]
        following = firsts.get(tag)
        if following is not None:
            following.previous_of_tag = place
            place.next_of_tag = following
        firsts[tag] = place

    def discard(self, place: _Place) -> None:
        following, previous = place.next_of_tag, place.previous_of_tag
        if following is not None:
            following.previous_of_tag = previous
        if previous is not None:
            previous.next_of_tag = following
            return
        tag = place.entry.tag
        firsts = self._first[hash(tag) % _SHARDS]
        if following is not None:
            firsts[tag] = following
        else:
            del firsts[tag]


class _Ghosts:
    """The hashes of keys that were evicted last: a table without chains, so a few are lost to each other.

    Beside each hash stands how much had been evicted by then; it counts until `max_bytes` more have been.
    """

    __slots__ = ("_evicted_bytes", "_evicted_bytes_then", "_hashes", "_max_bytes", "_slots")

    def __init__(self, max_bytes: int, slots: int) -> None:
        self._max_bytes = max_bytes
        self._evicted_bytes = max_bytes + 1  # an empty slot says 0, which is too long ago
        self._slots = slots
        self._hashes = array("q", bytes(8 * slots))
        self._evicted_bytes_then = array("q", bytes(8 * slots))

    def remember(self, hashed: int, weight: int) -> None:
        self._evicted_bytes += weight
        slot = hashed % self._slots
        self._hashes[slot] = hashed
        self._evicted_bytes_then[slot] = self._evicted_bytes

    def returns(self, hashed: int) -> bool:
        """Whether the key was remembered; now it is not."""
        slot = hashed % self._slots
        if self._hashes[slot] != hashed:
            return False
        then = self._evicted_bytes_then[slot]
        self._evicted_bytes_then[slot] = 0
        return self._evicted_bytes - then <= self._max_bytes

    def clear(self) -> None:
        self._evicted_bytes += self._max_bytes + 1


def weigh(encoded_bytes: int) -> int:
    """What a decoded copy of a value of so many encoded bytes is taken to occupy, in bytes."""
    return OVERHEAD_BYTES + EXPANSION * encoded_bytes


def weigh_fields(fields: Mapping[bytes, bytes]) -> int:
    """The same of a hash, which is decoded into a dictionary of texts."""
    return OVERHEAD_BYTES + getsizeof(fields) + sum(map(_text_bytes, chain(fields, fields.values())))


def _text_bytes(encoded: bytes) -> int:
    """What a str of these bytes takes at most: one character beyond ASCII may widen all of them to four bytes."""
    return STRING_BYTES + len(encoded) * (1 if encoded.isascii() else 4)
