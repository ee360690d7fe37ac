"""A skyline over water, at night or dusk."""

from webapp.seeding.drawing import outlines, skies, water
from webapp.seeding.drawing.blocks import LAMPS, blocks
from webapp.seeding.drawing.canvas import Canvas, Line
from webapp.seeding.drawing.colours import Mood, mix, mood


def city(canvas: Canvas) -> None:
    """Blocks behind blocks with lit windows, over water or roofs."""
    random, name = canvas.random, canvas.random.choice(("dusk", "violet", "night", "ink", "moonlit", "rose", "gold"))
    tone = mood(name)
    dark_out = name in {"night", "ink", "moonlit"}
    shore = round(canvas.height * random.uniform(0.7, 0.78))
    skies.sky(canvas, tone, shore)
    if dark_out:
        skies.stars(canvas, 220, shore * 0.6)
    else:
        skies.clouds(canvas, tone, shore, random.random())
    light = (canvas.width * random.uniform(0.15, 0.85), shore * random.uniform(0.18, 0.42))
    (skies.crescent if dark_out and random.random() < 0.6 else skies.sun)(canvas, tone, light, random.uniform(18, 36))
    for layer in range(4):
        depth = 0.12 + 0.8 * layer / 3
        blocks(
            canvas, tone, shore, shore * (0.62 - 0.11 * layer), depth, lit=(0.16 if dark_out else 0.08) + 0.34 * depth
        )
    canvas.glow((canvas.width / 2, shore), canvas.width * 0.6, mix(tone.haze, LAMPS[0], 0.5), 0.16, fall=2)
    water.mirror(canvas, tone, shore, ripple=random.uniform(6, 13), dim=0.3)
    _bridge(canvas, tone, shore) if random.random() < 0.45 else None


def _bridge(canvas: Canvas, tone: Mood, shore: int) -> None:
    """A suspension bridge from side to side, in front of it all."""
    deck, tall, steel = shore + 22.0, shore * 0.46, mix(tone.dark, tone.sky[-1], 0.3)
    towers = [canvas.width * share for share in (0.24, 0.76)]
    parts: list[Line] = [outlines.box(0, deck, canvas.width, deck + 7)]
    parts += [[(x - 6, deck + 60), (x - 4, deck - tall), (x + 4, deck - tall), (x + 6, deck + 60)] for x in towers]
    spans = (
        (towers[0] - canvas.width * 0.52, towers[0]),
        (towers[0], towers[1]),
        (towers[1], towers[1] + canvas.width * 0.52),
    )
    for left, right in spans:
        points = [
            (left + (right - left) * step / 30, deck - 8 - (tall - 8) * (2 * step / 30 - 1) ** 2) for step in range(31)
        ]
        parts.append([*points, *((x, y + 3) for x, y in reversed(points))])
        parts += [outlines.box(x - 0.7, y, x + 0.7, deck) for x, y in points[1:-1]]
    canvas.fill(parts, steel)
    for at in range(0, canvas.width, 40):
        canvas.glow((at + 20, deck - 3), 9, LAMPS[0], 0.9)
