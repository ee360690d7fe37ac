"""A program: one process that reads many entries into its hot cache, and says by how much its memory grew.

    python hot_filler.py redis://127.0.0.1:6379 boards 200000 1.05

reads 200,000 boards that `store` has put into Redis, once each, with room for 1.05 times as many by the cache's own
count. What it writes is a `Filled` in JSON. With `light` as a further argument records are counted as their characters
alone.
"""

import asyncio
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Final, Protocol

import msgspec
import pytest
from resident import resident_bytes
from wires import HOST, bulk

from cache import Cache, NullObserver, open_cache
from cache.codec import Codec
from cache.hot import OVERHEAD_BYTES

SAMPLE: Final = 200  # entries that are read before, so that code and buffers are not taken for entries
BATCH: Final = 200
LIFE_SECONDS: Final = 3600


class Author(msgspec.Struct, frozen=True, gc=False):
    """Who signs a card."""

    handle: str
    name: str
    avatar: str | None


class Card(msgspec.Struct, frozen=True, gc=False):
    """A part of a board."""

    id: str
    author: Author
    text: str
    photo: str | None
    width: int
    height: int
    likes: int
    created: float
    mine: bool


class Board(msgspec.Struct, frozen=True):
    """A value of the shape of an application's."""

    cards: tuple[Card, ...]
    computed: float


class Filled(msgspec.Struct, frozen=True):
    """How it ended: the limit, what the cache held by its own count, and how much memory the process took for it."""

    hot_bytes: int
    held: int
    counted_bytes: int
    evicted: int
    grown_bytes: int


Read = Callable[[Sequence[int]], Awaitable[None]]


class Kind(Protocol):
    """Entries of one kind, one per owner, numbered from 0."""

    def stored(self, number: int) -> list[bytes]:
        """The commands that put an entry into Redis, as a process with a cache would."""

    def reader(self, cache: Cache) -> Read:
        """What asks for entries as an application does."""


class Boards:
    """Values of a region, about 900 bytes each."""

    def __init__(self) -> None:
        self._codec = Codec(Board)

    def stored(self, number: int) -> list[bytes]:
        key = f"board:1:{{{tag_of(number)}}}"
        encoded = self._codec.encode(key, board(number), LIFE_SECONDS * 1000)
        return [command("SET", key, encoded, "EX", str(LIFE_SECONDS))]

    def reader(self, cache: Cache) -> Read:
        boards = cache.region("board", Board, ttl_seconds=LIFE_SECONDS)

        async def read(numbers: Sequence[int]) -> None:
            await boards.get_many([tag_of(number) for number in numbers], not_stored)

        return read


class Sessions:
    """Records of six small fields, and the two that each record has besides."""

    def stored(self, number: int) -> list[bytes]:
        key = f"session:{{{tag_of(number)}}}:{id_of(number)}"
        fields = [word for field in session(number).items() for word in field]
        return [
            command("HSET", key, "version", "1", "id", id_of(number), *fields),
            command("EXPIRE", key, str(LIFE_SECONDS)),
        ]

    def reader(self, cache: Cache) -> Read:
        sessions = cache.records("session")

        async def read(numbers: Sequence[int]) -> None:
            answers = await cache.look(*(sessions.lookup(tag_of(number), id_of(number)) for number in numbers))
            if None in answers:
                raise LookupError("this session was not stored")

        return read


KINDS: Final[dict[str, Kind]] = {"boards": Boards(), "sessions": Sessions()}


def store(port: int, kind: Kind, count: int) -> None:
    """Puts entries 0 to `count` into the Redis on a port of the loopback, and a version of each owner."""
    with socket.create_connection((HOST, port), timeout=30) as connection:
        for numbers in batches(count):
            commands = [command("SET", f"v:{{{tag_of(number)}}}", str(1000 + number)) for number in numbers]
            commands += [each for number in numbers for each in kind.stored(number)]
            connection.sendall(b"".join(commands))
            told = b""
            while told.count(b"\n") < len(commands):
                told += connection.recv(1 << 16)
            if b"-" in told:
                raise ValueError(f"Redis refuses: {told[told.index(b'-') :][:100]!r}")


