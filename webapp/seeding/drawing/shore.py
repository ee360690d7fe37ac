"""The sea: a low sun, islands, sails, a lighthouse."""

from webapp.seeding.drawing import outlines, skies, skylines, water
from webapp.seeding.drawing.canvas import Canvas, Line
from webapp.seeding.drawing.colours import WHITE, Mood, colour, mix, mood


def sea(canvas: Canvas) -> None:
    """Open water under a low sun."""
    random, name = (
        canvas.random,
        canvas.random.choice(("dawn", "rose", "gold", "dusk", "violet", "day", "spring", "peach", "moonlit")),
    )
    tone, horizon = mood(name), canvas.height * random.uniform(0.5, 0.6)
    sun = (canvas.width * random.uniform(0.2, 0.8), horizon - canvas.height * random.uniform(0.03, 0.26))
    skies.sky(canvas, tone, horizon)
    if name == "moonlit":
        skies.stars(canvas, 300, horizon * 0.8)
    skies.clouds(canvas, tone, horizon, random.uniform(0.2, 0.9) if name != "moonlit" else 0.1)
    skies.sun(canvas, tone, sun, random.uniform(24, 44), haze=0.6)
    _islands(canvas, tone, horizon)
    water.open_sea(canvas, tone, horizon)
    water.glitter(canvas, tone.light, sun, horizon, random.uniform(22, 34))
    for _ in range(random.choice((0, 1, 1, 2, 3))):
        share = random.random() ** 2
        _boat(canvas, tone, random.uniform(0.08, 0.92) * canvas.width, horizon + 8 + share * 120, 26 + 80 * share)
    side = random.choice(("lighthouse", "cliffs", "palms", "open"))
    if side == "lighthouse":
        _lighthouse(canvas, tone, horizon, sun[0] > canvas.width / 2)
    elif side == "cliffs":
        _cliffs(canvas, tone, horizon, sun[0] > canvas.width / 2)
    elif side == "palms":
        _palms(canvas, tone, sun[0] > canvas.width / 2)
    if random.random() < 0.7:
        skies.birds(canvas, tone, (canvas.width - sun[0], horizon * 0.4), random.randrange(3, 9))


def _islands(canvas: Canvas, tone: Mood, horizon: float) -> None:
    random = canvas.random
    for depth in (0.08, 0.22, 0.36)[: random.randrange(0, 4)]:
        left, wide = random.uniform(-0.2, 0.8) * canvas.width, random.uniform(0.2, 0.5) * canvas.width
        line = skylines.ridge(random, round(wide), 0, random.uniform(16, 70), rough=0.5, peaks=2)
        island = []
        for x, y in line:
            share = x / wide
            island.append((left + x, horizon + 2 + y * min(1.0, 5 * share, 5 * (1 - share))))
        canvas.fill([island], tone.at(depth + 0.1), tone.at(depth))


def _boat(canvas: Canvas, tone: Mood, x: float, y: float, height: float) -> None:
    sails, hull = outlines.sailing_boat(x, y, height)
    cloth = mix(mix(WHITE, tone.light, 0.5), tone.haze, 0.25)
    canvas.fill([[(px, 2 * y - py * 1.0 + 2) for px, py in sail] for sail in sails], cloth, opacity=0.18)
    canvas.fill([[(px, 2 * y - py + 2) for px, py in part] for part in hull[:1]], tone.dark, opacity=0.3)
    canvas.fill(sails, cloth, mix(cloth, tone.haze, 0.4))
    canvas.fill(hull, tone.at(0.9))


def _headland(canvas: Canvas, top: float, foot: float, wide: float, *, on_left: bool) -> Line:
    """A piece of coast at one side: level on top, then down to `foot` in ledges."""
    random = canvas.random
    line, steps = [(-10.0, top)], 28
    x, y = 0.0, top
    for step in range(1, steps + 1):
        share = step / steps
        x += wide / steps * (1.7 if step % 4 else 0.2) * random.uniform(0.5, 1.0)
        y = max(y - 1.5, top + (foot - top) * share**2.2 + (random.uniform(0, 0.05) * (foot - top) if step % 4 else 0))
        line.append((x, min(y, foot)))
    line += [(x + 5, foot), (-10.0, foot)]
    return line if on_left else [(canvas.width - px, py) for px, py in line]


def _cliffs(canvas: Canvas, tone: Mood, horizon: float, on_left: bool) -> None:
    for depth, top, foot, wide in ((0.4, -92, 10, 0.46), (0.62, -46, 44, 0.34), (1.0, 96, 999, 0.42)):
        reach = wide * canvas.width * canvas.random.uniform(0.85, 1.1)
        land = _headland(canvas, horizon + top, min(horizon + foot, canvas.height + 10), reach, on_left=on_left)
        canvas.fill([land], mix(tone.at(depth), tone.light, 0.2), tone.at(depth), mix(tone.at(depth), tone.dark, 0.2))


def _lighthouse(canvas: Canvas, tone: Mood, horizon: float, on_left: bool) -> None:
    top = horizon + 40
    land = _headland(canvas, top, canvas.height + 10, canvas.width * 0.36, on_left=on_left)
    x = canvas.width * (0.13 if on_left else 0.87)
    foot, tall = top + 12, canvas.height * 0.34
    wall, red = mix(colour("fbf4e6"), tone.haze, 0.25), mix(colour("c8443c"), tone.haze, 0.15)

    def ring(low: float, high: float) -> Line:
        return [
            (x + side * (17 - 7 * rise), foot - tall * rise)
            for side, rise in ((-1, low), (1, low), (1, high), (-1, high))
        ]

    canvas.glow((x, foot - tall * 1.05), 90, tone.light, 0.55)
    canvas.fill([ring(0, 1)], wall)
    canvas.fill([ring(0.12, 0.32), ring(0.52, 0.72)], red)
    canvas.fill([[(px + (2 * x - 2 * px) * 0.42 * (px < x), py) for px, py in ring(0, 1)]], tone.dark, opacity=0.2)
    lamp = foot - tall
    canvas.fill([outlines.box(x - 15, lamp, x + 15, lamp - 4)], tone.dark)
    canvas.fill([outlines.box(x - 8, lamp - 4, x + 8, lamp - 22)], tone.light)
    canvas.fill([[(x - 12, lamp - 22), (x + 12, lamp - 22), (x, lamp - 38)]], red)
    canvas.fill([land], mix(tone.at(0.9), tone.haze, 0.12), tone.dark)


def _palms(canvas: Canvas, tone: Mood, on_left: bool) -> None:
    random = canvas.random
    beach = _headland(canvas, canvas.height * 0.86, canvas.height + 10, canvas.width * 0.62, on_left=on_left)
    canvas.fill([beach], tone.dark)
    for _ in range(random.randrange(2, 4)):
        share = random.uniform(0.03, 0.3)
        x = canvas.width * (share if on_left else 1 - share)
        canvas.fill(
            outlines.palm(random, x, canvas.height * 0.9, random.uniform(210, 330), 1 if on_left else -1), tone.dark
        )
