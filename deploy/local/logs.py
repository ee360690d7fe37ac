"""Reading the stack's logs: their end, or as they grow, each line prefixed by its process.

A log that is rotated while it is followed is followed on in its new file; the lines written in between are not lost,
since the old file stays open until its end was read.
"""

import os
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO


def last_lines(file: Path, count: int = 15) -> list[str]:
    try:
        with file.open(errors="replace") as lines:
            return [line.rstrip("\n") for line in deque(lines, maxlen=count)]
    except FileNotFoundError:
        return []


class Follower:
    """Follows several files. `poll` gives what is new since the last time, and never blocks."""

    def __init__(self, files: Mapping[str, Path], *, from_end: bool = True) -> None:
        self._tails = {name: _Tail(file, from_end=from_end) for name, file in files.items()}

    def poll(self) -> Iterator[tuple[str, str]]:
        """Pairs of name and line."""
        for name, tail in self._tails.items():
            for line in tail.new_lines():
                yield name, line

    def close(self) -> None:
        for tail in self._tails.values():
            tail.close()


class _Tail:
    def __init__(self, path: Path, *, from_end: bool) -> None:
        self._path = path
        self._file = _open(path)
        self._rest = ""
        if self._file and from_end:
            self._file.seek(0, os.SEEK_END)

    def new_lines(self) -> Iterator[str]:
        self._file = self._file or _open(self._path)
        if self._file is None:
            return
        rotated = self._was_rotated(self._file)
        yield from self._read(self._file)
        if rotated:
            self._file.close()
            self._file = _open(self._path)

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _read(self, file: IO[str]) -> Iterator[str]:
        *whole, self._rest = (self._rest + file.read()).split("\n")
        yield from whole

    def _was_rotated(self, file: IO[str]) -> bool:
        try:
            found, opened = self._path.stat(), os.fstat(file.fileno())
        except FileNotFoundError:
            return False
        return (found.st_ino, found.st_dev) != (opened.st_ino, opened.st_dev)


def _open(path: Path) -> IO[str] | None:
    try:
        return path.open(errors="replace")
    except FileNotFoundError:
        return None
