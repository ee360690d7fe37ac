"""Water: what it mirrors, how it ripples, how light glitters on it."""

import math

from PIL import Image, ImageDraw, ImageOps

from webapp.seeding.drawing.canvas import Canvas, Point, fade
from webapp.seeding.drawing.colours import Colour, Mood, mix

_STRIP = 3


def mirror(canvas: Canvas, mood: Mood, shore: int, *, ripple: float = 7.0, dim: float = 0.25) -> None:
    """Fills everything below `shore` with the rippled, slightly darker image of what is above it."""
    depth = canvas.height - shore
    above = canvas.image.crop((0, max(0, shore - depth), canvas.width, shore))
    mirrored = ImageOps.flip(above).resize((canvas.width, depth), Image.Resampling.BILINEAR)
    start = canvas.random.uniform(0, math.tau)
    for y in range(0, depth, _STRIP):
        share = y / depth
        shift = round(
            ripple * (0.15 + share) * math.sin(start + 34 * share**0.6)
            + canvas.random.uniform(-1, 1) * ripple * 0.3 * share
        )
        strip = mirrored.crop((0, y, canvas.width, min(depth, y + _STRIP)))
        canvas.image.paste(strip, (shift, shore + y))
        if shift:
            edge = (
                strip.crop((0, 0, abs(shift), strip.height))
                if shift > 0
                else strip.crop((canvas.width + shift, 0, canvas.width, strip.height))
            )
            canvas.image.paste(ImageOps.mirror(edge), (0 if shift > 0 else canvas.width + shift, shore + y))
    tint = Image.new("RGB", (canvas.width, depth), mix(mood.dark, mood.sky[0], 0.5))
    canvas.image.paste(tint, (0, shore), fade(canvas.width, depth, (dim * 0.45, dim, dim * 1.7)))


def open_sea(canvas: Canvas, mood: Mood, horizon: float) -> None:
    """The wide sea: the sky's colours upside down, deeper towards the viewer, with long waves."""
    near, far = mix(mood.sky[0], mood.dark, 0.45), mix(mood.sky[-1], mood.haze, 0.5)
    canvas.gradient((far, mix(far, near, 0.45), mix(far, near, 0.8), near), horizon)
    random, pen = canvas.random, ImageDraw.Draw(canvas.image, "RGBA")
    for _ in range(420):
        share = random.random() ** 1.5
        y = horizon + 2 + share * (canvas.height - horizon)
        length = 8 + 150 * share * random.random()
        x = random.uniform(-60, canvas.width)
        tone = mix(far, mood.light, 0.3) if random.random() < 0.5 else mood.dark
        pen.line((x, y, x + length, y), fill=(*tone, random.randrange(10, 46)), width=1 + round(share * 2))


def glitter(canvas: Canvas, light: Colour, source: Point, horizon: float, width: float = 26) -> None:
    """The path of light under a sun or moon, broken by waves and widening towards the viewer."""
    random, pen = canvas.random, ImageDraw.Draw(canvas.image, "RGBA")
    span = canvas.height - horizon
    for row in range(round(span / 3)):
        share = row * 3 / span
        y = horizon + 1 + row * 3 + random.uniform(-1, 1)
        for _ in range(3):
            half = (width * (0.35 + 2.3 * share)) * random.random() ** 0.7
            x = source[0] + random.gauss(0, width * (0.18 + 0.9 * share))
            glow = round(190 * (1 - share) ** 0.8 * random.random() + 25 * random.random())
            pen.line((x - half * 0.5, y, x + half * 0.5, y), fill=(*light, glow), width=1 + round(2 * share))
