"""The job `export`: a zip of everything a person has put in, stored in S3 under a name that derives from the report.

It is sent to S3 while it is made, so its size is bounded by neither memory nor disk. Done twice it is the same archive.
"""

import asyncio
import contextlib
from contextlib import aclosing
from typing import Any

import msgspec
import structlog

from webapp.archives import AS_IT_IS, Archive
from webapp.errors import BackendUnavailable, NotFound
from webapp.model import Person, Report
from webapp.multipart import uploading
from webapp.resources import Resources

PAGE = 500
CHUNK_BYTES = 256 << 10
MOST_PROGRESS = 95  # the rest is for the archive's last part
MOST_RESUMED = 1000

log = structlog.get_logger("webapp.exporting")


async def export_by_hand(resources: Resources, person_id: str, report_id: str) -> str:
    """Makes one archive, outside the worker. Raises NotFound, BackendUnavailable."""
    await Exports(resources).export(person_id, report_id)
    return "exported"


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
        report = await documents.reports.one(report_id, person_id)
        if report.state == "done":
            return
        self._running += 1
        self._idle.clear()
        try:
            await documents.reports.change(report_id, {"state": "running", "progress": 0})
            key = await self._make(report, person_id)
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
                await self._resources.jobs.ask("export", person_id, report_id)
        except BackendUnavailable as error:
            log.warning("could not look for unfinished reports", cause=str(error))

    async def settle(self, seconds: float) -> None:
        """Waits until no export runs, but no longer than this."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._idle.wait()

    async def _make(self, report: Report, person_id: str) -> str:
        key = f"exports/{person_id}/{report.id}.zip"
        person = await self._resources.documents.people.by_id(person_id)
        async with uploading(self._resources.media, key, "application/zip") as upload:
            archive = Archive(upload.write, report.created)
            async with archive.file("profile.json") as write:
                await write(_pretty(msgspec.to_builtins(person)))
            await self._add_cards(archive, person_id)
            await self._add_pictures(archive, report.id, person)
            await archive.close()
        return key

    async def _add_cards(self, archive: Archive, person_id: str) -> None:
        async with archive.file("cards.json") as write:
            opening = b"["
            async for page in self._resources.documents.cards.pages_of(person_id, PAGE):
                lines = b",\n".join(msgspec.json.encode(_exported(card)) for card in page)
                await write(opening + b"\n" + lines)
                opening = b","
            await write(b"\n]\n" if opening == b"," else b"[]\n")

    async def _add_pictures(self, archive: Archive, report_id: str, person: Person) -> None:
        """The cards are gone through once more: a list of all pictures could be a long one."""
        documents = self._resources.documents
        if person.avatar:
            await self._add_picture(archive, person.avatar)
        done, shown = 0, 0
        async for page in documents.cards.pages_of(person.id, PAGE):
            for card in page:
                if card["photo"]:
                    await self._add_picture(archive, card["photo"])
                done += 1
                progress = min(MOST_PROGRESS, MOST_PROGRESS * done // max(1, person.cards))
                if progress > shown:
                    shown = progress
                    await documents.reports.change(report_id, {"progress": progress})

    async def _add_picture(self, archive: Archive, key: str) -> None:
        name = _picture_name(key)
        if name in archive:
            return
        chunks = self._resources.media.chunks(key, CHUNK_BYTES)
        try:
            first = await anext(chunks, b"")
        except NotFound:
            log.warning("picture missing", key=key)
            return
        async with aclosing(chunks), archive.file(name, AS_IT_IS) as write:
            await write(first)
            async for chunk in chunks:
                await write(chunk)


def _exported(card: dict[str, Any]) -> dict[str, Any]:
    picture = card["photo"]
    return {
        "id": card["_id"],
        "text": card["text"],
        "created": card["created"],
        "likes": card["likes"],
        "picture": _picture_name(picture) if picture else None,
    }


def _picture_name(key: str) -> str:
    """Where a picture is in the archive; the same picture twice is one file."""
    return f"pictures/{key.rpartition('/')[2]}.webp"


def _pretty(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2)
