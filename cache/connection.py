"""One connection to one Redis: bytes out, parsed replies in. The only file that knows redis-py.

redis-py makes the connection (TLS, user, database, RESP version), packs commands and parses replies. Left out of the
way is everything it would do on its own: pools, retries, and above all reconnecting, which would come back silently
without tracking. Private names are unavoidable for that; all of them are in this file, and a test names them.

Invariant: a reply and a push are never taken for one another, however many pushes come between two replies: each is
returned by itself. (redis-py's own loop recurses once per push and overflows after about a thousand.)
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

from redis._parsers import _AsyncRESP2Parser, _AsyncRESP3Parser
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from cache.errors import ErrorReply, Misuse, Unavailable
from cache.traffic import Traffic, count

SCHEMES: Final = ("redis://", "rediss://", "unix://")
HELLO_REFUSED: Final = ("ERR", "NOPROTO")
SELECT_REFUSED: Final = ("DB index", "SELECT")  # an ERR too, of the command behind HELLO

# What redis-py raises when a connection is over, or what came over it makes no sense.
_BROKEN: Final = (RedisError, OSError, EOFError, ValueError, TypeError, AttributeError, RecursionError)

SERVED: Final = b"served?"  # what a new connection is asked to echo

Command = Sequence[str | bytes | int | float]
Reply = Any


class Push(list[Any]):
    """Something Redis told without being asked; the first item says what kind (`b"invalidate"`)."""


class HandshakeRefused(Unavailable):
    """There is a server, and it does not speak RESP3."""


class Connection:
    """An open connection. Made by `connect`; used by one writer and one reader."""

    def __init__(self, vendor: Any, protocol: int) -> None:
        self.protocol = protocol
        self._vendor = vendor
        self._parser: Any = vendor._parser
        self._writer: Any = vendor._writer
        self._how: dict[str, bool] = {"disable_decoding": True}
        if protocol == 3:  # the parser of RESP2 knows no pushes
            self._parser.handle_push_response = _as_push
            self._how["push_request"] = True

    def pack(self, commands: Iterable[Command]) -> bytes:
        """Commands as they go over the wire. Raises Misuse for an argument that is no text, bytes or number."""
        return pack(self._vendor, commands)

    def write(self, data: bytes) -> None:
        """Hands bytes to the transport; never blocks."""
        self._writer.write(data)

    async def read(self) -> Reply:
        """The next reply, `Push` or `ErrorReply`. Raises Unavailable when the connection is over or makes no sense."""
        try:
            reply = await self._parser.read_response(**self._how)
        except _BROKEN as error:
            raise Unavailable("connection", str(error) or type(error).__name__) from error
        return reply if not isinstance(reply, ResponseError) else _error_reply(reply)

    def close(self) -> None:
        """Ends it at once; whoever reads is told."""
        self._parser.on_disconnect()
        if self._writer is not None:
            self._writer.transport.abort()
        self._vendor._writer = self._vendor._reader = None


def check_address(url: str) -> None:
    """Raises Misuse for an address that no connection can be made to."""
    if not url.startswith(SCHEMES):
        raise Misuse(f"a Redis address starts with one of {', '.join(SCHEMES)}; got {url.partition('://')[0]}://")
    try:
        _vendor_connection(url, 3, 1.0)
    except (ValueError, TypeError, RedisError) as error:
        raise Misuse(f"this Redis address cannot be used: {error}") from None


async def connect(url: str, *, deadline_seconds: float, resp3_only: bool, traffic: Traffic | None = None) -> Connection:
    """An open connection to the Redis at `url`: RESP3, or RESP2 with a server that knows no other and no `resp3_only`.

    All it sends and receives counts in `traffic`, its greeting too.

    Raises Unavailable (HandshakeRefused where the server is there but speaks no RESP3).
    """
    try:
        return await _connect(url, 3, deadline_seconds, traffic)
    except HandshakeRefused:
        if resp3_only:
            raise
    return await _connect(url, 2, deadline_seconds, traffic)


async def exchange(
    url: str, *commands: Command, deadline_seconds: float = 0.9, traffic: Traffic | None = None
) -> list[Reply]:
    """Asks over a connection of its own, which is closed afterwards. Raises Unavailable, ErrorReply."""
    connection = await connect(url, deadline_seconds=deadline_seconds, resp3_only=False, traffic=traffic)
    try:
        async with asyncio.timeout(deadline_seconds):
            connection.write(connection.pack(commands))
            replies = [await connection.read() for _ in commands]
    except TimeoutError:
        raise Unavailable("connection", f"no answer within {deadline_seconds} s") from None
    finally:
        connection.close()
    for reply in replies:
        if isinstance(reply, ErrorReply):
            raise reply
    return replies


def packer() -> AbstractConnection:
    """Something to pack with while there is no connection."""
    return _vendor_connection("redis://", 3, 1.0)


def pack(vendor: AbstractConnection, commands: Iterable[Command]) -> bytes:
    """Commands as they go over the wire. Raises Misuse for an argument that is no text, bytes or number."""
    try:
        return b"".join(vendor.pack_commands(commands))
    except (RedisError, UnicodeError) as error:
        raise Misuse(f"this command cannot be sent: {error}") from None


def counting(kind: type[AbstractConnection], traffic: Traffic) -> type[AbstractConnection]:
    """The same kind of redis-py's connections, but what they send and receive counts in `traffic`."""

    class Counting(kind):  # type: ignore[valid-type, misc]  # one of redis-py's own classes
        async def on_connect_check_health(self, check_health: bool = True) -> None:
            """The streams are there, and nothing went over them yet."""
            count(self._reader, self._writer, traffic)
            await super().on_connect_check_health(check_health)

    return Counting


