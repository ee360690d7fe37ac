"""The avatars of the seed content: friendly faces that resemble nobody, drawn from a few simple parts."""

from random import Random

from webapp.seeding.chance import stream
from webapp.seeding.drawing.canvas import Canvas
from webapp.seeding.drawing.colours import WHITE, colour, contrast, mix
from webapp.seeding.drawing.faces import Look, bust, features, glasses, head
from webapp.seeding.drawing.hair import STYLES, hair_before, hair_behind
from webapp.seeding.drawing.outlines import circle

AVATAR_EDGE = 256

_QUALITY = 86
_BACKGROUNDS = (
    "ffd6a5 ff9f80", "bde0fe 6fa8dc", "cdeac0 74b49b", "ffc8dd e891b2", "e2c6ff a184d6", "fde68a f2b04e",
    "b8e8e0 5aa9a4", "f4d1c6 cf8a78", "d7e3fc 8ea6db", "f9e2ae c9a35c", "c8d5b9 7a9e7e", "f7b2a2 c8636b",
)  # fmt: skip
_SKINS = ("fbdcc4", "f3c6a5", "e5ac82", "d19a6c", "b77b50", "98603b", "774a2e", "5b3722")
_HAIRS = (
    "1f1a1a", "241c1c", "2a1e1a", "3a2620", "5a3825", "8a5a34",
    "c18b4a", "e0b96a", "a8442a", "8d8a8a", "d8d4cf", "2b2f4a",
)  # fmt: skip
_CLOTHES = (
    "e4572e", "2e86ab", "3a7d44", "f3a712", "a23b72", "5b4b8a",
    "fbf4e6", "24425c", "c8443c", "6f9ceb", "87a878",
)  # fmt: skip
_LEAST_CONTRAST = 70  # between hair and skin, or a face has no frame


def draw_avatar(seed: int, index: int) -> bytes:
    """Avatar `index` as WebP, 256 by 256. The same numbers give the same bytes with the same Pillow."""
    random = stream(seed, "avatar", index)
    canvas = Canvas(AVATAR_EDGE, AVATAR_EDGE, random)
    upper, lower = (colour(code) for code in random.choice(_BACKGROUNDS).split())
    canvas.gradient((upper, lower))
    ball = circle((random.uniform(40, 216), random.uniform(30, 110)), random.uniform(50, 105))
    canvas.fill([ball], mix(upper, WHITE, 0.5), opacity=0.45)
    look = _look(random)
    hair_behind(canvas, look)
    bust(canvas, look)
    head(canvas, look)
    features(canvas, look)
    hair_before(canvas, look)
    if random.random() < 0.3:
        glasses(canvas)
    canvas.grain(2)
    return canvas.encoded(_QUALITY)


def _look(random: Random) -> Look:
    skin = colour(random.choice(_SKINS))
    return Look(
        style=random.choice(STYLES),
        width=random.uniform(47, 54),
        height=random.uniform(56, 63),
        skin=skin,
        hair=random.choice([hair for hair in map(colour, _HAIRS) if contrast(hair, skin) > _LEAST_CONTRAST]),
        cloth=colour(random.choice(_CLOTHES)),
    )
