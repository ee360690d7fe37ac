"""Leaving for good: what happens at once, and what the worker does afterwards.

At once, in the request: the departure is noted, the account is gone, every session is over. The worker removes the
rest: documents, pictures and archives; see `documents/departures.py` for what makes that bear dying and repeating.
"""

import asyncio

import structlog

from cache import Overloaded, Unavailable
from webapp.documents import Departure
from webapp.errors import BackendUnavailable
from webapp.errors import Overloaded as TooBusy
from webapp.multipart import clear
from webapp.resources import Resources

MOST_AT_ONCE = 100
LOOK_SECONDS = 15.0

log = structlog.get_logger("webapp.departures")


async def begin_departure(resources: Resources, person_id: str, tag: str) -> None:
    """From now on nobody can log in as this person, nothing of them is shown, no session of theirs lives.

    May be repeated. Raises BackendUnavailable, Unavailable; what was not done then the worker does.
    """
    await resources.documents.departures.begin(person_id, tag)
    await _end_sessions(resources, tag)
    await resources.sessions.settle(tag)


async def keep_finishing(resources: Resources) -> None:
    """Goes through the departures that are due, until cancelled; those that failed wait for the next look."""
    while True:
        try:
            await finish_departures(resources)
        except (BackendUnavailable, Unavailable, Overloaded, TooBusy) as error:
            log.warning("departures wait", cause=str(error))
        await asyncio.sleep(LOOK_SECONDS)


async def finish_departures(resources: Resources) -> int:
    """Goes through all that are due now; how many. Raises BackendUnavailable, Unavailable, Overloaded."""
    done = 0
    while due := await resources.documents.departures.due(MOST_AT_ONCE):
        for departure in due:
            await _finish(resources, departure)
            done += 1
    return done


async def _finish(resources: Resources, departure: Departure) -> None:
    """Sessions first, for they may still write."""
    await _end_sessions(resources, departure.tag)
    await resources.documents.departures.erase(departure.person_id)
    await resources.cache.invalidate(departure.tag, resources.boards, resources.profiles)
    for folder in (f"{departure.person_id}/", f"exports/{departure.person_id}/"):
        await clear(resources.media, folder)
    await resources.documents.departures.end(departure)
    log.info("departed", person=departure.person_id, again=departure.again)


async def _end_sessions(resources: Resources, tag: str) -> None:
    ids = [each.id for each in await resources.sessions.list(tag)]
    await resources.sessions.end(tag, *ids)
