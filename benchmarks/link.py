"""The link beside what one would use instead: redis-py's own asyncio client over its pool."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any, Final

from redis.asyncio import BlockingConnectionPool, Redis

from benchmarks.figures import Figure, Part, microseconds
from benchmarks.rounds import LOOPS, Contender, in_turn
from cache import Link

KEYS: Final = 1000
VALUE: Final = b"x" * 200
AT_LEAST: Final = {64: 2.5, 1: 0.8}  # callers, and how many times the pool's throughput is wanted
POOL, LINK, TRACKED = "redis-py pool", "link", "tracked link"

Get = Callable[[str], Awaitable[Any]]


def measure(url: str, *, quick: bool) -> Part:
    """GET of 200 bytes, by 64 callers at once and by one."""
    calls, rounds = (2_000, 2) if quick else (20_000, 9)
    figures = []
    table = [["event loop", "callers", "client", "us per GET", "GET/s", "times the pool"]]
    for name, new_loop in LOOPS.items():
        for callers, target in AT_LEAST.items():
            with asyncio.Runner(loop_factory=new_loop) as runner:
                seconds = runner.run(_compare(url, callers, calls if callers > 1 else calls // 5, rounds))
            for client, each in seconds.items():
                times = seconds[POOL] / each
                table.append([name, str(callers), client, microseconds(each), f"{1 / each:,.0f}", f"{times:.2f}"])
                if client != POOL:
                    what = f"{client}, throughput to the pool's, {callers} caller{'s' * (callers > 1)}, {name}"
                    figures.append(Figure(what, times, "times", target))
    how = (
        f"GET of {len(VALUE)} bytes out of {KEYS:,} keys, {rounds} rounds in turn, medians. The pool is a "
        "`BlockingConnectionPool` of 64 connections with redis-py's defaults; the link has its deadlines and bounds "
        "on; the tracked one has `CLIENT TRACKING ON` as well."
    )
    return Part("The link", how, figures, table)


async def _compare(url: str, callers: int, calls: int, rounds: int) -> dict[str, float]:
    async with AsyncExitStack() as stack:
        pool = BlockingConnectionPool.from_url(url, max_connections=64)
        redis = Redis.from_pool(pool)
        stack.push_async_callback(redis.aclose)
        links = {LINK: Link(url), TRACKED: Link(url, resp3_only=True)}
        for link in links.values():
            stack.push_async_callback(link.close)
        await links[TRACKED].ask("count", ("CLIENT", "TRACKING", "ON"))
        await links[LINK].ask("count", *(("SET", f"k{number}", VALUE) for number in range(KEYS)))
        gets = {POOL: redis.get, **{name: _get(link) for name, link in links.items()}}
        for name, get in gets.items():
            if await get("k1") != VALUE:
                raise AssertionError(f"the {name} does not read what was written")
        contenders = {name: Contender(_by(callers, get), calls) for name, get in gets.items()}
        return await in_turn(contenders, rounds)


def _get(link: Link) -> Get:
    async def get(key: str) -> Any:
        [value] = await link.ask("read", ("GET", key), again=True)
        return value

    return get


def _by(callers: int, get: Get) -> Callable[[int], Awaitable[None]]:
    async def caller(first: int, calls: int) -> None:
        for number in range(first, first + calls):
            await get(f"k{number * 7 % KEYS}")

    async def run(calls: int) -> None:
        await asyncio.gather(*(caller(number, calls // callers) for number in range(callers)))

    return run
