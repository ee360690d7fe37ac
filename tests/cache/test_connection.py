"""One connection: made in time or refused with its cause, replies and pushes told apart, redis-py's private names."""

import asyncio
import gc
import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from redis_servers import RedisServer, locked_server
from wires import OK, Words, bulk, invalidation, stub

from cache.connection import (
    SERVED,
    Connection,
    HandshakeRefused,
    Push,
    check_address,
    connect,
    exchange,
    pack,
    packer,
)
from cache.errors import ErrorReply, Misuse, Unavailable
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 0.3
CHANGED = (
    "this redis-py has changed something private that cache/connection.py relies on: read its asyncio/connection.py and"
    " _parsers/resp3.py, adapt cache/connection.py and this test together, then move the pin in setup.py"
)


async def open_to(url: str, *, resp3_only: bool = True) -> Connection:
    return await connect(url, deadline_seconds=DEADLINE_SECONDS, resp3_only=resp3_only)


async def replies_to(answer: bytes | None, count: int) -> list[Any]:
    """What is read, `count` times, from a server that answers one command with these bytes."""
    async with stub(lambda words: answer) as server:
        connection = await open_to(server.url)
        try:
            connection.write(connection.pack([("ASK",)]))
            async with asyncio.timeout(30):
                return [await connection.read() for _ in range(count)]
        finally:
            connection.close()


@pytest.fixture(scope="module")
def program(programs: Programs) -> Path:
    return programs.need("redis-server")["redis-server"]


@pytest.fixture(scope="module")
def locked(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with locked_server(program, tmp_path_factory.mktemp("locked"), {"databases": 8}) as server:
        yield server


@pytest.fixture(scope="module")
def without_resp3(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server that knows no HELLO, as proxies and old releases do."""
    options = {"rename-command HELLO": '""', "requirepass": "open-sesame"}
    folder = tmp_path_factory.mktemp("without_resp3")
    with RedisServer(program, folder, options, url="redis://:open-sesame@127.0.0.1:{port}/3") as server:
        yield server


# --- redis-py ----------------------------------------------------------------------------------------------------


async def test_the_installed_redis_py_is_one_that_was_tested() -> None:
    """It is within the pin, and the pin lets no untested series in."""
    [pin] = [found for found in map(Requirement, requires("hotseat") or ()) if found.name == "redis"]
    assert version("redis") in pin.specifier
    assert version("redis").startswith("8."), CHANGED


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("redis._parsers", "_AsyncRESP2Parser"),
        ("redis._parsers", "_AsyncRESP3Parser.handle_push_response"),
        ("redis._parsers", "_AsyncRESP3Parser.on_disconnect"),
        ("redis.asyncio.connection", "AbstractConnection._close"),
        ("redis.asyncio.connection", "AbstractConnection.connect"),
        ("redis.asyncio.connection", "AbstractConnection.on_connect_check_health"),
        ("redis.asyncio.connection", "AbstractConnection.pack_commands"),
        ("redis.asyncio.connection", "Connection"),
        ("redis.asyncio.connection", "parse_url"),
        ("redis.asyncio.retry", "Retry"),
    ],
)
async def test_what_is_used_of_redis_py_is_there(module: str, path: str) -> None:
    """Each name, public or private, by itself, so that the one that is gone is the one that fails."""
    found: Any = import_module(module)
    for name in path.split("."):
        found = getattr(found, name, None)
        assert found is not None, f"{module}.{path}: {CHANGED}"


async def test_the_parser_is_asked_in_words_it_knows() -> None:
    """`read_response` of both parsers, and the push handler that is put in place of redis-py's own."""
    from redis._parsers import _AsyncRESP2Parser, _AsyncRESP3Parser  # noqa: PLC0415  # gone: the test above says so

    assert "disable_decoding" in inspect.signature(_AsyncRESP2Parser.read_response).parameters, CHANGED
    assert {"disable_decoding", "push_request"} <= set(inspect.signature(_AsyncRESP3Parser.read_response).parameters), (
        CHANGED
    )
    assert inspect.iscoroutinefunction(_AsyncRESP3Parser.handle_push_response), CHANGED


async def test_a_connection_of_redis_py_holds_its_parser_and_its_writer() -> None:
    """They are read once, when it is open; the push handler is looked up on the parser each time. Its streams are
    asyncio's own, so that they can be made to count."""
    async with stub(lambda words: invalidation(b"k") + OK) as server:
        connection = await open_to(server.url)
        vendor = connection._vendor
        assert vendor._parser is connection._parser, CHANGED
        assert vendor._writer is connection._writer is not None, CHANGED
        assert not vendor._writer.transport.is_closing(), CHANGED
        assert isinstance(vendor._reader, asyncio.StreamReader), CHANGED
        assert isinstance(vendor._writer, asyncio.StreamWriter), CHANGED
        connection.write(connection.pack([("ASK",)]))
        assert type(await connection.read()) is Push, CHANGED
        connection.close()
        assert (vendor._writer, vendor._reader) == (None, None), CHANGED


async def test_an_error_of_redis_py_tells_its_code() -> None:
    """In `status_code` where redis-py has a class for it, else still in the text."""
    oom, unknown = await replies_to(b"-OOM full\r\n-NOREPLICAS Not enough good replicas to write.\r\n", 2)
    assert (oom.code, oom.cause) == ("OOM", "OOM full"), CHANGED
    assert (unknown.code, unknown.cause) == ("NOREPLICAS", "NOREPLICAS Not enough good replicas to write."), CHANGED


# --- reading -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("turns", [1, 3])
async def test_thousands_of_pushes_without_a_reply_between_them_are_each_read(turns: int) -> None:
    """5,000 at once, and 3,000 three times over: redis-py's own loop overflows at about a thousand."""
    count = 5000 if turns == 1 else 3000
    pushes = b"".join(invalidation(b"k%d" % number) for number in range(count))
    read = await replies_to((pushes + OK) * turns, (count + 1) * turns)
    assert read == ([[b"invalidate", [b"k%d" % number]] for number in range(count)] + [b"OK"]) * turns
    assert sum(type(reply) is Push for reply in read) == count * turns


async def test_every_kind_of_reply_is_read() -> None:
    """Numbers, text, nothing, lists, mappings, truth; a push and an error between them are neither."""
    raw = b":7\r\n$3\r\nabc\r\n_\r\n*2\r\n:1\r\n$1\r\nb\r\n%1\r\n$1\r\na\r\n:1\r\n#t\r\n,1.5\r\n$0\r\n\r\n"
    assert await replies_to(raw, 8) == [7, b"abc", None, [1, b"b"], {b"a": 1}, True, 1.5, b""]
    push, error, after = await replies_to(invalidation(b"a", b"b") + b"-WRONGTYPE no\r\n:1\r\n", 3)
    assert (type(push), push) == (Push, [b"invalidate", [b"a", b"b"]])
    assert isinstance(error, ErrorReply)
    assert after == 1


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 400 Bad Request\r\n",
        b"$x\r\n",
        b":seven\r\n",
        b"?\r\n",
        b"+" + b"x" * 100_000 + b"\r\n",
        b"%1\r\n*0\r\n:1\r\n",
        b"*1\r\n" * 5000,
    ],
    ids=["another protocol", "size", "number", "kind", "endless line", "list as a key", "endless depth"],
)
async def test_what_makes_no_sense_ends_the_connection(garbage: bytes) -> None:
    """It is Unavailable, whatever redis-py makes of it."""
    with pytest.raises(Unavailable):
        await replies_to(garbage, 1)


