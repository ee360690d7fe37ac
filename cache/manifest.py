"""The manifest: the names of a process's hottest copies as bytes, for whoever serves its users next. Never a value.

Invariant: what is written is within its bounds in names and in bytes; what is read is a list of names or `Unusable`,
whatever the bytes are. That a name is one of a kind known here, and can be part of a key, is for its reader to check.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

import msgspec

FORMAT: Final = 1
ARRAY_BYTES: Final = 5  # the most that the head of an array takes


class Unusable(Exception):
    """These bytes are no manifest of this format; why is its text."""


class Name(NamedTuple):
    """What a copy is of: a region's value of an owner, or a record of theirs if there is a record's id."""

    kind: str
    tag: str
    record_id: str = ""


class Manifest:
    """Names, added hottest first until there is no more room. `kinds` are all that may occur."""

    def __init__(self, kinds: Sequence[str], *, most_names: int, most_bytes: int) -> None:
        self._kinds = {kind: number for number, kind in enumerate(kinds)}
        self._encoder = msgspec.msgpack.Encoder()
        self._names: list[msgspec.Raw] = []
        self._names_left = most_names
        self._bytes_left = most_bytes - len(self._encoder.encode((FORMAT, kinds, ()))) - ARRAY_BYTES

    def __len__(self) -> int:
        return len(self._names)

    def add(self, name: Name) -> bool:
        """Adds a name; False if there is no room for it. One of an unknown kind is left out."""
        kind = self._kinds.get(name.kind)
        if kind is None:
            return True
        encoded = self._encoder.encode((kind, name.tag, name.record_id))
        if not self._names_left or len(encoded) > self._bytes_left:
            return False
        self._names.append(msgspec.Raw(encoded))
        self._names_left -= 1
        self._bytes_left -= len(encoded)
        return True

    def encoded(self) -> bytes:
        """All that was added."""
        return self._encoder.encode((FORMAT, list(self._kinds), self._names))


class _Head(msgspec.Struct, array_like=True, frozen=True, gc=False):
    format: int


class _Whole(_Head, array_like=True, frozen=True, gc=False):
    kinds: tuple[str, ...]
    names: tuple[tuple[int, str, str], ...]


def names_in(data: bytes, *, most_names: int) -> list[Name]:
    """The first `most_names` names, hottest first, none twice. Raises Unusable."""
    try:
        head = msgspec.msgpack.decode(data, type=_Head)
        if head.format != FORMAT:
            raise Unusable(f"it is of format {head.format}, this process reads {FORMAT}")
        whole = msgspec.msgpack.decode(data, type=_Whole)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unusable("it is garbage") from error
    kinds = dict(enumerate(whole.kinds))
    names = (Name(kinds[kind], tag, record_id) for kind, tag, record_id in whole.names if kind in kinds)
    return list(dict.fromkeys(islice(names, most_names)))
