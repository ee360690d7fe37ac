"""A picture in the making: gradients, soft light, smooth outlines and grain, on top of Pillow.

Nothing here knows what is drawn. All randomness comes from the `random` that the canvas was given, so the same stream
gives the same bytes; Pillow's own noise is not used, because it cannot be seeded.
"""

import io
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from random import Random

from PIL import Image, ImageChops, ImageDraw

from webapp.seeding.drawing.colours import Colour, mix

Point = tuple[float, float]
Line = list[Point]

_GRAIN_TILE = 320
_SMOOTH = Image.Resampling.BILINEAR
_FINE = 2  # outlines are drawn this much larger and scaled down, which smooths their edges


class Canvas:
    """An RGB picture of `width` by `height` pixels; `image` may be drawn on directly where edges need no smoothing."""

    def __init__(self, width: int, height: int, random: Random) -> None:
        self.width = width
        self.height = height
        self.random = random
        self.image = Image.new("RGB", (width, height))

    def gradient(self, stops: Sequence[Colour], top: float = 0, bottom: float | None = None) -> None:
        """Fills the rows from `top` to `bottom` with colours running through `stops`."""
        first, last = round(top), self.height if bottom is None else round(bottom)
        self.image.paste(_spread(column(stops), (self.width, max(1, last - first))), (0, first))

    def fill(self, outlines: Iterable[Sequence[Point]], *paint: Colour, opacity: float = 1.0) -> None:
        """Fills outlines with a colour, or with a gradient through several colours over the height they cover."""
        shapes = [outline for outline in outlines if len(outline) > 2]
        left, top, right, bottom = self._box(shapes)
        if right <= left or bottom <= top:
            return
        mask = Image.new("L", ((right - left) * _FINE, (bottom - top) * _FINE))
        pen = ImageDraw.Draw(mask)
        for shape in shapes:
            pen.polygon([((x - left) * _FINE, (y - top) * _FINE) for x, y in shape], fill=round(255 * opacity))
        area = (right - left, bottom - top)
        self.image.paste(paint[0] if len(paint) == 1 else _spread(column(paint), area), (left, top), mask.reduce(_FINE))

    def glow(self, centre: Point, radius: float, colour: Colour, strength: float, *, fall: float = 2.0) -> None:
        """Light around a point, fading to nothing at `radius`; a larger `fall` gathers it in the middle."""
        side = max(2, round(radius * 2))
        box = (round(centre[0] - side / 2), round(centre[1] - side / 2))
        self.image.paste(colour, box, _light(side, round(strength * 40), fall))

    def disc(self, centre: Point, radius: float, colour: Colour, opacity: float = 1.0) -> None:
        """A filled circle with a smooth edge."""
        side = max(1, round(radius * 2))
        mask = Image.new("L", (side * 4, side * 4))
        ImageDraw.Draw(mask).ellipse((0, 0, side * 4 - 1, side * 4 - 1), fill=round(255 * opacity))
        self.image.paste(colour, (round(centre[0] - side / 2), round(centre[1] - side / 2)), mask.reduce(4))

    def veil(self, mask: Image.Image, colour: Colour) -> None:
        """Lays `colour` over everything, as much as `mask` says."""
        self.image.paste(colour, (0, 0), mask)

    def clouds(self, across: int, down: int, curve: Callable[[float], float]) -> Image.Image:
        """A mask of soft noise (`across` by `down` bulges at the coarsest); `curve` shapes its values from 0 to 1."""
        mask: Image.Image | None = None
        for octave in range(4):
            size = (across << octave, down << octave)
            noise = Image.frombytes("L", size, self.random.randbytes(size[0] * size[1]))
            noise = noise.resize((self.width // 3, self.height // 3), Image.Resampling.BICUBIC)
            mask = noise if mask is None else Image.blend(mask, noise, 0.5 ** (octave + 0.4))
        assert mask is not None  # noqa: S101  four octaves were just blended
        shaped = mask.point([round(255 * min(1.0, max(0.0, curve(value / 255)))) for value in range(256)])
        return shaped.resize((self.width, self.height), _SMOOTH)

    def band(self, middle: int, half: int, strength: float) -> Image.Image:
        """A mask of `strength` at the height `middle`, fading out over `half` above and below."""
        mask = Image.new("L", (self.width, self.height))
        mask.paste(fade(self.width, 2 * half, (0, strength, 0)), (0, middle - half))
        return mask

    def grain(self, strength: int = 4) -> None:
        """A little noise, as film has it; it also hides the steps in smooth gradients."""
        tile = Image.frombytes("L", (_GRAIN_TILE, _GRAIN_TILE), self.random.randbytes(_GRAIN_TILE**2))
        tile = tile.point([round(value / 255 * 2 * strength) for value in range(256)])
        noise = Image.new("L", self.image.size)
        for x in range(0, self.width, _GRAIN_TILE):
            for y in range(0, self.height, _GRAIN_TILE):
                noise.paste(tile, (x, y))
        self.image = ImageChops.add(self.image, Image.merge("RGB", (noise, noise, noise)), 1, -strength)

    def encoded(self, quality: int) -> bytes:
        """The picture as WebP."""
        out = io.BytesIO()
        self.image.save(out, "WEBP", quality=quality, method=1)
        return out.getvalue()

    def _box(self, shapes: Sequence[Sequence[Point]]) -> tuple[int, int, int, int]:
        xs, ys = [x for shape in shapes for x, _ in shape] or [0], [y for shape in shapes for _, y in shape] or [0]
        left, top = max(0, int(min(xs))), max(0, int(min(ys)))
        return left, top, min(self.width, int(max(xs)) + 1), min(self.height, int(max(ys)) + 1)


def column(stops: Sequence[Colour], steps: int = 128) -> Image.Image:
    """A strip one pixel wide whose colours run through `stops` from top to bottom."""
    strip = Image.new("RGB", (1, steps))
    for step in range(steps):
        place = step / (steps - 1) * (len(stops) - 1)
        at = min(int(place), len(stops) - 2) if len(stops) > 1 else 0
        strip.putpixel((0, step), mix(stops[at], stops[min(at + 1, len(stops) - 1)], place - at))
    return strip


def fade(width: int, height: int, values: Sequence[float]) -> Image.Image:
    """A mask whose values (0 to 1) run through `values` from top to bottom."""
    greys = [round(255 * value) for value in values]
    return _spread(column([(grey, grey, grey) for grey in greys]).getchannel(0), (width, height))


def _spread(strip: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The strip stretched over `size`; in two steps, for only the first has anything to compute."""
    return strip.resize((1, size[1]), _SMOOTH).resize(size, Image.Resampling.NEAREST)


@lru_cache(maxsize=64)
def _light(side: int, strength: int, fall: float) -> Image.Image:
    """A round mask that fades from `strength` fortieths to nothing; kept, since stars and lamps come in hundreds."""
    # Pillow's radial gradient is 179 at the middle of an edge, 255 in the corners.
    fading = [round(255 * strength / 40 * max(0.0, 1.0 - value / 179) ** fall) for value in range(256)]
    return Image.radial_gradient("L").point(fading).resize((side, side), _SMOOTH)
