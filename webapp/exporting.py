"""The job `export`: a zip of everything a person has put in, stored in S3 under a name that derives from the report.

Done twice it is the same archive.
"""

import asyncio
import contextlib
import tempfile
import zipfile
from typing import IO, Any

import msgspec
import structlog

from webapp.errors import BackendUnavailable, NotFound
from webapp.resources import Resources

IN_MEMORY_BYTES = 4 << 20
MOST_CARDS = 10_000
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
        if (await documents.reports.one(report_id, person_id)).state == "done":
            return
        self._running += 1
        self._idle.clear()
        try:
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
                await self._resources.jobs.ask("export", person_id, report_id)
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
