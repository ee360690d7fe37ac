"""Faults on the way to Redis that a real one cannot be asked for: a proxy that knows where RESP values end, so that it
can cut, hold or swallow one of them and no other; and a server that says what it is told to.

    async with wire_to(server.url) as wire:
        link = Link(wire.url)
        wire.swallows_pushes = True

Neither knows what `cache` is. A fault is made between two values, never in the middle of one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

HOST = "127.0.0.1"
HELLO = b"%1\r\n+proto\r\n:3\r\n"
OK = b"+OK\r\n"

Words = list[bytes]


class Passage:
    """One connection through a `Wire`. `tracked` once its client has asked to be told of changes.

    Replies are held while `replies_flow` is cleared.
    """

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.tracked = False
        self.asked: list[Words] = []
        self.replies_flow = asyncio.Event()
        self.replies_flow.set()
        self._client = client
        self._server = server

    def say(self, data: bytes) -> None:
        """Says something to the client in place of Redis."""
        self._client.write(data)

    def cut(self) -> None:
        """Breaks it, as a reset does; what was passed on before may still be read."""
        for writer in (self._client, self._server):
            if not writer.transport.is_closing():
                writer.close()


class Wire:
    """Stands before the Redis at `url`; `self.url` is the address to be used instead.

    `on_command` and `on_reply` see each value before it is passed on, and may cut the passage. A command is swallowed
    if `on_command` says False; what `on_reply` says goes on in place of the reply.
    """

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0
        self.url = ""
        self.passages: list[Passage] = []
        self.pass_all()
        self.commands_flow = asyncio.Event()
        self.replies_flow = asyncio.Event()

    def pass_all(self) -> None:
        """Passes everything on as it is."""
        self.swallows_pushes = False
        self.on_command: Callable[[Passage, Words], bool] = lambda passage, words: True
        self.on_reply: Callable[[Passage, bytes], bytes] = lambda passage, value: value

    async def open(self) -> None:
        """Takes connections, on the same port as before."""
        self.flow()
        self._server = await asyncio.start_server(self._enter, HOST, self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        credentials, at, _ = self._parts.netloc.rpartition("@")
        self.url = urlunsplit(self._parts._replace(netloc=f"{credentials}{at}{HOST}:{self._port}"))

    async def shut(self) -> None:
        """Breaks every connection and refuses new ones."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def stall(self, *, commands: bool = True, replies: bool = True) -> None:
        """Keeps connections and takes new ones, but passes nothing on in these directions."""
        if commands:
            self.commands_flow.clear()
        if replies:
            self.replies_flow.clear()

    def flow(self) -> None:
        """Passes on again, what was held first."""
        self.commands_flow.set()
        self.replies_flow.set()

    def passage(self, *, tracked: bool) -> Passage:
        """The newest connection of a kind."""
        return next(passage for passage in reversed(self.passages) if passage.tracked == tracked)

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            inner_reader, inner_writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
            passage = Passage(writer, inner_writer)
            self.passages.append(passage)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pass_commands(passage, reader, inner_writer))
                    both.create_task(self._pass_replies(passage, inner_reader, writer))
            except* OSError:
                pass
            finally:
                passage.cut()
        writer.close()
        self._tasks.discard(task)

    async def _pass_commands(
        self, passage: Passage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async for value in values(reader):
            words = words_of(value)
            passage.tracked = passage.tracked or words[:2] == [b"CLIENT", b"TRACKING"]
            await self.commands_flow.wait()
            passage.asked.append(words)
            if self.on_command(passage, words) and not writer.is_closing():
                writer.write(value)
        passage.cut()

    async def _pass_replies(self, passage: Passage, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for value in values(reader):
            await self.replies_flow.wait()
            if value.startswith(b">") and self.swallows_pushes:
                continue
            told = self.on_reply(passage, value)
            await passage.replies_flow.wait()
            if told and not writer.is_closing():
                writer.write(told)
        passage.cut()


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[Wire]:
    """An open wire, closed in the end."""
    wire = Wire(url)
    await wire.open()
    try:
        yield wire
    finally:
        await wire.shut()


class Stub:
    """A server that shakes hands as Redis does and then says what `answer` says to each command; None says nothing.

    An answer may raise `Hangup` to end the connection. `connected_at` holds when each connection came, `asked` what
    each asked for after the handshake.
    """

    def __init__(self, answer: Callable[[Words], bytes | None], *, hello: bytes | None = HELLO) -> None:
        self.answer = answer
        self.hello = hello
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self.url = ""
        self.connected_at: list[float] = []
        self.asked: list[Words] = []

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._enter, HOST, 0)
        self.url = f"redis://{HOST}:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def say(self, data: bytes) -> None:
        """Says something on the newest connection, asked or not."""
        self._writers[-1].write(data)

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.append(writer)
        self.connected_at.append(asyncio.get_running_loop().time())
        with contextlib.suppress(OSError, Hangup, asyncio.CancelledError):
            async for value in values(reader):
                answer = self._say(words_of(value))
                if answer is not None:
                    writer.write(answer)
        writer.close()
        self._tasks.discard(task)

    def _say(self, words: Words) -> bytes | None:
        if words[0] == b"HELLO":
            return self.hello
        if words[:2] == [b"CLIENT", b"SETINFO"]:
            return OK
        if words[0] == b"PING" and len(words) == 2:  # a part of the handshake, too
            return bulk(words[1])
        self.asked.append(words)
        return self.answer(words)


class Hangup(Exception):
    """The stub ends the connection."""


@asynccontextmanager
async def stub(answer: Callable[[Words], bytes | None], *, hello: bytes | None = HELLO) -> AsyncIterator[Stub]:
    """A running stub, ended in the end."""
    server = Stub(answer, hello=hello)
    await server.open()
    try:
        yield server
    finally:
        await server.close()


async def values(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The RESP values that come in, each whole, until the stream ends."""
    held = b""
    while data := await reader.read(1 << 20):
        held += data
        at = 0
        while (end := value_end(held, at)) >= 0:
            yield held[at:end]
            at = end
        held = held[at:]


def value_end(data: bytes, start: int) -> int:
    """Where the RESP value that begins at `start` ends; -1 if it is not all there yet."""
    line_end = data.find(b"\r\n", start)
    if line_end < 0:
        return -1
    kind, at = data[start : start + 1], line_end + 2
    if kind in (b"$", b"=", b"!"):
        size = int(data[start + 1 : line_end])
        end = at if size < 0 else at + size + 2
        return end if end <= len(data) else -1
    if kind in (b"*", b"~", b">", b"%"):
        for _ in range(int(data[start + 1 : line_end]) * (2 if kind == b"%" else 1)):
            at = value_end(data, at)
            if at < 0:
                return -1
    return at


def words_of(command: bytes) -> Words:
    """The words of a command as clients send it."""
    return list(_words_of(command))


def _words_of(command: bytes) -> Iterator[bytes]:
    at = command.index(b"\r\n") + 2
    while at < len(command):
        line_end = command.index(b"\r\n", at)
        size = int(command[at + 1 : line_end])
        yield command[line_end + 2 : line_end + 2 + size]
        at = line_end + 2 + size + 2


def bulk(text: bytes) -> bytes:
    """A reply that is text."""
    return b"$%d\r\n%b\r\n" % (len(text), text)


def invalidation(*keys: bytes) -> bytes:
    """A push that tells of changed keys, as Redis sends it."""
    return b">2\r\n$10\r\ninvalidate\r\n*%d\r\n" % len(keys) + b"".join(map(bulk, keys))
