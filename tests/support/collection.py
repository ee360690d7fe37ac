"""Somebody's cards and pictures, put straight into the stores as many and as large as wanted; and their archive."""

import hashlib
import io
import json
import random
import zipfile
from dataclasses import dataclass, field
from typing import Any

from webapp.documents import Documents, card_document
from webapp.errors import NotFound
from webapp.media import Media

AT_A_TIME = 500


@dataclass
class Collection:
    """What was put in: the cards' texts, newest first, and the SHA-256 of each picture by its name in an archive."""

    texts: list[str] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)


async def collect(
    documents: Documents, media: Media, person_id: str, *, cards: int, pictures: int = 0, picture_bytes: int = 0
) -> Collection:
    """Gives somebody cards, the first of them with pictures of random bytes. Many cards are of the same moment."""
    made = Collection()
    drawn = random.Random(person_id)
    batch: list[dict[str, Any]] = []
    for n in range(cards):
        key = None
        if n < pictures:
            data = drawn.randbytes(picture_bytes)
            digest = hashlib.sha256(data).hexdigest()
            key = f"{person_id[:16]}/{digest}"
            await media.put(key, data, "image/webp")
            made.pictures[f"pictures/{digest}.webp"] = digest
        text = f"card {n}"
        made.texts.append(text)
        card_id = hashlib.sha256(f"{person_id} {n}".encode()).hexdigest()[:24]
        photo = (key, 8, 8) if key else None
        batch.append(card_document(card_id, person_id, text, photo, created=1e9 - n // 3, digest=""))
        if len(batch) == AT_A_TIME:
            await documents.store.insert_many("cards", batch)
            batch = []
    if batch:
        await documents.store.insert_many("cards", batch)
    return made


async def stored(media: Media, prefix: str) -> tuple[list[str], int]:
    """The keys of the objects that begin so, and how many uploads of such were begun and not completed."""
    found = await media.do("read", lambda client, bucket: client.list_objects_v2(Bucket=bucket, Prefix=prefix))
    try:
        begun = await media.do(
            "read", lambda client, bucket: client.list_multipart_uploads(Bucket=bucket, Prefix=prefix)
        )
    except NotFound:
        begun = {}
    return [each["Key"] for each in found.get("Contents", [])], len(begun.get("Uploads", []))


def read_archive(data: bytes) -> Collection:
    """What an archive holds; every checksum in it is right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names))
        return Collection(
            [card["text"] for card in json.loads(archive.read("cards.json"))],
            {name: hashlib.sha256(archive.read(name)).hexdigest() for name in names if name.startswith("pictures/")},
        )
