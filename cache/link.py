"""The link to Redis: commands in, replies out, one round trip per call. The only file that knows redis-py.

Invariant: a call ends within its deadline, with replies or with `Unavailable`; nothing is ever sent a second time, so
a write that failed has happened at most once. An error reply to one command (a script's own refusal, a wrong type) is
raised as `Unavailable` as well: callers send only commands that cannot be answered with one in health.

Not promised: that a write which raised did not happen.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from cache.errors import Misuse, Unavailable

SCHEMES = ("redis://", "rediss://", "unix://")

Command = Sequence[str | bytes | int | float]
Reply = Any


class Script:
    """A Lua script, called by its digest and loaded again where Redis has lost it."""

    def __init__(self, link: "Link", script: AsyncScript) -> None:
        self._link = link
        self._script = script

    async def __call__(self, operation: str, keys: Sequence[str], args: Sequence[str | bytes | int | float]) -> Reply:
        """Runs the script; every key it touches is in `keys`. Raises Unavailable."""
        return await self._link.within_deadline(operation, lambda: self._script(keys=list(keys), args=list(args)))


class Link:
    """Commands over a bounded pool of connections to one Redis."""

    def __init__(
        self,
        url: str,
        *,
        deadline_seconds: float = 0.9,
        max_connections: int = 32,
        called: Callable[[str, str, float], None] = lambda operation, result, seconds: None,
    ) -> None:
        if not url.startswith(SCHEMES):
            raise Misuse(f"a Redis address starts with one of {', '.join(SCHEMES)}; got {url.partition('://')[0]}://")
        self._deadline = deadline_seconds
        self._called = called
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=max_connections,
            timeout=deadline_seconds,
            socket_timeout=deadline_seconds,
            socket_connect_timeout=deadline_seconds,
            retry=Retry(NoBackoff(), 0),
        )
        self._redis: Redis = Redis.from_pool(pool)

    async def ask(self, operation: str, *commands: Command) -> list[Reply]:
        """The replies of all commands, in order, in one round trip. Raises Unavailable."""

        async def exchange() -> list[Reply]:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                return await pipeline.execute()

        return await self.within_deadline(operation, exchange)  # type: ignore[no-any-return]  # redis-py's replies are untyped

    def script(self, source: str) -> Script:
        """Registers a Lua script; nothing is sent yet."""
        return Script(self, self._redis.register_script(source))

    async def within_deadline(self, operation: str, exchange: Callable[[], Any]) -> Reply:
        """Awaits one exchange with Redis, bounded in time, counted, its failures translated."""
        started = time.perf_counter()
        result = "cancelled"
        try:
            async with asyncio.timeout(self._deadline):
                reply = await exchange()
            result = "ok"
        except (RedisError, OSError, TimeoutError) as error:
            result = "error"
            raise Unavailable(operation, str(error) or type(error).__name__) from error
        finally:
            self._called(operation, result, time.perf_counter() - started)
        return reply

    async def close(self) -> None:
        """Closes every connection."""
        await self._redis.aclose()
