"""The worker: does the jobs the web processes ask for, in a process of its own."""

import asyncio
import contextlib
import signal

import structlog
from tornado.httpserver import HTTPServer
from tornado.web import Application

from webapp.departures import keep_finishing
from webapp.exporting import Exports
from webapp.handlers.internal import internal_routes
from webapp.jobs import work
from webapp.resources import Resources, open_resources
from webapp.settings import Settings

HOST = "127.0.0.1"
LEAVING_SECONDS = 10

log = structlog.get_logger("webapp.worker")


async def run_worker(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT; a job begun is finished if it ends soon. Raises OSError if the port is taken."""
    async with open_resources(settings, serves=False) as resources:
        admin = HTTPServer(Application(internal_routes(resources), log_function=lambda _: None))
        admin.listen(settings.admin_port, HOST)
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told.set)
        exports = Exports(resources)
        working = asyncio.create_task(work(settings.redis_url, {"export": exports.export}), name="jobs")
        keeping = asyncio.create_task(_keeping(resources), name="boards")
        resuming = asyncio.create_task(exports.ask_again(), name="ask again")
        departing = asyncio.create_task(keep_finishing(resources), name="departures")
        log.info("ready", admin_port=settings.admin_port)
        leaving = asyncio.create_task(told.wait(), name="told to leave")
        await asyncio.wait((leaving, working), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()  # work only ends by failing; the supervisor starts this process again
        resuming.cancel()
        keeping.cancel()
        departing.cancel()
        await exports.settle(LEAVING_SECONDS)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        admin.stop()
        log.info("left")


async def _keeping(resources: Resources) -> None:
    if resources.settings.board_strategy == "denormalised":
        await resources.keeping.run()
