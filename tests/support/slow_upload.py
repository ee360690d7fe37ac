"""A request that a client sends in pieces of its own choosing, and its answers, over a connection of its own."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from browsing import MULTIPART, Browser

ANSWERED_WITHIN_SECONDS = 10


@dataclass(frozen=True)
class Answered:
    """One answer; `body` as far as its length says."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def faults(self) -> dict[str, str]:
        """The message for each field of a problem."""
        return {fault["field"]: fault["detail"] for fault in json.loads(self.body).get("errors", [])}


@dataclass(frozen=True)
class SlowUpload:
    """The connection. Nothing is sent but what the test sends."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> Answered:
        """The next answer on the connection, an interim one (`100`) too."""
        async with asyncio.timeout(ANSWERED_WITHIN_SECONDS):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            status_line, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answered(int(status_line.split()[1]), headers, body)

    async def is_closed(self) -> bool:
        """Whether the other side closes the connection, having said no more."""
        async with asyncio.timeout(ANSWERED_WITHIN_SECONDS):
            return await self.reader.read() == b""

    async def leave(self) -> None:
        """Closes the connection, whatever is still to be sent."""
        self.writer.transport.abort()


@asynccontextmanager
async def slow_upload(
    browser: Browser, method: str, path: str, length: int | None, *, media_type: str = MULTIPART, **more: str
) -> AsyncIterator[SlowUpload]:
    """A request of which the headers have been sent, with the cookies of a browser."""
    host, port = browser.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    headers: dict[str, Any] = {
        "Host": f"{host}:{port}",
        "Content-Type": media_type,
        "Cookie": "; ".join(f"{name}={value}" for name, value in browser.cookies.items()),
        **({} if length is None else {"Content-Length": length}),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    upload = SlowUpload(reader, writer)
    await upload.send(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode())
    try:
        yield upload
    finally:
        writer.close()
