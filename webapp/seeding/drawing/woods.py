"""A forest in the mist, and the conifers that stand elsewhere too."""

from webapp.seeding.drawing import outlines, skies, skylines
from webapp.seeding.drawing.canvas import Canvas, Line
from webapp.seeding.drawing.colours import WHITE, mix, mood


def forest(canvas: Canvas) -> None:
    """Rows of conifers in mist."""
    random, tone = (
        canvas.random,
        mood(canvas.random.choice(("mint", "silver", "dawn", "spring", "moonlit", "gold", "peach"))),
    )
    skies.sky(canvas, tone, canvas.height * 0.8)
    sun_x = canvas.width * random.uniform(0.25, 0.75)
    skies.sun(canvas, tone, (sun_x, canvas.height * random.uniform(0.18, 0.32)), random.uniform(24, 40), haze=0.7)
    far = skylines.ridge(random, canvas.width, canvas.height * 0.6, canvas.height * 0.28)
    canvas.fill([skylines.ground(far, canvas.height)], tone.at(0.22), tone.at(0.02))
    layers = 5
    for layer in range(layers):
        depth = (layer + 1) / layers
        line = skylines.rolling(random, canvas.width, canvas.height * (0.5 + 0.5 * depth), canvas.height * 0.11)
        tall = (26 + 120 * depth**1.6, 46 + 200 * depth**1.6)
        trees = pines(canvas, line, round(95 - 62 * depth), tall)
        dark = tone.at(0.15 + 0.85 * depth)
        canvas.fill([*trees, skylines.ground(line, canvas.height)], dark, mix(dark, tone.haze, 0.65 * (1 - depth)))
        if layer < layers - 1:
            mist = canvas.clouds(2, 5, lambda value: (value - 0.35) * 1.1)
            place = canvas.band(round(canvas.height * (0.56 + 0.5 * depth)), 70, 0.75)
            mist.paste(0, (0, 0), place.point([255 - value for value in range(256)]))
            canvas.veil(mist, mix(tone.haze, WHITE, 0.25))
    if random.random() < 0.5:
        skies.birds(canvas, tone, (canvas.width - sun_x, canvas.height * 0.2), random.randrange(3, 8))


def pines(canvas: Canvas, line: Line, count: int, heights: tuple[float, float]) -> list[Line]:
    trees = []
    for _ in range(count):
        x = canvas.random.uniform(-10, canvas.width + 10)
        trees += outlines.pine(canvas.random, x, skylines.height_at(line, x) + 4, canvas.random.uniform(*heights))
    return trees
