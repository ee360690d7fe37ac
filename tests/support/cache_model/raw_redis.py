"""A plain blocking client of one Redis, for what has to happen there while the event loop stands still.

Over a unix socket, where what was sent is there at once: over TCP it may be a moment late on a busy machine, and a
question that was sent after it may be answered before it.
"""

import socket
from typing import Any

Word = str | bytes | int


class RedisSaysNo(Exception):
    """An error reply."""


class RawRedis:
    """Speaks RESP2 over one connection to the Redis at `url` (`unix://...`)."""

    def __init__(self, url: str) -> None:
        self.path = url.removeprefix("unix://")
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(5)
        self._socket.connect(self.path)
        self._written = False
        self._replies = self._socket.makefile("rb")

    def __call__(self, *words: Word) -> Any:
        """The reply to one command; an error is raised."""
        [reply] = self.many(words)
        if isinstance(reply, RedisSaysNo):
            raise reply
        return reply

    def look(self, *commands: tuple[Word, ...]) -> list[Any]:
        """As `many`, for commands that change nothing."""
        written = self._written
        replies = self.many(*commands)
        self._written = written
        return replies

    def many(self, *commands: tuple[Word, ...]) -> list[Any]:
        """The replies to several commands; an error stands in its place."""
        self._written = True
        self._socket.sendall(b"".join(map(_packed, commands)))
        return [self._read() for _ in commands]

    def barrier(self) -> None:
        """Returns when Redis has dealt with all that reached it before, and has answered it."""
        for _ in range(2):  # the first may be answered before others are whose commands came earlier
            self._socket.sendall(b"PING\r\n")
            self._read()

    def settle(self) -> None:
        """Returns when all have been told of what was changed here."""
        if self._written:
            self.barrier()
            self._written = False

    def close(self) -> None:
        self._replies.close()
        self._socket.close()

    def _read(self) -> Any:
        line = self._replies.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if int(rest) < 0 else self._replies.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if int(rest) < 0 else [self._read() for _ in range(int(rest))]
        if kind == b"-":
            return RedisSaysNo(rest.decode())
        return rest


def _packed(command: tuple[Word, ...]) -> bytes:
    words = [word if isinstance(word, bytes) else str(word).encode() for word in command]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
