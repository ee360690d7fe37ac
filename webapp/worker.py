"""The worker: does the jobs the web processes ask for, in a process of its own.

An export is a zip of everything a person has put in, stored in S3 under a name that derives from the report. Done
twice it is the same archive; a worker that dies leaves the job to be delivered again.
"""

import asyncio
import contextlib
import signal
import tempfile
import zipfile
from typing import IO, Any

import msgspec
import structlog
from tornado.httpserver import HTTPServer
from tornado.web import Application

from webapp.errors import BackendUnavailable, NotFound
from webapp.handlers.internal import internal_routes
from webapp.jobs import work
from webapp.resources import Resources, open_resources
from webapp.settings import Settings

HOST = "127.0.0.1"
IN_MEMORY_BYTES = 4 << 20
MOST_CARDS = 10_000
MOST_RESUMED = 1000
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
        working = asyncio.create_task(work(settings.redis_url, exports.export), name="jobs")
        keeping = asyncio.create_task(_keeping(resources), name="boards")
        resuming = asyncio.create_task(exports.ask_again(), name="ask again")
        log.info("ready", admin_port=settings.admin_port)
        leaving = asyncio.create_task(told.wait(), name="told to leave")
        await asyncio.wait((leaving, working), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()  # work only ends by failing; the supervisor starts this process again
        resuming.cancel()
        keeping.cancel()
        await exports.settle(LEAVING_SECONDS)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        admin.stop()
        log.info("left")


async def _keeping(resources: Resources) -> None:
    if resources.settings.board_strategy == "denormalised":
        await resources.keeping.run()


class Exports:
    """Makes archives."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def export(self, person_id: str, report_id: str) -> None:
        """Makes the archive of one report unless it is there already."""
        documents, metrics = self._resources.documents, self._resources.metrics
        self._running += 1
        self._idle.clear()
        try:
            report = await documents.reports.one(report_id, person_id)
            if report.state == "done":
                return
            await documents.reports.change(report_id, {"state": "running", "progress": 0})
            key = await self._make(person_id, report_id)
            await documents.reports.change(report_id, {"state": "done", "progress": 100, "key": key})
            metrics.job_done("export", True)
            log.info("exported", report=report_id)
        except Exception:
            metrics.job_done("export", False)
            log.exception("export failed", report=report_id)
            with contextlib.suppress(Exception):
                await documents.reports.change(report_id, {"state": "failed"})
            raise
        finally:
            self._running -= 1
            if not self._running:
                self._idle.set()

    async def ask_again(self) -> None:
        """Asks once more for what an earlier worker may have left undone; one that is done meanwhile is left alone."""
        try:
            for person_id, report_id in await self._resources.documents.reports.unfinished(MOST_RESUMED):
                await self._resources.jobs.export(person_id, report_id)
        except BackendUnavailable as error:
            log.warning("could not look for unfinished reports", cause=str(error))

    async def settle(self, seconds: float) -> None:
        """Waits until no export runs, but no longer than this."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    async def _make(self, person_id: str, report_id: str) -> str:
        documents = self._resources.documents
        person = await documents.people.by_id(person_id)
        cards = await documents.cards.of(person_id, MOST_CARDS)
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("profile.json", _pretty(msgspec.to_builtins(person)))
                archive.writestr("cards.json", _pretty([_exported(card) for card in cards]))
                photos = [card["photo"] for card in cards if card["photo"]]
                if person.avatar:
                    photos.append(person.avatar)
                await self._add_pictures(archive, report_id, list(dict.fromkeys(photos)))
            file.seek(0)
            return await self._store(person_id, report_id, file)

    async def _add_pictures(self, archive: zipfile.ZipFile, report_id: str, keys: list[str]) -> None:
        for done, key in enumerate(keys, start=1):
            try:
                archive.writestr(f"pictures/{key.rpartition('/')[2]}.webp", await self._resources.media.get(key))
            except NotFound:
                log.warning("picture missing", key=key)
            await self._resources.documents.reports.change(report_id, {"progress": 95 * done // len(keys)})

    async def _store(self, person_id: str, report_id: str, file: IO[bytes] | Any) -> str:
        key = f"exports/{person_id}/{report_id}.zip"
        await self._resources.media.put_file(key, file, "application/zip")
        return key


def _exported(card: dict[str, Any]) -> dict[str, Any]:
    picture = card["photo"]
    return {
        "id": card["_id"],
        "text": card["text"],
        "created": card["created"],
        "likes": card["likes"],
        "picture": f"pictures/{picture.rpartition('/')[2]}.webp" if picture else None,
    }


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2)
