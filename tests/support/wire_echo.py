"""Servers to put behind a wire: one that says back what it hears, and one that only counts it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from lab.testbed.wire import Wire

HOST = "127.0.0.1"


class Heard:
    """What was received; `ends` counts the connections that ended in order, `resets` those that were broken off."""

    def __init__(self) -> None:
        self.bytes = 0
        self.ends = 0
        self.resets = 0


@asynccontextmanager
async def wire_to_echo(*, silent: bool = False) -> AsyncIterator[tuple[Wire, Heard]]:
    """An open wire to an echo server; a `silent` one answers nothing until its client has ended, and then `bye`."""
    heard = Heard()
    tasks: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]  # there is one
        try:
            while data := await reader.read(65_536):
                heard.bytes += len(data)
                if not silent:
                    writer.write(data)
                    await writer.drain()
            heard.ends += 1
            writer.write(b"bye")
        except ConnectionError:
            heard.resets += 1
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(answer, HOST, 0)
    wire = Wire(HOST, server.sockets[0].getsockname()[1])
    await wire.open()
    try:
        yield wire, heard
    finally:
        wire.close()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def calling(wire: Wire) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection through it."""
    reader, writer = await asyncio.open_connection(HOST, wire.port_here)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
