"""Tells a MongoDB that answers nothing at all from one that is merely slow, long before a call's own deadline.

While calls wait and none has been answered for LISTEN_SECONDS, it is asked for a sign of life; without one all that
wait fail together, and all that come fail at once, until it gives one. A slow query beside which others are answered
has its whole time. What may take longer than a sign of life on purpose (an index, a bulk) is not listened to.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from pymongo.errors import PyMongoError

LISTEN_SECONDS = 0.35
SIGN_SECONDS = 0.35
PAUSE_SECONDS = 0.1
LATE_SECONDS = 0.1  # this process itself was held up: nothing can be said of MongoDB


class Silence:
    """`sign_of_life` returns if MongoDB answered it."""

    def __init__(self, sign_of_life: Callable[[], Awaitable[object]]) -> None:
        self._sign_of_life = sign_of_life
        self._waiting: set[asyncio.Timeout] = set()
        self._heard = 0.0
        self._silent = False
        self._listening: asyncio.Task[None] | None = None

    @contextmanager
    def listening(self, limit: asyncio.Timeout) -> Iterator[None]:
        """A call, inside this limit of its time, which is over at once if nothing is heard. Raises TimeoutError."""
        if self._silent:
            raise TimeoutError("it answers nothing")
        loop = asyncio.get_running_loop()
        if not self._waiting:
            self._heard = loop.time()
        self._waiting.add(limit)
        if self._listening is None:
            self._listening = loop.create_task(self._listen(), name="listen to mongodb")
        try:
            yield
            self._heard = loop.time()
        finally:
            self._waiting.discard(limit)

    async def close(self) -> None:
        """Ends listening."""
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting or self._silent:
                left = self._heard + LISTEN_SECONDS - loop.time()
                if left > 0 and not self._silent:
                    await asyncio.sleep(left)
                    continue
                self._silent = await self._is_silent()
                if self._silent:
                    for limit in self._waiting:
                        if not limit.expired():
                            limit.reschedule(loop.time())
                    await asyncio.sleep(PAUSE_SECONDS)
                else:
                    self._heard = loop.time()
        finally:
            self._listening = None

    async def _is_silent(self) -> bool:
        loop = asyncio.get_running_loop()
        before, asked = self._heard, loop.time()
        try:
            async with asyncio.timeout(SIGN_SECONDS):
                await self._sign_of_life()
        except (PyMongoError, OSError, TimeoutError):
            on_time = loop.time() - asked < SIGN_SECONDS + LATE_SECONDS
            return on_time and self._heard == before
        return False
