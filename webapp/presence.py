"""Whether each backing service is there: a gauge, and one line in the log per change, however many requests fail.

A call that fails raises a doubt, and two probes settle it: one slow call tells nothing. While a service is away it is
probed until two probes in a row are answered, so that its return is seen without a request. Probes are one at a time
per service. What becomes of a request is not decided here: each asks for itself.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

import cache
from webapp import errors
from webapp.errors import Backend

PROBE_SECONDS = 0.6
PAUSE_SECONDS = 0.25
IN_A_ROW = 2
QUIET_SECONDS = 10.0

Probe = Callable[[], Awaitable[object]]
FAILURES = (errors.BackendUnavailable, errors.Overloaded, cache.Unavailable, cache.Overloaded, TimeoutError)

log = structlog.get_logger("webapp.presence")


class Presence:
    """One backing service. `probe` raises one of FAILURES if it is not there, or is not answered at all."""

    def __init__(
        self,
        backend: Backend,
        probe: Probe,
        *,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.away = False
        self._backend = backend
        self._probe = probe
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._closed = False
        self._settling: asyncio.Task[None] | None = None

    def state(self) -> float:
        """1 while it is away, 0 while it is there."""
        return float(self.away)

    def doubt(self) -> None:
        """A call failed."""
        if self._settling is None and not self._closed:
            self._settling = asyncio.get_running_loop().create_task(self._settle(), name=f"probe {self._backend}")
            self._settling.add_done_callback(self._settled)

    async def close(self) -> None:
        """Ends the probes, for good."""
        self._closed = True
        if self._settling is not None:
            self._settling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._settling

    async def _settle(self) -> None:
        """Probes until the service is there, or was there all the time."""
        structlog.contextvars.unbind_contextvars("request_id")  # of the request that failed first, which is one of many
        since, cause, alike = self._clock(), "", 0
        while True:
            failure = await self._probed()
            alike = alike + 1 if bool(failure) != self.away else 0
            cause = failure or cause
            if alike >= IN_A_ROW:
                self.away, alike = not self.away, 0
                if not self.away:
                    log.info("available again", backend=self._backend, after_seconds=round(self._clock() - since, 1))
                    return
                log.warning("unavailable", backend=self._backend, cause=cause)
            elif not failure and not self.away:
                return
            await asyncio.sleep(self._pause_seconds)

    async def _probed(self) -> str:
        """What is wrong; "" if nothing is."""
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._probe()
        except FAILURES as error:
            return str(error) or "no answer"
        return ""

    def _settled(self, task: "asyncio.Task[None]") -> None:
        self._settling = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a probe failed in a way nobody foresaw", backend=self._backend, exc_info=error)


@asynccontextmanager
async def watching(probes: Mapping[Backend, Probe]) -> AsyncIterator[Mapping[Backend, Presence]]:
    """Watches these services until left."""
    presences = {backend: Presence(backend, probe) for backend, probe in probes.items()}
    try:
        yield presences
    finally:
        for presence in presences.values():
            await presence.close()


class Busy:
    """Too much at once: one line in the log when it begins, which it does anew after so many seconds without."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = float("-inf")

    def refused(self, cause: str) -> None:
        """A request was refused."""
        now = self._clock()
        if now - self._last >= QUIET_SECONDS:
            log.warning("overloaded", cause=cause)
        self._last = now
