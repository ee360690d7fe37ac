"""HTTP/1.1 over one keep-alive connection, as a browser holds it.

Invariant: a request of which a byte may have been sent is never sent again; if it is lost, that is the answer. Only a
connection that was closed before anything was sent on it is replaced without a word.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

PATIENCE_SECONDS = 25.0
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Status 0: nothing did, and `lost` says why. Names of headers are in lower case."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    lost: str = ""

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]

    def first(self, name: str) -> str:
        return next(iter(self.all(name)), "")


class Connection:
    """One connection to `host`:`port`, opened when it is needed. One request at a time."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.opened = 0

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """Never raises for what the network or the server does."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reader, writer = await self._usable()
                writer.write("\r\n".join(lines).encode() + _HEAD_END + body)
                return await self._reply(reader)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            self.close()
            return Reply(0, lost=f"{type(error).__name__}: {error}")

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None

    async def _usable(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        await asyncio.sleep(0)  # an end that has come already is noticed here, before anything is sent
        if self._reader is None or self._writer is None or self._reader.at_eof() or self._writer.is_closing():
            self.close()
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
            self.opened += 1
        return self._reader, self._writer

    async def _reply(self, reader: asyncio.StreamReader) -> Reply:
        status_line, *lines = (await reader.readuntil(_HEAD_END)).decode("latin-1").rstrip().split("\r\n")
        status = int(status_line.split(" ", 2)[1])
        pairs = (line.partition(":") for line in lines)
        headers = [(name.lower(), value.strip()) for name, _, value in pairs]
        reply = Reply(status, headers)
        body = b""
        if status not in (204, 304):
            if reply.first("transfer-encoding"):
                raise ValueError("a chunked answer, which this application never gives")
            body = await reader.readexactly(int(reply.first("content-length")))
        if "close" in reply.first("connection").lower():
            self.close()
        return Reply(status, headers, body)
