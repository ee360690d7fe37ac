"""A web process from birth to death: listen, warm up, be ready, leave politely, close.

Leaving, told by a signal:
- SIGTERM, drain: `/readyz` answers 404 and each browser is told to go elsewhere, while everything is still served; then
  503, and connections are closed with their answers; what is in flight is finished.
- SIGUSR1, retire: the successor has this slot already. Nobody is moved; the rest is the same.
- SIGINT, or a second signal, hurries: no waiting, and one second for what is in flight.

The process ends within `DRAIN_SECONDS`.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import structlog
from tornado.httpserver import HTTPServer
from tornado.web import Application

from cache import Preloaded
from webapp.app import make_app, route_methods
from webapp.eviction import watching_for_eviction
from webapp.handlers.internal import internal_routes
from webapp.handover import Handover
from webapp.life import Phase
from webapp.receiving import MAX_BODY_BYTES, FrontServer
from webapp.resources import Resources, open_resources
from webapp.settings import NAIVE_MEANING, Settings

HOST = "127.0.0.1"
IDLE_CONNECTION_SECONDS = 120
BODY_SECONDS = 600  # 10 MiB over 140 kbit/s; whoever is slower holds room that others need
UNNOTICED_SECONDS = 2.0  # the proxy checks every 0.3 s; both phases of draining outlast several checks
REPOINTED_SECONDS = 0.5  # what was on its way here when the slot was given to the successor has come by then
SETTLED_SECONDS = 0.1  # what was taken in last has been read by then
HURRY_SECONDS = 1.0

log = structlog.get_logger("webapp.server")


async def serve(settings: Settings) -> None:
    """Runs a web process until it is told to leave. Raises OSError if a port is taken."""
    async with open_resources(settings, route_methods()) as resources:
        process = WebProcess(resources)
        process.listen()
        process.obey_signals()
        await process.get_ready()
        log.info("ready", port=settings.port, admin_port=settings.admin_port, rung=settings.rung)
        if settings.hot_cache == "naive":
            log.warning("this is the control", hot_cache="naive", meaning=NAIVE_MEANING)
        async with (
            watching_for_eviction(resources.cache),
            beside(resources.fleet.run(), "fleet"),
            beside(resources.beginning.run(), "beginning"),
            beside(_tell_leaving(resources), "leaving"),
            beside(resources.media.warm(), "s3 client"),
        ):
            await process.leave_when_told()
        log.info("left", in_flight=resources.metrics.in_flight)


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[None]:
    """Runs it in a task that ends with the block at the latest."""
    task = asyncio.create_task(work, name=name)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _tell_leaving(resources: Resources) -> None:
    await resources.life.wait_leaving()
    await resources.beginning.leave()


class WebProcess:
    """The listening side of one process."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._life = resources.life
        self._life.enter(Phase.STARTING)
        self._handover = Handover(resources) if resources.settings.handover else None
        self._told = asyncio.Event()
        self._hurried = asyncio.Event()
        self._retires = False
        self._front = FrontServer(
            make_app(resources),
            max_body_size=MAX_BODY_BYTES,
            max_buffer_size=MAX_BODY_BYTES + (1 << 20),
            idle_connection_timeout=IDLE_CONNECTION_SECONDS,
            body_timeout=BODY_SECONDS,
        )
        self._inside = internal_routes(resources)
        self._admin = HTTPServer(Application(self._inside, log_function=lambda handler: None))

    def listen(self) -> None:
        """Opens both ports."""
        settings = self._resources.settings
        application = self._front.request_callback
        if isinstance(application, Application):
            application.add_handlers(r".*", [route for route in self._inside if route[0] == "/readyz"])
        self._front.listen(settings.port, HOST)
        self._admin.listen(settings.admin_port, HOST)

    def obey_signals(self) -> None:
        """SIGTERM: drain. SIGUSR1: retire. SIGINT, or a second signal: hurry."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._tell)
        loop.add_signal_handler(signal.SIGUSR1, self._tell, True)
        loop.add_signal_handler(signal.SIGINT, self._hurry)

    async def get_ready(self) -> None:
        """Warms up, within a few seconds; users may be sent here then, unless it was told to leave meanwhile."""
        if self._handover is not None:
            warming = asyncio.create_task(self._handover.preload(), name="preload")
            told = asyncio.create_task(self._told.wait(), name="told to leave")
            await asyncio.wait((warming, told), return_when=asyncio.FIRST_COMPLETED)
            for task in (warming, told):
                task.cancel()
            [preloaded, _] = await asyncio.gather(warming, told, return_exceptions=True)
            if isinstance(preloaded, Preloaded):
                self._resources.metrics.preloaded(preloaded.kept)
            elif not isinstance(preloaded, asyncio.CancelledError):
                raise preloaded
        if not self._told.is_set():
            self._life.enter(Phase.READY)

    async def leave_when_told(self) -> None:
        """Waits for a signal, then goes through the phases of leaving. Until then the slot's manifest is kept."""
        async with AsyncExitStack() as serving:
            if self._handover is not None:
                await serving.enter_async_context(beside(self._handover.keep_manifest(), "manifest"))
            await self._told.wait()
        deadline = time.monotonic() + self._resources.settings.drain_seconds
        if self._retires:
            self._life.enter(Phase.RETIRING)
            await self._pause(REPOINTED_SECONDS)
        else:
            self._life.enter(Phase.DRAINING)
            if self._handover is not None:
                await self._handover.leave()  # now: when its users have gone, others' copies may be the hottest
            await self._pause(UNNOTICED_SECONDS)
            self._life.enter(Phase.CLOSING)
            await self._pause(UNNOTICED_SECONDS)
        self._front.stop()
        await asyncio.sleep(SETTLED_SECONDS)
        await self._finish_what_is_in_flight(deadline)
        await self._front.close_all_connections()
        self._admin.stop()
        await self._admin.close_all_connections()

    def _tell(self, retires: bool = False) -> None:
        if self._told.is_set():
            self._hurried.set()
            return
        self._retires = retires
        self._told.set()

    def _hurry(self) -> None:
        self._hurried.set()
        self._told.set()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._hurried.wait()

    async def _finish_what_is_in_flight(self, deadline: float) -> None:
        while self._resources.metrics.in_flight + self._front.receiving > 0:
            if self._hurried.is_set():
                deadline = min(deadline, time.monotonic() + HURRY_SECONDS)
                self._hurried.clear()
            if time.monotonic() >= deadline:
                return
            await asyncio.sleep(0.02)
