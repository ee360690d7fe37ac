"""A desert of dunes."""

from webapp.seeding.drawing import skies, skylines
from webapp.seeding.drawing.canvas import Canvas
from webapp.seeding.drawing.colours import Colour, colour, mix, mood


def desert(canvas: Canvas) -> None:
    """Dunes with a lit and a shaded side."""
    random, tone = (
        canvas.random,
        mood(canvas.random.choice(("peach", "gold", "dusk", "violet", "spring", "dawn", "rose"))),
    )
    lit = colour(random.choice(("f2b872", "eda766", "f0c48a", "e59b6b")))
    shade = mix(colour("7a3b3b"), tone.dark, random.uniform(0.25, 0.6))
    horizon = canvas.height * 0.58
    skies.sky(canvas, tone, horizon + 30)
    sun_on_left = random.random() < 0.5
    sun_x = canvas.width * (random.uniform(0.12, 0.4) if sun_on_left else random.uniform(0.6, 0.88))
    skies.sun(canvas, tone, (sun_x, canvas.height * random.uniform(0.16, 0.36)), random.uniform(24, 42))
    canvas.fill(
        [skylines.ground(skylines.ridge(random, canvas.width, horizon + 14, 70), canvas.height)],
        tone.at(0.3),
        tone.at(0.12),
    )
    for layer in range(5):
        depth = layer / 4
        foot = horizon + 26 + (canvas.height - horizon + 40) * depth**1.3
        sides = (mix(tone.haze, lit, 0.35 + 0.65 * depth), mix(tone.haze, shade, 0.3 + 0.7 * depth))
        _dunes(canvas, foot, 30 + 125 * depth, sides if sun_on_left else sides[::-1], round(6 - 3.2 * depth))
    if random.random() < 0.6:
        skies.birds(canvas, tone, (canvas.width - sun_x, canvas.height * 0.22), random.randrange(2, 6))


def _dunes(canvas: Canvas, foot: float, height: float, sides: tuple[Colour, Colour], count: int) -> None:
    """A row of dunes on a plain, each with a side in the sun and a side in the shade."""
    random = canvas.random
    plain = mix(*sides, 0.3)
    canvas.fill(
        [skylines.ground(skylines.rolling(random, canvas.width, foot - height * 0.2, height * 0.25), canvas.height)],
        plain,
    )
    places = [(at + random.uniform(0.1, 0.9)) / count * canvas.width for at in range(count)]
    random.shuffle(places)
    for x in places:
        tall, wide = height * random.uniform(0.6, 1.15), canvas.width / count * random.uniform(0.8, 1.3)
        left, right = x - wide * random.uniform(0.5, 1), x + wide * random.uniform(0.5, 1)
        whole, lefthand, righthand = skylines.dune(random, (x, foot - tall), left, right, foot + height * 0.15)
        canvas.fill([whole], sides[0])
        for side, paint in ((lefthand, sides[0]), (righthand, sides[1])):
            canvas.fill([side], paint, mix(paint, plain, 0.35), plain)
