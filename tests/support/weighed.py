"""A way to a server that counts the bytes that pass, knowing nothing of what they mean."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

HOST = "127.0.0.1"


class Way:
    """`url` leads to the server through here; `sent` is what clients sent, `received` what they were sent."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self.url = ""
        self.sent = 0
        self.received = 0

    @property
    def counted(self) -> tuple[int, int]:
        return self.sent, self.received

    def leads_from(self, port: int) -> None:
        self.url = self._parts._replace(netloc=f"{HOST}:{port}").geturl()

    def cut(self) -> None:
        """Ends every connection."""
        for writer in self._writers:
            writer.close()

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        self._writers |= {writer, back}
        await asyncio.gather(self._pass_on(reader, back, there=True), self._pass_on(there, writer, there=False))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, there: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                self.sent += len(data) if there else 0
                self.received += 0 if there else len(data)
                writer.write(data)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def way_to(url: str) -> AsyncIterator[Way]:
    """A way to the server at `url`, open until left."""
    way = Way(url)
    server = await asyncio.start_server(way.enter, HOST, 0)
    way.leads_from(server.sockets[0].getsockname()[1])
    try:
        yield way
    finally:
        server.close()
        way.cut()
        await server.wait_closed()
        await asyncio.sleep(0.01)  # for what passes on to see that it is over