def command(*words: str | bytes) -> bytes:
    """A command as it is sent."""
    coded = [word if isinstance(word, bytes) else word.encode() for word in words]
    return b"*%d\r\n" % len(coded) + b"".join(map(bulk, coded))


def tag_of(number: int) -> str:
    """The tag of an owner, as random tags are long."""
    return f"{number:016x}"


def id_of(number: int) -> str:
    """The id of an owner's session."""
    return f"{number:032x}"


def board(number: int) -> Board:
    """The board of an owner: three cards, one with a photo."""
    cards = (
        Card(
            id=f"{number:012x}{place:012x}",
            author=Author(
                f"author{number + place}", f"Name of {number + place}", f"avatars/{number + place:024x}.webp"
            ),
            text=f"Wish you were here, {number} times {place}; the sea is calm",
            photo=f"photos/{number:012x}.webp" if place == 1 else None,
            width=1280,
            height=960,
            likes=(number + place) % 700,
            created=1.7e9 + number + place / 7,
            mine=False,
        )
        for place in range(3)
    )
    return Board(tuple(cards), 1.7e9 + number / 3)


def session(number: int) -> dict[str, str]:
    """The fields of an owner's session."""
    return {
        "user": f"u{number}",
        "theme": "light",
        "lang": "en",
        "device": "Firefox",
        "seen": str(1_764_080_000 + number),
        "unread": str(number % 50),
    }


async def not_stored(tag: str) -> Board:
    """The load of a region whose values are all in Redis."""
    raise LookupError(f"the board of {tag} was not stored")


def batches(count: int) -> Iterator[range]:
    """The numbers below `count`, some at a time."""
    return (range(first, min(first + BATCH, count)) for first in range(0, count, BATCH))


class Counting(NullObserver):
    """Counts what the cache gave up."""

    def __init__(self) -> None:
        self.evicted_by: Counter[str] = Counter()

    def evicted(self, region: str, reason: str) -> None:
        self.evicted_by[reason] += 1


open_patient: Final = partial(open_cache, staleness_seconds=60.0, deadline_seconds=10.0)  # on a busy machine too


async def fill(url: str, kind: Kind, count: int, room: float) -> Filled:
    """Reads entries 0 to `count`, with room for `room` times as many of the size of the first ones."""
    entry_bytes, before = await measure(url, kind)
    hot_bytes = int(entry_bytes * count * room)
    told = Counting()
    async with open_patient(url, hot_bytes=hot_bytes, observer=told) as cache:
        await cache.trusted(5)
        read = kind.reader(cache)
        for numbers in batches(count):
            await read(numbers)
        grown = resident_bytes() - before
        return Filled(hot_bytes, len(cache.hot), cache.hot.bytes, told.evicted_by["capacity"], grown)


async def measure(url: str, kind: Kind) -> tuple[float, int]:
    """What the cache counts for an entry, and the memory of a process that holds none, but has."""
    async with open_patient(url, hot_bytes=8 << 20) as cache:
        await cache.trusted(5)
        await kind.reader(cache)(range(SAMPLE))
        entry_bytes = cache.hot.bytes / len(cache.hot)
    del cache
    return entry_bytes, resident_bytes()


def count_light() -> None:
    """As if a text took no more memory than its characters do."""

    def weigh_characters(fields: Mapping[bytes, bytes]) -> int:
        return OVERHEAD_BYTES + sum(map(len, chain(fields, fields.values())))

    pytest.MonkeyPatch().setattr("cache.records.weigh_fields", weigh_characters)


if __name__ == "__main__":
    _, url, name, count, room, *light = sys.argv
    if light:
        count_light()
    filled = asyncio.run(fill(url, KINDS[name], int(count), float(room)))
    print(msgspec.json.encode(filled).decode())  # noqa: T201  # for who started it
