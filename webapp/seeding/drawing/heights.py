"""Mountains, and a lake before them."""

from webapp.seeding.drawing import outlines, skies, skylines, water, woods
from webapp.seeding.drawing.canvas import Canvas
from webapp.seeding.drawing.colours import WHITE, Mood, mix, mood


def mountains(canvas: Canvas) -> None:
    """Ridge behind ridge, paler with distance, snow on the highest."""
    random, tone = (
        canvas.random,
        mood(canvas.random.choice(("dawn", "rose", "gold", "violet", "day", "silver", "dusk", "mint"))),
    )
    sun_x = canvas.width * random.choice((random.uniform(0.14, 0.36), random.uniform(0.64, 0.86)))
    skies.sky(canvas, tone, canvas.height * 0.72)
    skies.clouds(canvas, tone, canvas.height * 0.6, random.random())
    skies.sun(canvas, tone, (sun_x, canvas.height * random.uniform(0.2, 0.36)), random.uniform(20, 34))
    layers = 5
    for layer in range(layers):
        depth = layer / (layers - 1)
        base = canvas.height * (0.62 + 0.42 * depth)
        height = canvas.height * (0.4 - 0.14 * depth) * random.uniform(0.85, 1.1)
        _massif(canvas, tone, depth, base, height, sun_on_left=sun_x < canvas.width / 2, snowy=layer in {0, 1})
    foreground = skylines.rolling(random, canvas.width, canvas.height * 1.0, canvas.height * 0.07)
    pines = woods.pines(canvas, foreground, 60, (24, 62))
    canvas.fill([*pines, skylines.ground(foreground, canvas.height)], tone.dark)
    if random.random() < 0.7:
        skies.birds(canvas, tone, (canvas.width - sun_x, canvas.height * 0.24), random.randrange(4, 10))


def lake(canvas: Canvas) -> None:
    """A still lake before mountains and a dark shore."""
    random, tone = (
        canvas.random,
        mood(canvas.random.choice(("dawn", "rose", "gold", "violet", "day", "mint", "moonlit", "dusk"))),
    )
    shore = round(canvas.height * random.uniform(0.54, 0.62))
    sun_x = canvas.width * random.uniform(0.2, 0.8)
    skies.sky(canvas, tone, shore)
    if tone.dark == mood("moonlit").dark:
        skies.stars(canvas, 260, shore * 0.7)
    else:
        skies.clouds(canvas, tone, shore, random.uniform(0.3, 1))
    skies.sun(canvas, tone, (sun_x, shore * random.uniform(0.28, 0.5)), random.uniform(18, 30))
    for depth, rise in ((0.15, 0.4), (0.38, 0.27), (0.6, 0.15)):
        _massif(canvas, tone, depth, shore, shore * rise * 1.6, sun_on_left=sun_x < canvas.width / 2, snowy=depth < 0.3)
    bank = skylines.rolling(random, canvas.width, shore + 1, 16)
    canvas.fill([*woods.pines(canvas, bank, 110, (14, 46)), skylines.ground(bank, shore)], tone.at(0.88))
    water.mirror(canvas, tone, shore, ripple=random.uniform(2, 8), dim=0.22)
    canvas.veil(canvas.band(shore, 5, 0.35), mix(tone.haze, WHITE, 0.4))
    if random.random() < 0.6:
        _rowing_boat(
            canvas,
            tone,
            canvas.width * random.uniform(0.2, 0.8),
            shore + (canvas.height - shore) * random.uniform(0.4, 0.7),
        )


def _massif(
    canvas: Canvas, tone: Mood, depth: float, base: float, height: float, *, sun_on_left: bool, snowy: bool
) -> None:
    random = canvas.random
    line = skylines.ridge(random, canvas.width, base, height, peaks=random.choice((2, 3, 3, 4)))
    top, foot = tone.at(0.16 + 0.72 * depth), tone.at(0.02 + 0.62 * depth)
    canvas.fill([skylines.ground(line, canvas.height)], top, foot, foot)
    shade = mix(top, tone.dark, 0.22)
    canvas.fill(skylines.shaded_flanks(random, line, sun_on_left=sun_on_left), shade, opacity=0.6)
    if snowy:
        white = mix(tone.haze, mix(WHITE, tone.light, 0.5), 0.75)
        caps = skylines.snow(random, line, base - height * random.uniform(0.45, 0.6))
        canvas.fill(caps, white, mix(white, top, 0.3), opacity=0.92)
        canvas.fill(
            skylines.shaded_flanks(random, line, sun_on_left=sun_on_left), mix(shade, tone.sky[0], 0.4), opacity=0.4
        )


def _rowing_boat(canvas: Canvas, tone: Mood, x: float, y: float) -> None:
    half = 34
    canvas.fill([[(x - half, y - 6), (x + half, y - 6), (x + half * 0.7, y + 5), (x - half * 0.7, y + 5)]], tone.dark)
    canvas.fill(
        [outlines.circle((x - 6, y - 24), 5), [(x - 13, y - 5), (x - 10, y - 19), (x - 2, y - 19), (x + 2, y - 5)]],
        tone.dark,
    )
    canvas.fill([[(x - 4, y - 14), (x - 3, y - 12), (x - 46, y + 7), (x - 48, y + 6)]], tone.dark)
    canvas.fill(
        [[(x - half * 0.8, y + 6), (x + half * 0.8, y + 6), (x + half * 0.5, y + 13), (x - half * 0.5, y + 13)]],
        tone.dark,
        opacity=0.35,
    )
