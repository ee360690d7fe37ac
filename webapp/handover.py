"""A web process's part in handing over its slot: it begins with what was hot there, and leaves behind what is.

Invariant: nothing here delays or fails the process by more than the times below, whatever Redis and MongoDB do.

A board or profile that Redis holds no more is loaded for whoever has a living session, and for nobody else.
"""

import asyncio
import contextlib
from typing import Any, Final

import structlog

from cache import Overloaded, Preloaded, Unavailable
from webapp.errors import NotFound
from webapp.feed import compute_board
from webapp.resources import Resources

PERIOD_SECONDS: Final = 30.0
PRELOAD_SECONDS: Final = 3.0
LEAVE_SECONDS: Final = 0.5

log = structlog.get_logger("webapp.handover")


class Handover:
    """The manifest of this process's slot: read at its start, kept while it serves, written when it leaves."""

    def __init__(self, resources: Resources, *, period_seconds: float = PERIOD_SECONDS) -> None:
        self._resources = resources
        self._slot = resources.settings.instance_id
        self._period = period_seconds
        self._writes = False

    async def preload(self, seconds: float = PRELOAD_SECONDS) -> Preloaded:
        """Begins with what was hottest here, as far as its time allows; never raises for want of a backing service."""
        preloaded = await self._resources.cache.preload(self._slot, load=self._load, seconds=seconds)
        self._writes = preloaded.ended != "untrusted"
        say = log.info if preloaded.asked else log.debug
        say(
            "preloaded",
            ended=preloaded.ended,
            asked=preloaded.asked,
            kept=preloaded.kept,
            loaded=preloaded.loaded,
            seconds=round(preloaded.seconds, 3),
        )
        return preloaded

    async def keep_manifest(self) -> None:
        """Writes the manifest now and then, until cancelled: for whoever follows a process that is killed."""
        while True:
            await asyncio.sleep(self._period)
            self._writes = True
            await self._write()

    async def leave(self) -> None:
        """Writes the last manifest, in half a second or not at all.

        Not by a process that could not preload and has hardly served: what it would overwrite is better.
        """
        if self._writes:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_SECONDS):
                    await self._write()

    async def _write(self) -> None:
        try:
            names = await self._resources.cache.write_manifest(self._slot)
            log.debug("manifest written", names=names)
        except (Unavailable, Overloaded) as error:
            log.debug("manifest not written", cause=str(error))

    async def _load(self, region: str, tag: str) -> Any:
        """The value of a region for the person with this tag. Raises NotFound, Unavailable, BackendUnavailable."""
        resources = self._resources
        if region not in (resources.boards.name, resources.profiles.name):
            raise NotFound(region)
        sessions = await resources.sessions.list(tag)
        if not sessions:
            raise NotFound("session")
        person_id = sessions[0].person_id
        if region == resources.boards.name:
            return await compute_board(resources.documents, person_id)
        return await resources.documents.people.by_id(person_id)
