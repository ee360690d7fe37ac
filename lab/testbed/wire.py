"""A wire: a small TCP proxy that knows nothing of what it passes on, and can be made slow, narrow, deaf, or cut.

Invariants: bytes keep their order and are never changed; what one direction of one connection holds is bounded
(`lab.testbed.lane.HELD_BYTES` and one read more), and a sender beyond that is held back. An end, of half a connection
or all of it, is passed on behind the bytes before it, a reset as a reset.

What it is not: a network. It takes a connection before the other side has (one that is refused there is reset here),
and bytes that it swallowed are not sent again, so a connection that lost some is reset when the wire is whole again.
"""

import asyncio
import socket

from lab.testbed.lane import Lane
from lab.testbed.line import PLAIN, Counts, Line
from lab.testbed.passage import SOCKET_BYTES, Passage, Tally

HOST = "127.0.0.1"


class Wire:
    """Stands before `host`:`port`; found at `port_here` of the loopback once it is open. Lives in one event loop."""

    def __init__(self, host: str, port: int) -> None:
        self.target = host, port
        self.port_here = 0
        self.line = PLAIN
        self._there, self._back = Lane(), Lane()
        self._tally = Tally()
        self._server: asyncio.Server | None = None
        self._place: socket.socket | None = None

    async def open(self) -> None:
        """Takes connections from now on."""
        # Bound and not listening: whoever connects is refused, and nobody else gets the port meanwhile.
        self._place = self._bound(0)
        self.port_here = self._place.getsockname()[1]
        await self._listen()

    async def change(self, line: Line) -> None:
        """From now on so. What is on its way arrives when it would have, unless the line swallows."""
        self.line = line
        self._there.change(line.there)
        self._back.change(line.back)
        for passage in list(self._tally.open):
            passage.changed()
        if line.refuses:
            self._stop_listening()
        elif self._server is None and self._place is not None:
            await self._listen()

    def cut(self) -> int:
        """Resets every connection, both its ends; returns how many there were."""
        cut = list(self._tally.open)
        for passage in cut:
            passage.cut()
        return len(cut)

    def close(self) -> None:
        """Resets what is open, and gives the port back. Idempotent."""
        self._stop_listening()
        for passage in list(self._tally.open):
            passage.reset()
        if self._place is not None:
            self._place.close()
            self._place = None

    def counts(self) -> Counts:
        """What it has done since it was opened."""
        return Counts(
            connections=self._tally.connections,
            open=len(self._tally.open),
            reset=self._tally.reset,
            passed_bytes=self._there.passed_bytes + self._back.passed_bytes,
            swallowed_bytes=self._tally.swallowed_bytes,
            held_bytes=sum(end.held for passage in self._tally.open for end in passage.ends),
            most_held_bytes=max(self._there.most_held, self._back.most_held),
        )

    def _bound(self, port: int) -> socket.socket:
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BYTES)
        bound.bind((HOST, port))
        bound.setblocking(False)
        return bound

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        listening = self._bound(self.port_here)
        self._server = await loop.create_server(self._enter, sock=listening, backlog=1024)

    def _enter(self) -> asyncio.Protocol:
        return Passage(self.target, self._there, self._back, self._tally).near

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
