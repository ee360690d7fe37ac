"""A web process from birth to death: listen, be ready, leave politely, close.

Leaving (SIGTERM): `/readyz` answers 404, so the proxy sends nobody new, while everything is still served; then 503
and no new connections; what is in flight is finished; the process ends within `DRAIN_SECONDS`. SIGINT or a second
SIGTERM skips the waiting and gives what is in flight one second.
"""

import asyncio
import signal
import time

import structlog
from tornado.httpserver import HTTPServer
from tornado.web import Application

from webapp.app import make_app, route_methods
from webapp.eviction import watching_for_eviction
from webapp.handlers.internal import internal_routes
from webapp.resources import Resources, open_resources
from webapp.settings import NAIVE_MEANING, Settings

HOST = "127.0.0.1"
MAX_BODY_BYTES = 12 << 20
IDLE_CONNECTION_SECONDS = 120
READY, DRAINING, CLOSING = 200, 404, 503
UNNOTICED_SECONDS = 2.0  # the proxy checks twice a second; both phases of leaving outlast a few checks
HURRY_SECONDS = 1.0

log = structlog.get_logger("webapp.server")


async def serve(settings: Settings) -> None:
    """Runs a web process until it is told to leave. Raises OSError if a port is taken."""
    async with open_resources(settings, route_methods()) as resources:
        process = WebProcess(resources)
        process.listen()
        process.obey_signals()
        log.info("ready", port=settings.port, admin_port=settings.admin_port, rung=settings.rung)
        if settings.hot_cache == "naive":
            log.warning("this is the control", hot_cache="naive", meaning=NAIVE_MEANING)
        async with watching_for_eviction(resources.cache):
            await process.leave_when_told()
        log.info("left", in_flight=resources.metrics.in_flight)


class WebProcess:
    """The listening side of one process."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._readiness = READY
        self._told = asyncio.Event()
        self._hurried = asyncio.Event()
        self._front = HTTPServer(
            make_app(resources),
            max_body_size=MAX_BODY_BYTES,
            max_buffer_size=MAX_BODY_BYTES + (1 << 20),
            idle_connection_timeout=IDLE_CONNECTION_SECONDS,
        )
        self._front_probe = internal_routes(resources, self.readiness)
        self._admin = HTTPServer(Application(self._front_probe, log_function=lambda handler: None))

    def readiness(self) -> int:
        """What `/readyz` answers."""
        return self._readiness

    def listen(self) -> None:
        """Opens both ports."""
        settings = self._resources.settings
        application = self._front.request_callback
        if isinstance(application, Application):
            application.add_handlers(r".*", [route for route in self._front_probe if route[0] == "/readyz"])
        self._front.listen(settings.port, HOST)
        self._admin.listen(settings.admin_port, HOST)

    def obey_signals(self) -> None:
        """SIGTERM: leave. SIGINT or a second SIGTERM: leave at once."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._tell)
        loop.add_signal_handler(signal.SIGINT, self._hurry)

    async def leave_when_told(self) -> None:
        """Waits for a signal, then goes through the phases of leaving."""
        await self._told.wait()
        deadline = time.monotonic() + self._resources.settings.drain_seconds
        self._readiness = DRAINING
        await self._pause()
        self._readiness = CLOSING
        await self._pause()
        self._front.stop()
        await self._finish_what_is_in_flight(deadline)
        await self._front.close_all_connections()
        self._admin.stop()
        await self._admin.close_all_connections()

    def _tell(self) -> None:
        if self._told.is_set():
            self._hurried.set()
        self._told.set()

    def _hurry(self) -> None:
        self._hurried.set()
        self._told.set()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(UNNOTICED_SECONDS):
                await self._hurried.wait()
        except TimeoutError:
            pass

    async def _finish_what_is_in_flight(self, deadline: float) -> None:
        while self._resources.metrics.in_flight > 0:
            if self._hurried.is_set():
                deadline = min(deadline, time.monotonic() + HURRY_SECONDS)
                self._hurried.clear()
            if time.monotonic() >= deadline:
                return
            await asyncio.sleep(0.02)
