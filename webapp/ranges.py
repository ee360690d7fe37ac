"""A part of something, as a client asks for it (RFC 9110, 14.2): one range of bytes. Anything else is ignored."""

import re
from dataclasses import dataclass

RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@dataclass(frozen=True)
class Part:
    """The bytes from `first` to `last`, both included."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1


class Unsatisfiable(ValueError):
    """There is no such part."""


def part_of(given: str, size: int) -> Part | None:
    """The part that a `Range` header asks for of `size` bytes; None where all are to be sent. Raises Unsatisfiable."""
    match = RANGE.fullmatch(given.strip())
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, last = size - min(int(match[2]), size), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
        if match[2] and int(match[2]) < first:
            return None
    if first >= size:
        raise Unsatisfiable
    return Part(first, last)
