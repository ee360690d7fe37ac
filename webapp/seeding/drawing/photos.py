"""The photos of the seed content."""

from collections.abc import Callable

from webapp.seeding.chance import stream
from webapp.seeding.drawing import canal, city, fields, heights, night, sands, shore, woods
from webapp.seeding.drawing.canvas import Canvas
from webapp.seeding.scenes import Scene, scene_of

PHOTO_WIDTH, PHOTO_HEIGHT = 960, 640

_QUALITY = 84
_PAINTERS: dict[Scene, Callable[[Canvas], None]] = {
    "sea": shore.sea,
    "mountains": heights.mountains,
    "lake": heights.lake,
    "city": city.city,
    "canal": canal.canal,
    "forest": woods.forest,
    "desert": sands.desert,
    "hills": fields.hills,
    "stars": night.stars,
    "aurora": night.aurora,
}


def draw_photo(seed: int, index: int) -> bytes:
    """Photo `index` as WebP, 960 by 640; the scene is the one that `scene_of` names.

    The same numbers give the same bytes with the same Pillow. Takes some 50 to 100 ms of one core.
    """
    canvas = Canvas(PHOTO_WIDTH, PHOTO_HEIGHT, stream(seed, "photo", index))
    _PAINTERS[scene_of(seed, index)](canvas)
    canvas.grain()
    return canvas.encoded(_QUALITY)
