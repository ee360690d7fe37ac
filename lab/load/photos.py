"""Photos to send: noise, so that nothing makes them smaller than they are meant to be. Pillow is used here only."""

import io
from random import Random
from typing import Final

from PIL import Image

BYTES_PER_PIXEL: Final = 0.61  # of noise, at this quality
QUALITY: Final = 75


def photo(kilobytes: int, seed: int) -> bytes:
    """A JPEG of about so many kilobytes (within a third), always the same for one seed."""
    edge = max(16, round((kilobytes * 1000 / BYTES_PER_PIXEL) ** 0.5))
    noise = Random(f"photo {seed}").randbytes(edge * edge * 3)  # noqa: S311  # nothing is kept secret by it
    out = io.BytesIO()
    Image.frombytes("RGB", (edge, edge), noise).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
