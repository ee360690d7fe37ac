"""Head, shoulders and features of a drawn face, on a canvas of 256 by 256."""

import math
from typing import NamedTuple

from webapp.seeding.drawing.canvas import Canvas, Line, Point
from webapp.seeding.drawing.colours import WHITE, Colour, colour, contrast, mix
from webapp.seeding.drawing.outlines import circle

FACE: Point = (128.0, 122.0)

_INK: Colour = (38, 26, 28)
_WARM: Colour = (120, 50, 40)
_NIGHT: Colour = (20, 20, 40)


class Look(NamedTuple):
    """What a face is made of; `width` and `height` are half those of the head."""

    style: str
    width: float
    height: float
    skin: Colour
    hair: Colour
    cloth: Colour


def bust(canvas: Canvas, look: Look) -> None:
    """Neck, shoulders and what is worn."""
    cloth = look.cloth
    shoulders = [(x, 262 - y) for x, y in arc((128, 0), 92, 0, math.pi, height=70)]
    canvas.fill([shoulders], mix(cloth, WHITE, 0.14), cloth, mix(cloth, _NIGHT, 0.15))
    neck: Line = [(106, 160), (150, 160), *arc((128, 196), 22, 0, math.pi, height=15)]
    canvas.fill([neck], mix(look.skin, (110, 45, 35), 0.16))
    match canvas.random.randrange(4):
        case 0:
            collar: Line = [(100, 196), (128, 222), (112, 232), (92, 202)]
            canvas.fill([collar, [(256 - x, y) for x, y in collar]], mix(cloth, WHITE, 0.4))
        case 1:
            stripes = [
                [(128 - half, y), (128 + half, y), (131 + half, y + 7), (125 - half, y + 7)]
                for y, half in ((220, 71), (241, 86))
            ]
            canvas.fill(stripes, mix(cloth, WHITE, 0.55), opacity=0.75)
        case 2:
            inner, outer = arc((128, 190), 32, 0, math.pi, height=30), arc((128, 194), 40, math.pi, 0, height=36)
            canvas.fill([[*inner, *outer]], mix(cloth, _NIGHT, 0.3))
        case _:
            pass


def head(canvas: Canvas, look: Look) -> None:
    """Ears and face: round above, a little narrower towards the chin."""
    x, y = FACE
    canvas.fill([circle((x + side * look.width, y + 6), 10) for side in (-1, 1)], mix(look.skin, _WARM, 0.12))
    egg = [(x + (px - x) * (1 - 0.1 * max(0.0, (py - y) / look.height)), py) for px, py in _oval(look)]
    canvas.fill([egg], mix(look.skin, WHITE, 0.1), look.skin, mix(look.skin, (150, 70, 50), 0.08))


def features(canvas: Canvas, look: Look) -> None:
    """Cheeks, eyes, brows, nose and mouth; all in good spirits."""
    random, (x, y) = canvas.random, FACE
    apart = random.uniform(19, 22)
    eyes = [(x - apart, y), (x + apart, y)]
    cheeks = [circle((x + side * 30, y + 20), 10, squash=0.75) for side in (-1, 1)]
    canvas.fill(cheeks, mix(look.skin, (226, 84, 84), 0.35), opacity=0.55)
    if random.random() < 0.24:
        canvas.fill([_bow((ex, ey + 3), 8, -6, 3.2) for ex, ey in eyes], _INK)
    else:
        size = random.uniform(4.4, 5.4)
        canvas.fill(
            [circle((ex, ey + 0.5), size * 1.55, squash=0.92) for ex, ey in eyes], (255, 252, 246), opacity=0.92
        )
        canvas.fill([circle(eye, size, squash=1.15) for eye in eyes], _INK)
        canvas.fill([circle((ex + 1.6, ey - 2), 1.5) for ex, ey in eyes], WHITE)
    lift = random.uniform(-4, 0)
    plain = contrast(look.hair, look.skin) > 200
    brow = mix(look.hair, _INK, 0.35) if plain else mix(look.skin, _INK, 0.55)
    canvas.fill([_bow((ex, ey - 14 + lift), 9, -3.5, 3) for ex, ey in eyes], brow)
    canvas.fill([_bow((x, y + 15), 5, 3.5, 2.6)], mix(look.skin, _WARM, 0.4))
    _mouth(canvas, look)


def glasses(canvas: Canvas) -> None:
    """Round or oval glasses."""
    random, (x, y) = canvas.random, FACE
    frame = colour(random.choice(("2a2530", "7a4a2a", "a23b3b", "2e5a6b")))
    squash = random.choice((1.0, 0.82))
    for side in (-1, 1):
        centre = (x + side * 21, y + 1)
        rim, hole = circle(centre, 15, squash=squash), circle(centre, 12.2, squash=squash)
        canvas.fill([[*rim, rim[0], hole[0], *reversed(hole)]], frame)
        canvas.fill([hole], WHITE, opacity=0.16)
        temple = [(x + side * 35, y - 2), (x + side * 50, y - 5), (x + side * 50, y - 2), (x + side * 35, y + 1)]
        canvas.fill([temple], frame)
    canvas.fill([_bow(FACE, 7, -3, 3)], frame)


def arc(centre: Point, radius: float, start: float, end: float, *, height: float) -> Line:
    """Part of an ellipse from angle `start` to `end`; a positive `height` bulges downwards between 0 and pi."""
    turns = [start + (end - start) * step / 24 for step in range(25)]
    return [(centre[0] + radius * math.cos(turn), centre[1] + height * math.sin(turn)) for turn in turns]


def _mouth(canvas: Canvas, look: Look) -> None:
    random, (x, y) = canvas.random, FACE
    if random.random() < 0.4:
        canvas.fill([arc((x, y + 27), 15, 0, math.pi, height=14)], mix((120, 30, 40), look.skin, 0.1))
        teeth = [(x - 12, y + 27), (x + 12, y + 27), (x + 10, y + 31), (x - 10, y + 31)]
        canvas.fill([teeth], (255, 250, 245))
        return
    lips = mix((120, 40, 45), (255, 190, 170), 0.5 if sum(look.skin) < 330 else 0.0)
    canvas.fill([_bow((x + random.uniform(-1, 2), y + 29), random.uniform(12, 16), 7.5, 3.4)], lips)


def _oval(look: Look) -> Line:
    return arc(FACE, look.width, 0, math.pi, height=look.height) + arc(
        FACE, look.width, math.pi, math.tau, height=look.height
    )


def _bow(centre: Point, half: float, sag: float, thick: float) -> Line:
    """A curved stroke with tapering ends; positive `sag` smiles."""
    edges = []
    for side in (-1, 1):
        for step in range(11):
            share = (step / 5 - 1) * -side
            bend = sag * (1 - share**2) + side * thick / 2 * (1 - share**4 * 0.7)
            edges.append((centre[0] + half * share, centre[1] + bend))
    return edges
