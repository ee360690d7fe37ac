"""Everything a person has put in, written into an archive: profile, cards, pictures."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any

import msgspec
import structlog

from webapp.archives import AS_IT_IS, Archive
from webapp.documents import Documents
from webapp.errors import NotFound
from webapp.media import Media
from webapp.model import Person

PAGE = 500
CHUNK_BYTES = 256 << 10
WHOLE = 100

At = Callable[[int], Awaitable[None]]
"""Told again and again, with how many hundredths are done."""

log = structlog.get_logger("webapp.belongings")


class Belongings:
    """Those of one person. Every method raises BackendUnavailable, and what `at` raises."""

    def __init__(self, documents: Documents, media: Media, person: Person, at: At) -> None:
        self._documents = documents
        self._media = media
        self._person = person
        self._at = at
        self._done = 0

    async def write(self, archive: Archive) -> None:
        """Puts them into the archive."""
        async with archive.file("profile.json") as write:
            await write(_pretty(msgspec.to_builtins(self._person)))
        await self._add_cards(archive)
        await self._add_pictures(archive)

    async def _add_cards(self, archive: Archive) -> None:
        async with archive.file("cards.json") as write:
            opening = b"["
            async for page in self._documents.cards.pages_of(self._person.id, PAGE):
                lines = b",\n".join(msgspec.json.encode(_exported(card)) for card in page)
                await write(opening + b"\n" + lines)
                opening = b","
                await self._at(0)
            await write(b"\n]\n" if opening == b"," else b"[]\n")

    async def _add_pictures(self, archive: Archive) -> None:
        """The cards are gone through once more: a list of all pictures could be a long one."""
        if self._person.avatar:
            await self._add_picture(archive, self._person.avatar)
        cards = 0
        async for page in self._documents.cards.pages_of(self._person.id, PAGE):
            for card in page:
                if card["photo"]:
                    await self._add_picture(archive, card["photo"])
                cards += 1
                self._done = min(WHOLE, WHOLE * cards // max(1, self._person.cards))
                await self._at(self._done)

    async def _add_picture(self, archive: Archive, key: str) -> None:
        name = _picture_name(key)
        if name in archive:
            return
        chunks = self._media.chunks(key, CHUNK_BYTES)
        try:
            first = await anext(chunks, b"")
        except NotFound:
            log.warning("picture missing", key=key)
            return
        async with aclosing(chunks), archive.file(name, AS_IT_IS) as write:
            await write(first)
            async for chunk in chunks:
                await write(chunk)
                await self._at(self._done)


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
