"""Rows of town buildings, with or without lit windows. Their edges are upright and level: nothing needs smoothing."""

from PIL import ImageDraw

from webapp.seeding.drawing.canvas import Canvas
from webapp.seeding.drawing.colours import Colour, Mood, mix

LAMPS: tuple[Colour, ...] = ((255, 214, 140), (255, 190, 110), (255, 236, 190), (190, 220, 255))


def blocks(canvas: Canvas, tone: Mood, foot: float, height: float, depth: float, *, lit: float) -> None:
    """One row of buildings. Edges are upright and level, so nothing needs smoothing."""
    random, pen = canvas.random, ImageDraw.Draw(canvas.image)
    x = -random.uniform(0, 40)
    rise = random.uniform(0.2, 0.8) * canvas.width
    while x < canvas.width:
        width = random.uniform(26, 84)
        downtown = max(0.0, 1 - abs(x - rise) / (canvas.width * 0.45))
        tall = height * (random.uniform(0.25, 0.62) + 0.45 * downtown * random.random())
        wall = mix(tone.at(depth), tone.dark, random.uniform(0, 0.16))
        top = foot - tall
        pen.rectangle((x, top, x + width, foot), fill=wall)
        pen.rectangle((x + width * 0.72, top, x + width, foot), fill=mix(wall, tone.dark, 0.14))
        _roof(canvas, x, top, width, wall)
        if lit > 0:
            _windows(canvas, (x, top, width, tall), wall, 2 + round(3 * depth), lit)
        x += width + (random.uniform(0, 14) if random.random() < 0.3 else 0)


def _roof(canvas: Canvas, x: float, top: float, width: float, wall: Colour) -> None:
    kind, middle = canvas.random.randrange(7), x + width / 2
    if kind == 0:
        canvas.fill([[(x, top + 1), (middle, top - width * 0.5), (x + width, top + 1)]], wall)
    elif kind == 1:
        canvas.fill([[(middle - 1, top), (middle + 1, top), (middle + 0.4, top - 46), (middle - 0.4, top - 46)]], wall)
    elif kind == 2:
        canvas.fill(
            [
                [
                    (x + width * 0.2, top + 1),
                    (x + width * 0.2, top - 16),
                    (x + width * 0.8, top - 16),
                    (x + width * 0.8, top + 1),
                ]
            ],
            wall,
        )
    elif kind == 3:
        canvas.fill([[(x, top + 1), (x, top - width * 0.4), (x + width, top + 1)]], wall)


def _windows(canvas: Canvas, box: tuple[float, float, float, float], wall: Colour, size: int, lit: float) -> None:
    random, pen = canvas.random, ImageDraw.Draw(canvas.image)
    left, top, width, height = box
    gap = size + 3
    columns, rows = max(0, int((width - 6) / gap)), max(0, int((height - 10) / (gap + 2)))
    inset = (width - columns * gap) / 2 + 1
    for at in range(columns * rows):
        if random.random() < lit:
            x, y = round(left + inset + at % columns * gap), round(top + 8 + at // columns * (gap + 2))
            pen.rectangle((x, y, x + size - 1, y + size), fill=mix(wall, random.choice(LAMPS), random.uniform(0.45, 1)))
