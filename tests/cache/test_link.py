"""The link to Redis: bounded in time, nothing sent twice."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from cache import Cache, Link, Misuse, Unavailable

pytestmark = pytest.mark.asyncio

Opens = Callable[[], AbstractAsyncContextManager[Cache]]


async def test_an_address_of_another_kind_is_refused() -> None:
    """The sentence tells what is allowed."""
    with pytest.raises(Misuse, match="redis://, rediss://, unix://; got http://"):
        Link("http://127.0.0.1:6379")


async def test_a_redis_that_is_not_there_is_unavailable() -> None:
    """A refused connection is told at once, and counted as an error."""
    results: list[tuple[str, str]] = []
    link = Link("redis://127.0.0.1:1", called=lambda operation, result, seconds: results.append((operation, result)))
    with pytest.raises(Unavailable, match="read"):
        await link.ask("read", ("PING",))
    assert results == [("read", "error")]
    await link.close()


async def test_a_redis_that_does_not_answer_costs_its_deadline_and_gets_each_write_once() -> None:
    """A black hole: the call ends within its deadline, and the write was sent a single time."""
    received = bytearray()

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            received.extend(data)
            if b"HELLO" in data:
                writer.write(b"%1\r\n+proto\r\n:3\r\n")
            elif b"SETINFO" in data or b"MAINT" in data:
                writer.write(b"+OK\r\n" * data.count(b"CLIENT"))
        writer.close()

    server = await asyncio.start_server(swallow, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    link = Link(f"redis://127.0.0.1:{port}", deadline_seconds=0.3)
    began = asyncio.get_running_loop().time()
    with pytest.raises(Unavailable):
        await link.ask("count", ("INCR", "visits"))
    assert asyncio.get_running_loop().time() - began < 1.0
    assert received.count(b"INCR") == 1
    await link.close()
    server.close()
    await server.wait_closed()


async def test_a_script_that_redis_forgot_is_loaded_again(hot: Opens) -> None:
    """`SCRIPT FLUSH` or a restarted Redis costs nothing but a second trip."""
    async with hot() as cache:
        script = cache.link.script("return ARGV[1]")
        assert await script("script", [], ["a"]) == b"a"
        await cache.link.ask("script", ("SCRIPT", "FLUSH"))
        assert await script("script", [], ["b"]) == b"b"


async def test_a_cancelled_caller_harms_no_other(hot: Opens) -> None:
    """A thousand calls, a third of them cancelled on the way: every answer belongs to its question."""
    async with hot() as cache:
        await cache.link.ask("store", *(("SET", f"k{n}", n) for n in range(1000)))

        async def read(number: int) -> int:
            [reply] = await cache.link.ask("read", ("GET", f"k{number}"))
            return int(reply)

        calls = [asyncio.create_task(read(n)) for n in range(1000)]
        for turn in range(20):
            await asyncio.sleep(0)
            for call in calls[turn::60]:
                call.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        answered = [(n, outcome) for n, outcome in enumerate(outcomes) if isinstance(outcome, int)]
        assert len(answered) > 300
        assert all(number == outcome for number, outcome in answered)
