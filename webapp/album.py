"""Where pictures are in S3: each under `<user>/<sha256>`, and a small one for lists beside it under that and `-640`.

A small one derives from the picture it belongs to, so its key needs no hash of its own, and never changes either.
"""

import re

from webapp.documents import Pictures
from webapp.media import Media
from webapp.pictures import SMALL_WIDTH, Picture

SMALL = f"-{SMALL_WIDTH}"
PICTURE = r"[0-9a-f]{16}/[0-9a-f]{64}"
STORED = rf"{PICTURE}(?:{SMALL})?"

_STORED = re.compile(STORED)


def small_key(key: str) -> str:
    """The key of the small one beside a picture, there if the picture is wider."""
    return key + SMALL


def picture_of(key: str) -> str | None:
    """The key of the picture that something stored belongs to; None for what is no picture."""
    return key.removesuffix(SMALL) if _STORED.fullmatch(key) else None


async def keep_picture(media: Media, pictures: Pictures, person_id: str, picture: Picture) -> str:
    """Stores a picture under its owner and its content, with its small one; its key. Raises what both stores do.

    No sweep takes it for an orphan of before: not while it is put, nor, as it is new, in the day that follows.
    """
    key = f"{person_id}/{picture.sha256}"
    await pictures.begin_put(key)
    # One after the other: of two that make a new directory at once, rclone refuses one now and then.
    if picture.small is not None:
        await media.put(small_key(key), picture.small, picture.media_type)
    await media.put(key, picture.data, picture.media_type)
    await pictures.end_put(key)
    return key
