"""The way of one process to Redis, which can be held up in either direction, dripped through, and cut.

Synchronous and without tasks: bytes that come in on one side are passed on, or kept, in the same round of the loop.
"""

import asyncio
import contextlib
import socket
from collections import deque
from tempfile import TemporaryDirectory
from typing import Literal

Which = Literal["tracked", "other", "all"]


class Pipe:
    """One connection through a way. `tracked` once it was seen to ask for tracking."""

    def __init__(self, way: "Way", client: socket.socket, server: socket.socket) -> None:
        self.tracked = False
        self.held = {"up": False, "down": False}
        self.waiting: dict[str, deque[bytes]] = {"up": deque(), "down": deque()}
        self._way = way
        self._ends = {"up": (client, server), "down": (server, client)}
        for direction, (source, _) in self._ends.items():
            source.setblocking(False)
            way.loop.add_reader(source, self._came, direction)

    def drip(self, pieces: int) -> None:
        """Passes on the first few pieces of what is kept, of each direction."""
        for direction, waiting in self.waiting.items():
            for _ in range(min(pieces, len(waiting))):
                self._pass(direction, waiting.popleft())

    def open(self, direction: str) -> None:
        """Passes on what is kept, and whatever comes from now on."""
        self.held[direction] = False
        pieces, self.waiting[direction] = self.waiting[direction], deque()
        if pieces:
            self._pass(direction, b"".join(pieces))

    def cut(self) -> None:
        """Breaks it on both sides."""
        if self in self._way.pipes:
            self._way.pipes.remove(self)
        for source, _ in self._ends.values():
            self._way.loop.remove_reader(source)
            source.close()

    def _came(self, direction: str) -> None:
        try:
            data = self._ends[direction][0].recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.cut()
            return
        if direction == "up" and b"TRACKING" in data:
            self.tracked = True
        if self.held[direction]:
            self.waiting[direction].append(data)
        else:
            self._pass(direction, data)

    def _pass(self, direction: str, data: bytes) -> None:
        self._way.passed += direction == "up"
        target = self._ends[direction][1]
        try:
            target.settimeout(5)
            target.sendall(data)
            target.settimeout(0)
        except OSError:
            self.cut()


class Way:
    """`url` leads to the Redis whose unix socket is `redis`, by way of here. `passed` counts what was passed on."""

    def __init__(self, loop: asyncio.AbstractEventLoop, redis: str) -> None:
        self.loop = loop
        self.pipes: list[Pipe] = []
        self.passed = 0
        self._redis = redis
        self._dead = False
        self._hold_new: set[str] = set()
        self._folder = TemporaryDirectory()
        path = f"{self._folder.name}/redis"
        self.url = f"unix://{path}"
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(path)
        self._listening.listen()
        self._listening.setblocking(False)
        loop.add_reader(self._listening, self._enter)

    @property
    def clear(self) -> bool:
        """Whether everything gets through."""
        return not self._dead and not self._hold_new and not any(any(pipe.held.values()) for pipe in self.pipes)

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
            for direction in ("up", "down"):
                pipe.open(direction)

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
        self.loop.remove_reader(self._listening)
        self._listening.close()
        self._folder.cleanup()

    def _enter(self) -> None:
        with contextlib.suppress(BlockingIOError):
            client, _ = self._listening.accept()
            if self._dead:
                client.close()
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._redis)
            pipe = Pipe(self, client, server)
            for direction in self._hold_new:
                pipe.held[direction] = True
            self.pipes.append(pipe)