async def _connect(url: str, protocol: int, deadline_seconds: float, traffic: Traffic | None) -> Connection:
    vendor: Any = _vendor_connection(url, protocol, deadline_seconds, traffic)
    try:
        async with asyncio.timeout(deadline_seconds):
            await vendor.connect()
            await _served(vendor)
        return Connection(vendor, protocol)
    except ResponseError as error:
        vendor._close()
        kind = HandshakeRefused if protocol == 3 and _is_of_hello(error) else Unavailable
        raise kind("connect", str(error)) from error
    except _BROKEN as error:
        vendor._close()
        raise Unavailable("connect", str(error) or f"no answer within {deadline_seconds} s") from error
    except BaseException:
        vendor._close()
        raise


async def _served(vendor: Any) -> None:
    """A Redis that still loads its data greets, and refuses all else: it is not there yet. Raises RedisError."""
    try:
        await vendor.send_command("PING", SERVED)
        if await vendor.read_response() != SERVED:
            raise ConnectionError("a new connection answers another question than it was asked")
    except ResponseError as error:
        if _error_reply(error).code != "NOPERM":  # a user who may not ask is answered all the same
            raise ConnectionError(str(error)) from error


def _vendor_connection(
    url: str, protocol: int, deadline_seconds: float, traffic: Traffic | None = None
) -> AbstractConnection:
    options: dict[str, Any] = {**parse_url(url)}
    kind = options.pop("connection_class", None) or _plain_connection()
    if traffic is not None:
        kind = counting(kind, traffic)
    return kind(
        **options,
        protocol=protocol,
        parser_class=_AsyncRESP3Parser if protocol == 3 else _AsyncRESP2Parser,
        socket_connect_timeout=deadline_seconds,
        socket_timeout=None,
        retry=Retry(NoBackoff(), 0),
    )


def _plain_connection() -> type[AbstractConnection]:
    from redis.asyncio.connection import Connection as Plain  # noqa: PLC0415  # its name is taken here

    return Plain


def _is_of_hello(error: ResponseError) -> bool:
    return _error_reply(error).code in HELLO_REFUSED and not any(words in str(error) for words in SELECT_REFUSED)


def _error_reply(error: ResponseError) -> ErrorReply:
    code = getattr(error, "status_code", None)
    text = str(error)
    if code is None:  # redis-py knows no class for it: the code is still in the text
        code, _, text = text.partition(" ")
    return ErrorReply(str(code), text)


async def _as_push(response: list[Any], **_: Any) -> Push:
    return Push(response)
