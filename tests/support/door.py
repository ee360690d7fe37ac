"""A fault: the way to a service, which a test can shut (connections are refused), stall (nothing comes back), make slow
and open again. It passes bytes on and knows nothing of what they mean."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from tornado.testing import bind_unused_port

HELD_BYTES = 65_536  # what the machine takes from a sender of what was not passed on yet
CALL_SECONDS = 10


class Door:
    """Stands before the service at `url`; `self.url` is the address behind which it can be found instead.

    `bytes_per_second` is how fast each connection takes what is sent to the service, if that is limited.
    """

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        listening, self.port = bind_unused_port()
        listening.close()
        self.url = urlunsplit(self._parts._replace(netloc=f"127.0.0.1:{self.port}"))
        self.bytes_per_second: float | None = None
        self._server: asyncio.Server | None = None
        self._flowing = asyncio.Event()
        self._passing: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Lets everything through."""
        self._flowing.set()
        if self._server is None:
            listening = socket.create_server(("127.0.0.1", self.port))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, HELD_BYTES)
            self._server = await asyncio.start_server(self._enter, sock=listening)

    async def shut(self) -> None:
        """Breaks every connection and refuses new ones."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        passing = list(self._passing)
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    def stall(self) -> None:
        """Keeps connections, accepts new ones, and passes nothing on any more."""
        self._flowing.clear()

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            inner_reader, inner_writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pass(reader, inner_writer, slowly=True))
                    both.create_task(self._pass(inner_reader, writer))
            except* OSError:
                pass
            finally:
                inner_writer.close()
        writer.close()
        self._passing.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, slowly: bool = False) -> None:
        while data := await reader.read(65_536):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
            if slowly and self.bytes_per_second is not None:
                await asyncio.sleep(len(data) / self.bytes_per_second)
        writer.close()


@asynccontextmanager
async def door_to(url: str) -> AsyncIterator[Door]:
    """An open door, shut in the end."""
    door = Door(url)
    await door.open()
    try:
        yield door
    finally:
        await door.shut()


class DoorAside:
    """A door with a thread of its own, for tests that have no loop."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._door = Door(url)
        self.url = self._door.url

    def start(self) -> None:
        self._thread.start()
        self.open()

    def open(self) -> None:
        """Lets everything through."""
        self._run(self._door.open())

    def shut(self) -> None:
        """Breaks every connection and refuses new ones."""
        self._run(self._door.shut())

    def stall(self) -> None:
        """Keeps connections, accepts new ones, and passes nothing on any more."""
        self._loop.call_soon_threadsafe(self._door.stall)

    def slow_down(self, bytes_per_second: float | None) -> None:
        """How fast the service is sent to from now on; as fast as can be if None."""
        self._door.bytes_per_second = bytes_per_second

    def stop(self) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CALL_SECONDS)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)


@contextmanager
def door_aside(url: str) -> Iterator[DoorAside]:
    """An open door, shut in the end."""
    door = DoorAside(url)
    door.start()
    try:
        yield door
    finally:
        door.stop()
