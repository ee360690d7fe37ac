"""The way of one process to Redis, which can be held up in either direction, dripped through, and cut.

Nothing moves by itself: `move_all` takes what came in at either end and passes it on, or keeps it. What is passed to
Redis has been dealt with before anything else moves, so the order of things does not depend on how busy the machine is.
"""

import select
import socket
from collections import deque
from collections.abc import Container, Sequence
from pathlib import Path
from typing import Final, Literal

from cache_model.raw_redis import RawRedis

Which = Literal["tracked", "other", "all"]

DIRECTIONS: Final = ("up", "down")
PIECE_BYTES: Final = 1 << 16


class Pipe:
    """One connection through a way. `tracked` once it was seen to ask for tracking."""

    def __init__(self, way: "Way", client: socket.socket, server: socket.socket) -> None:
        self.tracked = False
        self.held = dict.fromkeys(DIRECTIONS, False)
        self._kept: dict[str, deque[bytes]] = {direction: deque() for direction in DIRECTIONS}
        self._way = way
        self._ends = {"up": (client, server), "down": (server, client)}
        for end in (client, server):
            end.setblocking(False)

    @property
    def ends(self) -> tuple[socket.socket, socket.socket]:
        return self._ends["up"]

    def move(self, ready: Container[socket.socket]) -> None:
        """Passes on or keeps what came."""
        for direction in DIRECTIONS:
            if self._ends[direction][0] in ready and self in self._way.pipes:
                self._came(direction)

    def drip(self, pieces: int) -> None:
        """Passes on the first few pieces of what is kept, of each direction."""
        for direction, kept in self._kept.items():
            for _ in range(min(pieces, len(kept))):
                self._pass(direction, kept.popleft())

    def open(self) -> None:
        """Passes on what is kept, and whatever comes from now on."""
        for direction in DIRECTIONS:
            self.held[direction] = False
            pieces, self._kept[direction] = self._kept[direction], deque()
            if pieces:
                self._pass(direction, b"".join(pieces))

    def cut(self) -> None:
        """Breaks it on both sides."""
        if self in self._way.pipes:
            self._way.pipes.remove(self)
        for end in self.ends:
            end.close()

    def _came(self, direction: str) -> None:
        try:
            piece = self._ends[direction][0].recv(PIECE_BYTES)
        except OSError:
            piece = b""
        if not piece:
            self.cut()
            return
        if direction == "up" and b"TRACKING" in piece:
            self.tracked = True
        if self.held[direction]:
            self._kept[direction].append(piece)
        else:
            self._pass(direction, piece)

    def _pass(self, direction: str, data: bytes) -> None:
        target = self._ends[direction][1]
        try:
            target.settimeout(5)
            target.sendall(data)
            target.settimeout(0)
        except OSError:
            self.cut()
        if direction == "up":
            self._way.raw.barrier()


class Way:
    """`url` leads to the Redis of `raw`, by way of here."""

    def __init__(self, raw: RawRedis) -> None:
        self.raw = raw
        self.pipes: list[Pipe] = []
        self._dead = False
        self._hold_new: set[str] = set()
        self._path = Path(f"{raw.path}.{id(self):x}")
        self.url = f"unix://{self._path}"
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(self._path))
        self.listening.listen()

    @property
    def clear(self) -> bool:
        """Whether everything gets through."""
        return not self._dead and not self._hold_new and not any(any(pipe.held.values()) for pipe in self.pipes)

    def move(self, ready: Container[socket.socket]) -> None:
        """Lets in who knocks, and lets everything go one step further."""
        if self.listening in ready:
            self._enter()
        for pipe in list(self.pipes):
            pipe.move(ready)

    def hold(self, which: Which, direction: str) -> None:
        """Keeps what comes from now on; of "all", new connections too."""
        if which == "all":
            self._hold_new.add(direction)
        for pipe in self.which(which):
            pipe.held[direction] = True

    def open(self) -> None:
        """Passes everything on."""
        self._hold_new.clear()
        for pipe in self.which("all"):
            pipe.open()

    def drip(self, pieces: int) -> None:
        """Passes on the first few pieces that each connection keeps."""
        for pipe in self.which("all"):
            pipe.drip(pieces)

    def die(self) -> None:
        """Nothing passes any more, and nothing of what is kept ever will."""
        self._dead = True
        for pipe in self.which("all"):
            pipe.cut()

    def live(self) -> None:
        self._dead = False
        self._hold_new.clear()

    def which(self, which: Which) -> list[Pipe]:
        """The connections of a kind, oldest first."""
        return [pipe for pipe in self.pipes if which == "all" or pipe.tracked == (which == "tracked")]

    def close(self) -> None:
        self.die()
        self.listening.close()
        self._path.unlink()

    def _enter(self) -> None:
        client, _ = self.listening.accept()
        if self._dead:
            client.close()
            return
        server = socket.socket(socket.AF_UNIX)
        server.connect(self.raw.path)
        pipe = Pipe(self, client, server)
        for direction in self._hold_new:
            pipe.held[direction] = True
        self.pipes.append(pipe)


def move_all(ways: Sequence[Way]) -> bool:
    """Lets everything go one step further, in a fixed order; whether there was anything."""
    sockets = [way.listening for way in ways] + [end for way in ways for pipe in way.pipes for end in pipe.ends]
    ready, _, _ = select.select(sockets, [], [], 0)
    for way in ways:
        way.move(ready)
    return bool(ready)
