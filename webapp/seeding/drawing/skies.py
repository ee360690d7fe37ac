"""What is above the horizon: the gradient of a mood, sun or moon, clouds, stars and birds."""

import math

from PIL import ImageChops, ImageDraw

from webapp.seeding.drawing import outlines
from webapp.seeding.drawing.canvas import Canvas, Line, Point, fade
from webapp.seeding.drawing.colours import WHITE, Mood, mix


def sky(canvas: Canvas, mood: Mood, horizon: float) -> None:
    """The mood's colours from the top to the horizon."""
    canvas.gradient(mood.sky, 0, horizon)


def sun(canvas: Canvas, mood: Mood, centre: Point, radius: float, *, haze: float = 0.5) -> None:
    """A sun or full moon with its light around it."""
    canvas.glow(centre, radius * 9, mood.light, haze * 0.75, fall=2.2)
    canvas.glow(centre, radius * 3.2, mood.light, haze, fall=1.6)
    canvas.disc(centre, radius, mood.light)


def crescent(canvas: Canvas, mood: Mood, centre: Point, radius: float) -> None:
    """A young moon."""
    canvas.glow(centre, radius * 6, mood.light, 0.35, fall=2.4)
    turns = [math.pi * (step / 20 - 0.5) for step in range(21)]
    outer = [(centre[0] + radius * math.cos(turn), centre[1] + radius * math.sin(turn)) for turn in turns]
    inner = [
        (centre[0] + radius * 0.45 * math.cos(turn), centre[1] + radius * math.sin(turn)) for turn in reversed(turns)
    ]
    canvas.fill([_tilted(outer + inner, centre, -0.45)], mood.light)


def clouds(canvas: Canvas, mood: Mood, horizon: float, amount: float = 0.5) -> None:
    """Long soft clouds, lit from the horizon, thinning out upwards."""
    threshold = 0.62 - 0.16 * amount
    mask = canvas.clouds(3, 9, lambda value: (value - threshold) * 4.5)
    place = fade(canvas.width, round(horizon), (0.15, 0.75, 0.85, 0.25))
    mask = mask.crop((0, 0, canvas.width, round(horizon)))
    lit = mix(mood.sky[-1], WHITE, 0.35)
    canvas.veil(ImageChops.multiply(mask, place), lit)


def stars(canvas: Canvas, count: int, bottom: float) -> None:
    """Faint stars in plenty, a few bright ones with a shimmer."""
    random = canvas.random
    pen = ImageDraw.Draw(canvas.image, "RGBA")
    tints = [(255, 255, 255), (205, 220, 255), (255, 236, 208)]
    for _ in range(count):
        x, y = random.randrange(canvas.width), random.randrange(max(1, round(bottom)))
        shine = random.random() ** 2.6 * (1 - 0.55 * y / bottom)
        pen.point((x, y), fill=(*random.choice(tints), round(255 * (0.25 + 0.75 * shine))))
        if shine > 0.55:
            canvas.glow((x + 0.5, y + 0.5), random.uniform(2.5, 4.5), WHITE, round(shine, 1), fall=1.2)


def birds(canvas: Canvas, mood: Mood, centre: Point, count: int) -> None:
    """A loose flock."""
    random = canvas.random
    flock = []
    for _ in range(count):
        x, y = random.gauss(centre[0], 60), random.gauss(centre[1], 22)
        flock.append(outlines.bird(x, y, random.uniform(9, 21), random.uniform(0.25, 0.6)))
    canvas.fill(flock, mood.at(0.85), opacity=0.85)


def _tilted(outline: Line, centre: Point, angle: float) -> Line:
    cos, sin = math.cos(angle), math.sin(angle)
    return [
        (
            centre[0] + (x - centre[0]) * cos - (y - centre[1]) * sin,
            centre[1] + (x - centre[0]) * sin + (y - centre[1]) * cos,
        )
        for x, y in outline
    ]
