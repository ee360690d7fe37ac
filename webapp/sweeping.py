"""Takes pictures out of S3 that nobody refers to: of uploads that failed midway, of avatars that were replaced.

Only what is older than a day is looked at, so that a card that is being written has its picture. Just before one is
deleted it is looked at once more, while nobody can put it there again (`documents/pictures.py`).

A sweep may be broken off anywhere and begun anew, and two at once do no harm.
"""

import time
from collections.abc import Callable

import structlog

from webapp.album import picture_of
from webapp.errors import NotFound
from webapp.resources import Resources

DAY_SECONDS = 86_400.0

log = structlog.get_logger("webapp.sweeping")


async def sweep(
    resources: Resources, *, now: Callable[[], float] = time.time, older_seconds: float = DAY_SECONDS
) -> int:
    """Deletes orphans older than this; how many objects. Holds a page of a thousand keys at most.

    Raises BackendUnavailable, Overloaded; what was deleted until then is deleted.
    """
    deleted = 0
    async for page in resources.media.pages():
        before = now() - older_seconds
        old = {each.key: picture for each in page if each.modified < before and (picture := picture_of(each.key))}
        used = await resources.documents.pictures.used(set(old.values())) if old else set()
        for key, picture in old.items():
            if picture not in used:
                deleted += await _delete_if_still_unused(resources, key, picture, before)
    log.info("swept", deleted=deleted)
    return deleted


async def _delete_if_still_unused(resources: Resources, key: str, picture: str, before: float) -> bool:
    pictures, media = resources.documents.pictures, resources.media
    if not await pictures.begin_sweep(picture):
        return False
    deletes = await _is_old(resources, key, before) and not await pictures.used([picture])
    if deletes:
        await media.delete(key)
    await pictures.end_sweep(picture)  # not after an error: a deletion may still be on its way then
    return deletes


async def _is_old(resources: Resources, key: str, before: float) -> bool:
    try:
        return await resources.media.modified(key) < before
    except NotFound:
        return False
