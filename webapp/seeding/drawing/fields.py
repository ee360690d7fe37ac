"""Rolling fields with trees, a cottage, now and then balloons."""

from webapp.seeding.drawing import outlines, skies, skylines
from webapp.seeding.drawing.canvas import Canvas, Line
from webapp.seeding.drawing.colours import WHITE, Colour, Mood, colour, mix, mood


def hills(canvas: Canvas) -> None:
    """Rolling fields, trees, now and then a house or balloons."""
    random, tone = canvas.random, mood(canvas.random.choice(("day", "spring", "mint", "gold", "peach", "rose")))
    greens = random.choice(
        (("b9cf7a", "3f7d4e"), ("d6c66c", "5b7a3a"), ("a7cfa0", "2f6d5c"), ("cbb4d8", "5d5590"), ("e3c46f", "8a6a35"))
    )
    pale, deep = colour(greens[0]), colour(greens[1])
    skies.sky(canvas, tone, canvas.height * 0.62)
    skies.clouds(canvas, tone, canvas.height * 0.55, random.uniform(0.4, 1))
    sun_x = canvas.width * random.uniform(0.15, 0.85)
    skies.sun(canvas, tone, (sun_x, canvas.height * random.uniform(0.14, 0.3)), random.uniform(20, 34), haze=0.4)
    canvas.fill(
        [skylines.ground(skylines.ridge(random, canvas.width, canvas.height * 0.56, 80, rough=0.5), canvas.height)],
        mix(tone.haze, deep, 0.25),
    )
    for layer in range(5):
        depth = layer / 4
        line = skylines.rolling(
            random,
            canvas.width,
            canvas.height * (0.56 + 0.42 * depth),
            canvas.height * (0.1 + 0.08 * depth),
            waves=1.7 - depth,
        )
        near = mix(tone.haze, mix(pale, deep, 0.35 + 0.65 * random.random() * depth), 0.35 + 0.65 * depth)
        _field(canvas, line, near, mix(near, deep, 0.55), depth)
        _grove(canvas, line, mix(near, mix(deep, tone.dark, 0.55), 0.75), depth)
        if layer == 2:
            _cottage(canvas, line, tone)
    if random.random() < 0.65:
        _balloons(canvas, tone)


def _field(canvas: Canvas, line: Line, near: Colour, deep: Colour, depth: float) -> None:
    canvas.fill([skylines.ground(line, canvas.height)], mix(near, WHITE, 0.12), near, deep)
    if canvas.random.random() < 0.55:
        vanish = (canvas.random.uniform(0.1, 0.9) * canvas.width, line[0][1] - 160)
        rows = []
        for x in range(-400, canvas.width + 400, round(22 + 40 * depth)):
            top = skylines.height_at(line, vanish[0] + (x - vanish[0]) * 0.7) + 5
            wide = 3 + 7 * depth
            rows.append(
                [(vanish[0] + (x - vanish[0]) * 0.7, top), (x + wide, canvas.height), (x - wide, canvas.height)]
            )
        canvas.fill(rows, deep, opacity=0.22)


def _grove(canvas: Canvas, line: Line, tone: Colour, depth: float) -> None:
    random = canvas.random
    kind = random.choice(("round", "cypress", "none" if depth > 0.6 else "round"))
    if kind == "none":
        return
    centre, trees = random.uniform(0.1, 0.9) * canvas.width, []
    for _ in range(random.randrange(4, 13)):
        x = random.gauss(centre, 90)
        foot, height = skylines.height_at(line, x) + 3, (16 + 52 * depth) * random.uniform(0.7, 1.2)
        trees += (
            [outlines.cypress(x, foot, height * 1.3)]
            if kind == "cypress"
            else outlines.round_tree(random, x, foot, height)
        )
    canvas.fill(trees, tone)


def _cottage(canvas: Canvas, line: Line, tone: Mood) -> None:
    random = canvas.random
    x, size = random.uniform(0.15, 0.85) * canvas.width, random.uniform(20, 28)
    foot = skylines.height_at(line, x) + 4
    wall, roof = (
        mix(colour("fff3df"), tone.haze, 0.15),
        mix(colour(random.choice(("b5483a", "8a4b3c", "4c5a78"))), tone.haze, 0.1),
    )
    canvas.fill([outlines.box(x - size, foot, x + size, foot - size * 0.8)], wall)
    canvas.fill(
        [
            [
                (x - size * 1.2, foot - size * 0.75),
                (x - size * 0.7, foot - size * 1.5),
                (x + size * 0.7, foot - size * 1.5),
                (x + size * 1.2, foot - size * 0.75),
            ]
        ],
        roof,
    )
    canvas.fill(
        [
            [
                (x + dx, foot - size * 0.25),
                (x + dx + 6, foot - size * 0.25),
                (x + dx + 6, foot - size * 0.58),
                (x + dx, foot - size * 0.58),
            ]
            for dx in (-size * 0.6, size * 0.3)
        ],
        roof,
    )


def _balloons(canvas: Canvas, tone: Mood) -> None:
    random = canvas.random
    fabrics = ("e4572e", "f3a712", "2e86ab", "a23b72", "3a7d44", "f26419", "6a4c93")
    for _ in range(random.randrange(2, 6)):
        radius = random.uniform(14, 44)
        x, y = random.uniform(0.08, 0.92) * canvas.width, random.uniform(0.12, 0.42) * canvas.height
        one, two = (mix(colour(code), tone.haze, 0.45 - radius / 110) for code in random.sample(fabrics, 2))
        envelope, stripes, basket = outlines.balloon(x, y, radius)
        canvas.fill([envelope], mix(one, WHITE, 0.2), one, mix(one, tone.dark, 0.25))
        canvas.fill(stripes, mix(two, WHITE, 0.25), two, mix(two, tone.dark, 0.25))
        canvas.fill(basket, tone.at(0.8))
