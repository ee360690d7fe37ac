"""The job `export`: a zip of everything a person has put in, stored in S3.

It is sent to S3 while it is made, so its size is bounded by neither memory nor disk.

At least once, with one effect: a report is made by whoever holds its claim (`documents/reports.py`), each attempt under
a key of its own, and becomes done once, with the key of one of them; what earlier attempts left is cleared away before.
A worker looks for reports that nobody makes, so none is lost with a process, nor with Redis.
"""

import asyncio
import contextlib
import secrets
import time

import structlog

from webapp.archives import Archive
from webapp.belongings import WHOLE, Belongings
from webapp.documents import Claimant
from webapp.errors import BackendUnavailable, ClaimLost, Overloaded
from webapp.model import Report
from webapp.multipart import clear, uploading
from webapp.resources import Resources

AT_ONCE = 2
LOOK_SECONDS = 1.0
RETRY_SECONDS = 5.0
GIVE_UP_SECONDS = 86_400.0
PROGRESS_SECONDS = 0.25
MOST_PROGRESS = 95  # the rest is for the archive's last part

log = structlog.get_logger("webapp.exporting")


async def export_by_hand(resources: Resources, person_id: str, report_id: str) -> str:
    """Makes one archive, outside the worker. Raises NotFound, BackendUnavailable."""
    await resources.documents.reports.one(report_id, person_id)
    process = secrets.token_hex(8)
    made = await Exports(resources, Claimant(f"by hand {process}", process)).export(person_id, report_id)
    return "exported" if made else "nothing to do: it is finished, or somebody else makes it"


class Exports:
    """Makes archives, a few at once."""

    def __init__(self, resources: Resources, claimant: Claimant) -> None:
        self._resources = resources
        self._reports = resources.documents.reports
        self._claimant = claimant
        self._places = asyncio.Semaphore(AT_ONCE)
        self._running = 0
        self._leaving = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def export(self, person_id: str, report_id: str) -> bool:
        """Makes the archive of one report, unless it is finished or somebody else makes it. Whether it was made here.

        Raises BackendUnavailable or Overloaded if it could not be made now, but will be, and what nobody foresaw.
        """
        async with self._places:
            if self._leaving:
                return False
            report = await self._reports.claim(report_id, person_id, self._claimant)
            if report is None:
                return False
            self._running += 1
            self._idle.clear()
            try:
                return await self._export(person_id, report)
            finally:
                self._running -= 1
                if not self._running:
                    self._idle.set()

    async def keep_looking(self) -> None:
        """Makes what was asked for and is made by nobody, one after the other, until cancelled."""
        metrics = self._resources.metrics
        while True:
            free = None
            with contextlib.suppress(BackendUnavailable):
                metrics.oldest_queued = await self._reports.oldest_queued()
                metrics.exports_waiting = 0 if metrics.oldest_queued is None else await self._reports.waiting()
                if not self._leaving and not self._places.locked():
                    free = await self._reports.next_free(self._claimant)
            if free is None:
                await asyncio.sleep(LOOK_SECONDS)
            else:
                with contextlib.suppress(Exception):  # `export` has logged and counted it, and goes on with others
                    await self.export(*free)

    async def settle(self, seconds: float) -> None:
        """Begins nothing any more, and waits for what was begun, but no longer than this."""
        self._leaving = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    async def _export(self, person_id: str, report: Report) -> bool:
        metrics = self._resources.metrics
        try:
            await self._make(person_id, report)
        except ClaimLost:
            log.warning("export taken over", report=report.id)
            return False
        except asyncio.CancelledError:
            await self._release(report, after_seconds=0)
            raise
        except (BackendUnavailable, Overloaded) as error:
            metrics.job_done("export", False)
            log.warning("export put off", report=report.id, cause=str(error))
            await self._put_off(report)
            raise
        except Exception:
            metrics.job_done("export", False)
            log.exception("export failed", report=report.id)
            with contextlib.suppress(BackendUnavailable):
                await self._reports.fail(report.id, self._claimant)
            raise
        metrics.job_done("export", True)
        log.info("exported", report=report.id, attempts=report.attempts)
        return True

    async def _make(self, person_id: str, report: Report) -> None:
        """One attempt. Raises ClaimLost."""
        documents, media = self._resources.documents, self._resources.media
        attempts = f"exports/{person_id}/{report.id}/"
        key = f"{attempts}{secrets.token_hex(8)}.zip"
        person = await documents.people.by_id(person_id)
        progress = _Progress(self._resources, report.id, self._claimant)
        async with uploading(media, key, "application/zip") as upload:
            archive = Archive(upload.write, report.created)
            await Belongings(documents, media, person, progress.at).write(archive)
            await archive.close()
        if report.attempts > 1:
            await clear(media, attempts, keep=key)
        if not await self._reports.finish(report.id, self._claimant, key):
            await clear(media, key)
            raise ClaimLost

    async def _put_off(self, report: Report) -> None:
        if time.time() - report.created < GIVE_UP_SECONDS:
            await self._release(report, after_seconds=RETRY_SECONDS)
            return
        log.error("export given up", report=report.id, attempts=report.attempts)
        with contextlib.suppress(BackendUnavailable):
            await self._reports.fail(report.id, self._claimant)

    async def _release(self, report: Report, *, after_seconds: float) -> None:
        with contextlib.suppress(BackendUnavailable):  # the claim ends by itself
            await self._reports.release(report.id, self._claimant, after_seconds=after_seconds)


class _Progress:
    """Shows how far an archive is, and so keeps its claim."""

    def __init__(self, resources: Resources, report_id: str, claimant: Claimant) -> None:
        self._reports = resources.documents.reports
        self._report_id = report_id
        self._claimant = claimant
        self._told = 0.0

    async def at(self, hundredths: int) -> None:
        """Raises ClaimLost."""
        now = time.monotonic()
        if now - self._told < PROGRESS_SECONDS:
            return
        self._told = now
        if not await self._reports.keep(self._report_id, self._claimant, MOST_PROGRESS * hundredths // WHOLE):
            raise ClaimLost
