"""The link to Redis: one connection that all callers of a process share.

Written once per turn of the event loop, answered in order by one reader; pushes are handled apart, by that reader, at
their place among the replies. A dropped connection is replaced by the link itself, with jittered back-off.

Invariants
- A call ends within its deadline: with replies, or with an error. Nobody's cancellation, time-out or error reply
  touches anybody else: the place in the queue stays, its reply is read and thrown away.
- Nothing that may write is sent twice. What was asked with `again=True` is sent a second time at most once, and only
  because the connection broke. What was given up before it was written is never written.
- What waits is bounded, in calls and in bytes; past that a call is refused at once.

Not promised: that a write which raised did not happen.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from hashlib import sha1
from typing import Any, Protocol

from cache.connection import Command, Connection, Push, Reply, check_address, connect, pack, packer
from cache.errors import ErrorReply, Misuse, Overloaded, Unavailable
from cache.traffic import Traffic

__all__ = ["AnyLink", "Command", "Link", "Mismatch", "Reply", "Script"]

BACKLOG = 8192
BACKLOG_BYTES = 32 << 20
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
SILENCES = 2  # a connection that has owed an answer for this many deadlines, and said nothing, is given up

_log = logging.getLogger(__name__)

Arguments = Sequence[str | bytes | int | float]
Place = Callable[[int, Reply, bool], None]
"""Told each reply of a call by the reader, at its place in the stream, before anything behind it is read: its number,
itself, and whether the call was sent before, over a connection that broke."""


class Mismatch(Exception):
    """A reply cannot be the answer to what was asked. Raised by a `Place`; it ends the connection."""


@contextlib.contextmanager
def counted(operation: str, called: Callable[[str, str, float], None]) -> Iterator[None]:
    """Tells of one call how it ended (`ok`, `error`, `cancelled`) and how many seconds it took."""
    started = time.perf_counter()
    result = "error"
    try:
        yield
        result = "ok"
    except asyncio.CancelledError:
        result = "cancelled"
        raise
    finally:
        called(operation, result, time.perf_counter() - started)


def without_errors(replies: list[Reply]) -> list[Reply]:
    """The replies. Raises the first ErrorReply among them."""
    for reply in replies:
        if isinstance(reply, ErrorReply):
            raise reply
    return replies


class AnyLink(Protocol):
    """What a link can do, whatever kind of Redis is behind it. See `Link`."""

    @property
    def backlog(self) -> int: ...

    async def ask(
        self,
        operation: str,
        *commands: Command,
        again: bool = False,
        errors: bool = False,
        place: Place | None = None,
        deadline_seconds: float | None = None,
    ) -> list[Reply]: ...

    async def ask_beside(self, key: str, operation: str, *commands: Command) -> list[Reply]: ...

    def script(self, source: str) -> "Script": ...

    async def close(self) -> None: ...


class _Call:
    """What was asked in one go, and what has been answered of it."""

    __slots__ = (
        "again",
        "data",
        "deadline",
        "future",
        "operation",
        "place",
        "replies",
        "resent",
        "sent_at",
        "size",
        "wanted",
    )

    def __init__(
        self,
        operation: str,
        data: bytes,
        wanted: int,
        *,
        future: "asyncio.Future[list[Reply]]",
        deadline: float,
        again: bool,
        place: Place | None,
    ) -> None:
        self.operation = operation
        self.data = data
        self.size = len(data)
        self.wanted = wanted
        self.future = future
        self.deadline = deadline
        self.again = again
        self.place = place
        self.replies: list[Reply] = []
        self.resent = False
        self.sent_at = 0.0

    def fail(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class Script:
    """A Lua script, called by its digest and sent whole where Redis does not know it."""

    def __init__(self, link: AnyLink, source: str) -> None:
        self._link = link
        self.source = source
        self.digest = sha1(source.encode(), usedforsecurity=False).hexdigest()

    def command(self, keys: Sequence[str], args: Arguments) -> Command:
        """The call as a command, for a pipeline; fails with NOSCRIPT where the script was never loaded."""
        return ("EVALSHA", self.digest, len(keys), *keys, *args)

    async def __call__(self, operation: str, keys: Sequence[str], args: Arguments) -> Reply:
        """Runs the script; every key it touches is in `keys`. Raises Unavailable, ErrorReply, Overloaded.

        NOSCRIPT means that nothing was run, so sending the source then is not sending the write a second time.
        """
        [reply] = await self._link.ask(operation, self.command(keys, args), errors=True)
        if isinstance(reply, ErrorReply) and reply.code == "NOSCRIPT":
            [reply] = await self._link.ask(operation, ("EVAL", self.source, len(keys), *keys, *args), errors=True)
        if isinstance(reply, ErrorReply):
            raise reply
        return reply


class Link:
    """Commands over one multiplexed connection. Connects when first used; `close` ends it.

    `url` is an address, or a function that finds it before each connect; `follow` then runs beside the link, and calls
    what it is given when the address is another one (a former master would take writes that are lost).

    `opened` is told each new connection's number, `lost` the number of one that is gone, `pushed` each push, `refused`
    the code of each error reply but NOSCRIPT: synchronously, by the reader, in the stream's order. `traffic` counts its
    bytes.
    """

    def __init__(
        self,
        url: str | Callable[[], Awaitable[str]],
        *,
        deadline_seconds: float = 0.9,
        resp3_only: bool = False,
        follow: Callable[[Callable[[str], None]], Coroutine[Any, Any, None]] | None = None,
        max_backlog: int = BACKLOG,
        max_backlog_bytes: int = BACKLOG_BYTES,
        called: Callable[[str, str, float], None] = lambda operation, result, seconds: None,
        opened: Callable[[int], None] = lambda number: None,
        lost: Callable[[int], None] = lambda number: None,
        pushed: Callable[[Push], None] = lambda push: None,
        refused: Callable[[str], None] = lambda code: None,
        traffic: Traffic | None = None,
    ) -> None:
        if deadline_seconds <= 0 or max_backlog <= 0 or max_backlog_bytes <= 0:
            raise Misuse("deadline_seconds, max_backlog and max_backlog_bytes must be positive")
        if isinstance(url, str):
            check_address(url)
        self._url = url
        self._deadline = deadline_seconds
        self._resp3_only = resp3_only
        self._follow = follow
        self._following: asyncio.Task[None] | None = None
        self._max_backlog = max_backlog
        self._max_backlog_bytes = max_backlog_bytes
        self._called = called
        self._opened = opened
        self._lost = lost
        self._pushed = pushed
        self._refused = refused
        self._traffic = traffic if traffic is not None else Traffic()
        self._packer = packer()
        self._connection: Connection | None = None
        self._number = 0
        self._down: Unavailable | None = None  # why the last attempt to connect failed
        self._closed = False
        self._unsent: deque[_Call] = deque()
        self._sent: deque[_Call] = deque()
        self._backlog = 0
        self._backlog_bytes = 0
        self._flushing = False
        self._heard_at = 0.0
        self._sweep: asyncio.TimerHandle | None = None
        self._sweep_when = 0.0  # kept here: the handle of uvloop does not tell it once it is due
        self._running: asyncio.Task[None] | None = None

    @property
    def backlog(self) -> int:
        """Calls that wait for an answer."""
        return self._backlog

    @property
    def number(self) -> int:
        """The number of the open connection; 0 while there is none."""
        return self._number if self._connection is not None else 0

    @property
    def down(self) -> Unavailable | None:
        """Why Redis cannot be reached; None while it can, or while that is not known yet."""
        return self._down

    async def ask(
        self,
        operation: str,
        *commands: Command,
        again: bool = False,
        errors: bool = False,
        place: Place | None = None,
        deadline_seconds: float | None = None,
    ) -> list[Reply]:
        """The replies of all commands, in order, in one round trip.

        `again`: may be sent a second time, at most once, if the connection breaks. `errors`: an error reply stands in
        its place as an ErrorReply instead of being raised.
        Raises Unavailable, ErrorReply, Overloaded (nothing was sent), Misuse.
        """
        if not commands:
            return []
        seconds = deadline_seconds or self._deadline
        with counted(operation, self._called):
            replies = await self._submit(operation, commands, again, place, seconds)
        return replies if errors else without_errors(replies)

    async def ask_beside(self, key: str, operation: str, *commands: Command) -> list[Reply]:
        """As `ask`, of the master that has this key, whatever the commands name; error replies stand in their place."""
        return await self.ask(operation, *commands, errors=True)

    def script(self, source: str) -> Script:
        """Registers a Lua script; nothing is sent yet."""
        return Script(self, source)

    def start(self) -> None:
        """Begins to connect, if that has not begun yet; `ask` does this too."""
        if self._running is None and not self._closed:
            self._running = asyncio.get_running_loop().create_task(self._run(), name="redis link")
            if self._follow is not None:
                self._following = asyncio.get_running_loop().create_task(self._follow(self.drop), name="redis master")

    def drop(self, reason: str) -> None:
        """Ends the open connection; the link connects again."""
        if self._connection is not None:
            self._down = None
            self._break_off(self._connection, Unavailable("connection", reason))

    async def close(self) -> None:
        """Ends everything; what waits fails, and what is asked from now on."""
        self._closed = True
        for task in (self._following, self._running):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        if self._sweep is not None:
            self._sweep.cancel()
        await asyncio.sleep(0)  # a transport that was ended takes one more turn to let its socket go

    # --- the caller's side ---------------------------------------------------------------------------------------

    def _submit(
        self, operation: str, commands: Sequence[Command], again: bool, place: Place | None, seconds: float
    ) -> "asyncio.Future[list[Reply]]":
        if self._closed:
            raise Unavailable(operation, "the link is closed")
        if self._down is not None:
            raise Unavailable(operation, self._down.cause)
        data = pack(self._packer, commands)
        if self._backlog >= self._max_backlog or self._backlog_bytes + len(data) > self._max_backlog_bytes:
            raise Overloaded("calls on the link to Redis")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        call = _Call(
            operation,
            data,
            len(commands),
            future=loop.create_future(),
            deadline=deadline,
            again=again,
            place=place,
        )
        self._backlog += 1
        self._backlog_bytes += call.size
        self._unsent.append(call)
        if self._running is None:
            self.start()
        if not self._flushing and self._connection is not None:
            self._flushing = True
            loop.call_soon(self._flush)
        if self._sweep is None or deadline < self._sweep_when:
            self._sweep_at(deadline)
        return call.future

    def _flush(self) -> None:
        """Writes all that was asked in this turn of the event loop, once."""
        self._flushing = False
        connection = self._connection
        if connection is None:
            return
        now = asyncio.get_running_loop().time()
        chunks = []
        while self._unsent:
            call = self._unsent.popleft()
            if call.future.done():  # given up before it was written
                self._forget(call)
                continue
            call.sent_at = now
            chunks.append(call.data)
            if not call.again:
                call.data = b""
            self._sent.append(call)
        if chunks:
            connection.write(b"".join(chunks))

    def _forget(self, call: _Call) -> None:
        self._backlog -= 1
        self._backlog_bytes -= call.size

    # --- deadlines -----------------------------------------------------------------------------------------------

    def _sweep_at(self, when: float) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
        self._sweep, self._sweep_when = asyncio.get_running_loop().call_at(when, self._swept), when

    def _swept(self) -> None:
        """Fails what is overdue; gives up a connection that owes an answer and has said nothing since it was asked."""
        self._sweep = None
        now = asyncio.get_running_loop().time()
        upcoming: list[float] = []
        for call in (*self._sent, *self._unsent):
            if call.future.done():
                continue
            if call.deadline <= now:
                call.fail(Unavailable(call.operation, "no answer in time"))
            else:
                upcoming.append(call.deadline)
        if self._sent and self._connection is not None:
            given_up = max(self._sent[0].sent_at, self._heard_at) + SILENCES * self._deadline
            if given_up <= now:
                self._break_off(self._connection, Unavailable("connection", "no answer for too long"))
            else:
                upcoming.append(given_up)
        if upcoming:
            self._sweep_at(min(upcoming))

    # --- the connection's side -----------------------------------------------------------------------------------

    async def _run(self) -> None:
        """Connects, reads until the connection is over, and again, until cancelled."""
        pause = FIRST_PAUSE_SECONDS
        try:
            while True:
                try:
                    connection = await self._connect()
                except Exception as error:  # noqa: BLE001  # nobody would begin again
                    if not isinstance(error, Unavailable | Misuse):
                        _log.exception("a connection to Redis could not be made")
                    self._down = error if isinstance(error, Unavailable) else Unavailable("connect", str(error))
                    self._fail_all(self._unsent, error)
                    pause = await self._pause(pause)
                    continue
                self._begin(connection)
                begun_at = self._heard_at
                try:
                    await self._read(connection)
                except (Unavailable, Mismatch) as error:
                    self._break_off(connection, error)
                except Exception as error:  # noqa: BLE001  # a bug must not end the only reader there is
                    _log.exception("a reader of replies failed; its connection is closed")
                    self._break_off(connection, error)
                if self._heard_at > begun_at:
                    pause = FIRST_PAUSE_SECONDS
                else:  # taken in and told nothing: no better than refused
                    pause = await self._pause(pause)
        finally:
            if self._connection is not None:
                self._break_off(self._connection, Unavailable("connection", "the link is closed"))
            self._fail_all(self._unsent, Unavailable("connection", "the link is closed"))

    async def _pause(self, seconds: float) -> float:
        """Waits about so long, and says how long to wait the next time."""
        await asyncio.sleep(seconds * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, not a secret
        return min(2 * seconds, LONGEST_PAUSE_SECONDS)

    async def _connect(self) -> Connection:
        try:
            async with asyncio.timeout(self._deadline):
                url = self._url if isinstance(self._url, str) else await self._url()
        except TimeoutError:
            raise Unavailable("connect", "nobody said in time where the master is") from None
        return await connect(url, deadline_seconds=self._deadline, resp3_only=self._resp3_only, traffic=self._traffic)

    def _begin(self, connection: Connection) -> None:
        self._connection = connection
        self._number += 1
        self._down = None
        self._heard_at = asyncio.get_running_loop().time()
        self._opened(self._number)
        self._flush()

    async def _read(self, connection: Connection) -> None:
        """Hands out replies, in order, until the connection is over. Everything between two reads is synchronous."""
        sent, time_of = self._sent, asyncio.get_running_loop().time
        while self._connection is connection:
            reply = await connection.read()
            self._heard_at = time_of()
            if type(reply) is Push:
                self._pushed(reply)
                continue
            if not sent:
                raise Mismatch("a reply to nothing that was asked")
            call = sent[0]
            if call.place is not None:
                call.place(len(call.replies), reply, call.resent)
            call.replies.append(reply)
            if len(call.replies) == call.wanted:
                sent.popleft()
                self._forget(call)
                if not call.future.done():
                    call.future.set_result(call.replies)
            if type(reply) is ErrorReply:
                if reply.code != "NOSCRIPT":
                    self._refused(reply.code)
                if reply.code == "READONLY":
                    raise Unavailable("connection", "this Redis is a replica now")

    def _break_off(self, connection: Connection, error: Exception) -> None:
        """Ends a connection: what may be asked again goes to the head of the queue, the rest fails."""
        if self._connection is not connection:
            return
        self._connection = None
        connection.close()
        self._lost(self._number)
        cause = error if isinstance(error, Unavailable) else Unavailable("connection", str(error))
        once_more: list[_Call] = []
        while self._sent:
            call = self._sent.popleft()
            if call.again and not call.future.done() and not self._closed:
                call.again, call.resent = False, True
                call.replies = []
                once_more.append(call)
            else:
                self._forget(call)
                call.fail(Unavailable(call.operation, cause.cause))
        self._unsent.extendleft(reversed(once_more))

    def _fail_all(self, calls: deque[_Call], error: Exception) -> None:
        cause = error.cause if isinstance(error, Unavailable) else str(error)
        while calls:
            call = calls.popleft()
            self._forget(call)
            call.fail(Unavailable(call.operation, cause))


def as_mapping(reply: Reply) -> Any:
    """A hash as RESP3 gives it, whichever protocol it came by."""
    if isinstance(reply, list):
        return dict(zip(reply[::2], reply[1::2], strict=True))
    return reply
