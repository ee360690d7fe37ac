"""The worker: does the jobs the web processes ask for, and those that come round, in a process of its own.

It runs at a lower priority, so that web processes on the same machine go first.
"""

import asyncio
import os
import secrets
import signal

import structlog
from tornado.httpserver import HTTPServer
from tornado.web import Application

from webapp.departures import keep_finishing
from webapp.documents import Claimant
from webapp.exporting import Exports
from webapp.handlers.internal import internal_routes
from webapp.jobs import work
from webapp.redis_figures import RedisFigures
from webapp.registry import JOBS
from webapp.resources import open_resources
from webapp.scheduling import keep_schedule
from webapp.settings import Settings

HOST = "127.0.0.1"
LEAVING_SECONDS = 10
CLOSING_SECONDS = 3
NICENESS = 10

log = structlog.get_logger("webapp.worker")


async def run_worker(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT; a job begun is finished if it ends soon. Raises OSError if the port is taken."""
    os.nice(NICENESS)
    async with open_resources(settings, serves=False) as resources:
        admin = HTTPServer(Application(internal_routes(resources), log_function=lambda _: None))
        admin.listen(settings.admin_port, HOST)
        loop = asyncio.get_running_loop()
        told = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told.set)
        leaving = asyncio.Event()
        redis = RedisFigures()
        resources.metrics.watch_redis(redis)
        exports = Exports(resources, Claimant(settings.instance_id, secrets.token_hex(8)))
        tasks = [
            asyncio.create_task(
                work(settings.redis_url, {"export": exports.export}, leaving, resources.cache.traffic), name="jobs"
            ),
            asyncio.create_task(exports.keep_looking(), name="left jobs"),
            asyncio.create_task(keep_schedule(resources, JOBS.values()), name="schedule"),
            asyncio.create_task(keep_finishing(resources), name="departures"),
            asyncio.create_task(resources.beginning.run(), name="beginning"),
            asyncio.create_task(redis.keep_asking(resources.cache.link), name="redis figures"),
        ]
        if settings.board_strategy == "denormalised":
            tasks.append(asyncio.create_task(resources.keeping.run(), name="boards"))
        log.info("ready", admin_port=settings.admin_port)
        waiting = asyncio.create_task(told.wait(), name="told to leave")
        await asyncio.wait((waiting, *tasks), return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            if task.done():
                task.result()  # each only ends by failing; the supervisor starts this process again
        leaving.set()
        if told.is_set():
            await resources.beginning.leave()
        await exports.settle(LEAVING_SECONDS)
        [working, *others] = tasks
        for task in others:
            task.cancel()
        # Redis may hang, and a connection being made to it may swallow a cancellation.
        await asyncio.wait((working,), timeout=CLOSING_SECONDS)
        working.cancel()
        await asyncio.wait(tasks, timeout=CLOSING_SECONDS)
        admin.stop()
        log.info("left")