@pytest.mark.parametrize("cut", [b"", b"$5\r\nab", b"*2\r\n:1\r\n", b":1"])
async def test_a_connection_that_ends_within_a_reply_is_unavailable(cut: bytes) -> None:
    """Nothing is made of half an answer."""

    async def say_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"HELLO\r\n$1\r\n3\r\n")
        writer.write(b"%1\r\n+proto\r\n:3\r\n" + OK + OK + bulk(SERVED) + cut)
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.close()

    server = await asyncio.start_server(say_half, "127.0.0.1", 0)
    async with server:
        connection = await open_to(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(Unavailable, match="connection"):
            await connection.read()
        connection.close()


async def test_a_closed_connection_tells_its_reader_and_leaves_nothing_open() -> None:
    """Whoever reads is told at once; no transport is left to be warned about."""
    async with stub(lambda words: None) as server:
        connection = await open_to(server.url)
        reading = asyncio.ensure_future(connection.read())
        await asyncio.sleep(0)
        connection.close()
        with pytest.raises(Unavailable):
            await asyncio.wait_for(reading, 1)
        del connection, reading
        gc.collect()  # an unclosed transport would be an error now


# --- connecting --------------------------------------------------------------------------------------------------


async def test_an_address_that_cannot_be_used_is_refused_at_once() -> None:
    """By its scheme or its parts; no password is shown."""
    with pytest.raises(Misuse, match="redis://, rediss://, unix://; got http://"):
        check_address("http://127.0.0.1")
    with pytest.raises(Misuse) as refused:
        check_address("redis://app:secret@127.0.0.1:notaport/0")
    assert "secret" not in str(refused.value)
    check_address("redis://app:secret@127.0.0.1:1/5")


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    """The cause is the system's own."""
    with pytest.raises(Unavailable, match="connect"):
        await open_to("redis://127.0.0.1:1")


async def test_a_server_that_does_not_shake_hands_costs_the_deadline() -> None:
    """Connected, and then silence."""
    loop = asyncio.get_running_loop()
    async with stub(lambda words: None, hello=None) as server:
        began = loop.time()
        with pytest.raises(Unavailable, match=r"within 0.3 s"):
            await open_to(server.url)
        assert loop.time() - began < DEADLINE_SECONDS + 0.5


@pytest.mark.parametrize(
    "hello", [b"*0\r\n", b"+OK\r\n", b":1\r\n", b"_\r\n", b"HTTP/1.1 400\r\n", b"%1\r\n*0\r\n:1\r\n"]
)
async def test_a_handshake_that_makes_no_sense_is_unavailable(hello: bytes) -> None:
    """Whatever listens there, with a password or without: never an error of redis-py's own."""
    async with stub(lambda words: b":1\r\n", hello=hello) as server:
        with pytest.raises(Unavailable):
            await open_to(server.url.replace("//", "//app:secret@"))


async def test_a_wrong_password_is_told_as_such(locked: RedisServer) -> None:
    """And so are a user who does not exist, and nobody; by RESP3 and where RESP2 would do."""
    for resp3_only in (True, False):
        for url in (locked.url.replace("sesame", "barley"), locked.url.replace("app", "nobody")):
            with pytest.raises(Unavailable, match=r"(?i)invalid username-password pair") as wrong:
                await open_to(url, resp3_only=resp3_only)
            assert type(wrong.value) is Unavailable
        with pytest.raises(Unavailable, match="authenticat") as nobody:
            await open_to(f"redis://127.0.0.1:{locked.port}", resp3_only=resp3_only)
        assert type(nobody.value) is Unavailable


async def test_a_database_is_the_one_that_was_named(locked: RedisServer) -> None:
    """User, password and database number come from the address."""
    [stored, where] = await exchange(locked.url, ("SET", "k", "five"), ("CLIENT", "INFO"))
    assert stored == b"OK"
    assert b" db=5 " in where
    assert b" user=app " in where
    assert await exchange(locked.url.replace("/5", "/6"), ("EXISTS", "k")) == [0]


async def test_a_database_that_does_not_exist_is_told_as_such(locked: RedisServer) -> None:
    """It is no lack of RESP3."""
    for resp3_only in (True, False):
        with pytest.raises(Unavailable, match="index is out of range") as out:
            await open_to(locked.url.replace("/5", "/8"), resp3_only=resp3_only)
        assert type(out.value) is Unavailable


async def test_a_server_without_resp3_is_spoken_to_by_resp2_where_that_will_do(without_resp3: RedisServer) -> None:
    """And refused where it will not; its password and database hold for both."""
    with pytest.raises(HandshakeRefused, match="HELLO"):
        await open_to(without_resp3.url)
    connection = await open_to(without_resp3.url, resp3_only=False)
    assert connection.protocol == 2
    connection.write(connection.pack([("HSET", "h", "a", 1), ("HGETALL", "h"), ("GET", "no"), ("LPUSH", "h", 1)]))
    added, fields, absent, wrong = [await connection.read() for _ in range(4)]
    assert (added, fields, absent) == (1, [b"a", b"1"], None)
    assert isinstance(wrong, ErrorReply)
    assert wrong.code == "WRONGTYPE"
    connection.close()
    with pytest.raises(Unavailable, match=r"(?i)invalid") as wrong_password:
        await open_to(without_resp3.url.replace("sesame", "barley"), resp3_only=False)
    assert type(wrong_password.value) is Unavailable


async def test_a_connect_that_is_cancelled_leaves_nothing_open() -> None:
    """At whichever step of the handshake it was."""
    async with stub(lambda words: None, hello=None) as server:
        for turns in range(12):
            connecting = asyncio.ensure_future(open_to(server.url))
            for _ in range(turns):
                await asyncio.sleep(0)
            connecting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await connecting
        gc.collect()


# --- sending -----------------------------------------------------------------------------------------------------


async def test_commands_are_packed_as_redis_wants_them() -> None:
    """Text, bytes and numbers; anything else is named."""
    packed = pack(packer(), [("SET", "k", b"\x00\xff"), ("EXPIRE", "ключ", 5, 0.5)])
    assert packed == (
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\n\x00\xff\r\n"
        b"*4\r\n$6\r\nEXPIRE\r\n$8\r\n\xd0\xba\xd0\xbb\xd1\x8e\xd1\x87\r\n$1\r\n5\r\n$3\r\n0.5\r\n"
    )
    for wrong in (None, object(), True, ["k"], {"a": 1}):
        with pytest.raises(Misuse, match="cannot be sent"):
            pack(packer(), [("SET", "k", wrong)])  # type: ignore[list-item]


def _answers(text: bytes) -> Callable[[Words], bytes | None]:
    return lambda words: text


async def test_an_exchange_is_one_connection_asked_and_closed() -> None:
    """An error reply is raised; silence costs the deadline; every connection is closed again."""
    async with stub(_answers(bulk(b"m"))) as server:
        assert await exchange(server.url, ("WHO",), ("WHERE",)) == [b"m", b"m"]
        assert server.asked == [[b"WHO"], [b"WHERE"]]
        assert len(server.connected_at) == 1
    async with stub(_answers(b"-ERR not me\r\n")) as server:
        with pytest.raises(ErrorReply, match="not me"):
            await exchange(server.url, ("WHO",))
    async with stub(_answers(b"")) as server:
        with pytest.raises(Unavailable, match=r"within 0.2 s"):
            await exchange(server.url, ("WHO",), deadline_seconds=0.2)
    gc.collect()
