"""A fault: the way to a service, which a test can shut (connections are refused), stall (nothing comes back) and open
again. It passes bytes on and knows nothing of what they mean.

Unlike a wire of `lab.testbed` it lives in the test's own loop, and passes on later what it stalled.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

from tornado.testing import bind_unused_port

HELD_BYTES = 65_536  # what the machine takes from a sender of what was not passed on yet


class Door:
    """Stands before the service at `url`; `self.url` is the address behind which it can be found instead."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        listening, self.port = bind_unused_port()
        listening.close()
        self.url = urlunsplit(self._parts._replace(netloc=f"127.0.0.1:{self.port}"))
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
                    both.create_task(self._pass(reader, inner_writer))
                    both.create_task(self._pass(inner_reader, writer))
            except* OSError:
                pass
            finally:
                inner_writer.close()
        writer.close()
        self._passing.discard(task)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._flowing.wait()
            writer.write(data)
            await writer.drain()
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
