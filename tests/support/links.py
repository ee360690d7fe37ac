"""What tests of links to Redis share: the link that an address calls for, a node that misbehaves, and waiting."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from cache.cluster import SCHEMES as CLUSTER_SCHEMES
from cache.cluster import ClusterLink
from cache.connection import exchange
from cache.errors import Unavailable
from cache.link import AnyLink, Link
from cache.sentinel import SCHEMES as SENTINEL_SCHEMES
from cache.sentinel import Sentinels


@asynccontextmanager
async def opened(url: str, **how: Any) -> AsyncIterator[AnyLink]:
    """The link for an address, closed on leaving."""
    scheme = url.partition("://")[0]
    link: AnyLink
    if scheme in CLUSTER_SCHEMES:
        link = ClusterLink(url, **how)
    elif scheme in SENTINEL_SCHEMES:
        sentinels = Sentinels(url, exchange=exchange)
        link = Link(sentinels.master_url, follow=sentinels.follow, **how)
    else:
        link = Link(url, **how)
    try:
        yield link
    finally:
        await link.close()


async def until(holds: Callable[[], Awaitable[object]], within_seconds: float = 3.0) -> None:
    """Asks until the answer is true. Raises TimeoutError after `within_seconds`."""
    async with asyncio.timeout(within_seconds):
        while not await holds():  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.005)


async def heals(link: AnyLink, key: str, within_seconds: float = 3.0) -> None:
    """Until the link writes to `key` again."""

    async def writes() -> bool:
        try:
            await link.ask("heal", ("SET", key, 1))
        except Unavailable:
            return False
        return True

    await until(writes, within_seconds)


class OnlyNode:
    """All of a cluster's slots on one made-up node. What it does with a command that has a key, `misbehave` says: the
    bytes it answers with, or None to hang up. `asked` has the names of those commands."""

    def __init__(self, misbehave: Callable[["OnlyNode", list[bytes]], bytes | None]) -> None:
        self.asked: list[bytes] = []
        self.port = 0
        self._misbehave = misbehave

    @property
    def url(self) -> str:
        return f"redis+cluster://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator["OnlyNode"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                words = [await self._word(reader) for _ in range(int(line[1:]))]
                if (answer := self._answer(words)) is None:
                    break
                writer.write(answer)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    async def _word(self, reader: asyncio.StreamReader) -> bytes:
        size = int((await reader.readline())[1:])
        return (await reader.readexactly(size + 2))[:-2]

    def _answer(self, words: list[bytes]) -> bytes | None:
        if words[0] == b"PING":
            return b"+PONG\r\n"
        if words[0] == b"COMMAND":
            return b"*0\r\n"
        if words == [b"CLUSTER", b"INFO"]:
            told = b"cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_current_epoch:1\r\n"
            return b"$%d\r\n%s\r\n" % (len(told), told)
        if words == [b"CLUSTER", b"SLOTS"]:
            return b"*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:%d\r\n$1\r\na\r\n" % self.port
        self.asked.append(words[0])
        return self._misbehave(self, words)
