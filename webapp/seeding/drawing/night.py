"""Under the night sky: the Milky Way, and northern lights."""

import math

from PIL import Image, ImageChops, ImageFilter

from webapp.seeding.drawing import outlines, skies, skylines, water
from webapp.seeding.drawing.canvas import Canvas, fade
from webapp.seeding.drawing.colours import WHITE, Colour, Mood, colour, mix, mood

_CURTAIN = (240, 160)


def stars(canvas: Canvas) -> None:
    """A clear night with the Milky Way over mountains, a tent or a lone tree."""
    random, tone = canvas.random, mood(canvas.random.choice(("night", "ink", "moonlit", "night")))
    horizon = canvas.height * 0.84
    skies.sky(canvas, tone, canvas.height)
    _milky_way(canvas, tone)
    skies.stars(canvas, 900, horizon)
    _shooting_star(canvas) if random.random() < 0.5 else None
    canvas.glow(
        (canvas.width * random.uniform(0.2, 0.8), horizon),
        canvas.width * 0.55,
        mix(tone.sky[-1], tone.light, 0.35),
        0.35,
    )
    for depth in (0.35, 0.6, 0.82):
        line = skylines.ridge(
            random, canvas.width, canvas.height * (0.8 + 0.12 * depth), canvas.height * (0.26 - 0.16 * depth)
        )
        canvas.fill([skylines.ground(line, canvas.height)], tone.at(depth), tone.at(min(1, depth + 0.12)))
    ground = skylines.rolling(random, canvas.width, canvas.height * 0.96, 34)
    canvas.fill([skylines.ground(ground, canvas.height)], tone.dark)
    x = canvas.width * random.uniform(0.22, 0.78)
    foot = skylines.height_at(ground, x) + 3
    match random.randrange(3):
        case 0:
            _tent(canvas, tone, x, foot)
        case 1:
            canvas.fill(outlines.round_tree(random, x, foot, random.uniform(120, 170)), tone.dark)
        case _:
            trees = [
                outlines.pine(random, x + random.gauss(0, 150), foot + 6, random.uniform(60, 150)) for _ in range(9)
            ]
            canvas.fill([part for tree in trees for part in tree], tone.dark)


def aurora(canvas: Canvas) -> None:
    """Curtains of light over a frozen shore, seen again in the water."""
    random, tone = canvas.random, mood(canvas.random.choice(("night", "moonlit", "night", "ink")))
    shore = round(canvas.height * random.uniform(0.68, 0.76))
    skies.sky(canvas, tone, shore)
    skies.stars(canvas, 520, shore)
    low, high = random.choice((("5dffb0", "7a5cff"), ("7dffd0", "3fa0ff"), ("9dff8a", "ff6fb5"), ("60f5c8", "b06bff")))
    for curtain in range(random.choice((2, 3))):
        _curtain(canvas, shore, colour(low), colour(high), 0.95 - 0.25 * curtain)
    for depth, rise in ((0.3, 0.24), (0.62, 0.13)):
        line = skylines.ridge(random, canvas.width, shore, shore * rise)
        canvas.fill([skylines.ground(line, shore)], mix(tone.at(depth), colour(low), 0.1), tone.at(depth + 0.1))
        if depth < 0.5:
            canvas.fill(
                skylines.snow(random, line, shore - shore * rise * 0.4), mix(tone.haze, WHITE, 0.35), opacity=0.7
            )
    bank = skylines.rolling(random, canvas.width, shore + 1, 14)
    trees = [outlines.pine(random, random.uniform(0, canvas.width), shore, random.uniform(16, 46)) for _ in range(60)]
    canvas.fill([*(part for tree in trees for part in tree), skylines.ground(bank, shore)], tone.at(0.95))
    if random.random() < 0.6:
        _cabin(canvas, tone, canvas.width * random.uniform(0.2, 0.8), shore - 2)
    water.mirror(canvas, tone, shore, ripple=random.uniform(3, 7), dim=0.25)


def _milky_way(canvas: Canvas, tone: Mood) -> None:
    """A band of bright and dark noise across the sky, turned about its middle, and the stars in it."""
    across = fade(canvas.width, canvas.height, (0, 0, 0.08, 0.4, 1, 0.4, 0.08, 0, 0))
    rift = fade(canvas.width, canvas.height, (0, 0, 0, 0.2, 1, 0.2, 0, 0, 0))
    glow = ImageChops.multiply(canvas.clouds(6, 4, lambda value: 0.35 + (value - 0.35) * 1.9), across)
    dust = ImageChops.multiply(canvas.clouds(8, 5, lambda value: (value - 0.46) * 3.6), rift)
    specks = Image.frombytes("L", (480, 320), canvas.random.randbytes(480 * 320)).point(
        [0] * 244 + [70, 90, 110, 130, 150, 170, 190, 200, 215, 230, 240, 255]
    )
    band = ImageChops.subtract(glow, dust.point([round(value * 0.75) for value in range(256)])).resize((480, 320))
    band = ImageChops.add(band, ImageChops.multiply(specks, band))
    angle = canvas.random.choice((-1, 1)) * canvas.random.uniform(30, 60)
    shift = (round(canvas.random.uniform(-0.12, 0.12) * 480), -24)
    long = band.resize((960, 320), Image.Resampling.NEAREST)
    turned = long.rotate(angle, translate=shift, resample=Image.Resampling.BICUBIC).crop((240, 0, 720, 320))
    turned = turned.resize((canvas.width, canvas.height), Image.Resampling.BICUBIC)
    canvas.veil(turned.point([round(value * 0.5) for value in range(256)]), mix(tone.sky[-1], (206, 190, 255), 0.5))
    canvas.veil(turned.point([round(max(0, value - 105) * 1.05) for value in range(256)]), (255, 232, 214))


def _shooting_star(canvas: Canvas) -> None:
    random = canvas.random
    x, y, long = (
        random.uniform(0.2, 0.8) * canvas.width,
        random.uniform(0.08, 0.3) * canvas.height,
        random.uniform(70, 140),
    )
    for step in range(12):
        share = step / 12
        tail = [
            (x + long * share, y - long * 0.4 * share - 0.9),
            (x + long, y - long * 0.4),
            (x + long * share, y - long * 0.4 * share + 0.9),
        ]
        canvas.fill([[(2 * x - px, py) for px, py in tail]] if long > 105 else [tail], WHITE, opacity=0.1)


def _tent(canvas: Canvas, tone: Mood, x: float, foot: float) -> None:
    warm = colour("ffb45a")
    canvas.glow((x, foot - 20), 130, warm, 0.5)
    canvas.fill(
        [[(x - 56, foot), (x - 4, foot - 54), (x + 58, foot)]],
        mix(warm, WHITE, 0.45),
        warm,
        mix(warm, tone.dark, 0.4),
    )
    canvas.fill([[(x - 4, foot - 54), (x + 58, foot), (x + 20, foot)]], tone.dark, opacity=0.3)
    canvas.fill([[(x - 12, foot), (x - 4, foot - 40), (x + 6, foot)]], tone.dark, opacity=0.55)


def _cabin(canvas: Canvas, tone: Mood, x: float, foot: float) -> None:
    warm, wall = colour("ffc46b"), mix(colour("8c2f2b"), tone.dark, 0.35)
    canvas.fill([[(x - 22, foot), (x - 22, foot - 22), (x, foot - 38), (x + 22, foot - 22), (x + 22, foot)]], wall)
    canvas.fill(
        [
            [
                (x - 27, foot - 20),
                (x, foot - 41),
                (x + 27, foot - 20),
                (x + 27, foot - 24),
                (x, foot - 46),
                (x - 27, foot - 24),
            ]
        ],
        mix(tone.haze, WHITE, 0.6),
    )
    canvas.glow((x + 6, foot - 11), 34, warm, 0.7)
    canvas.fill([outlines.box(x + 1, foot - 6, x + 11, foot - 17)], warm)


def _curtain(canvas: Canvas, shore: int, low: Colour, high: Colour, strength: float) -> None:
    """One fold of light: rays of uneven height along a wandering line; drawn small and stretched, so soft."""
    random, (width, height) = canvas.random, _CURTAIN
    starts = [random.uniform(0, math.tau) for _ in range(5)]
    middle, sway = random.uniform(0.42, 0.7) * height, random.uniform(0.1, 0.2) * height
    body, crown = Image.new("L", _CURTAIN), Image.new("L", _CURTAIN)
    ray, tip = fade(1, 64, (0, 0.25, 0.65, 1, 0.35, 0)), fade(1, 64, (0, 0.55, 0.8, 0.4, 0.05, 0))
    for x in range(width):
        turn = x / width * math.tau
        foot = middle + sway * (math.sin(turn * 0.8 + starts[0]) + 0.5 * math.sin(turn * 2.1 + starts[1]))
        shine = (
            0.55
            + 0.3 * math.sin(turn * 3 + starts[2])
            + 0.15 * math.sin(turn * 17 + starts[3])
            + random.uniform(-0.12, 0.12)
        )
        tall = max(2, round(height * (0.34 + 0.16 * math.sin(turn * 1.7 + starts[4]) + random.uniform(-0.04, 0.04))))
        light = round(255 * max(0.0, min(1.0, shine * strength)))
        for mask, strip in ((body, ray), (crown, tip)):
            mask.paste(light, (x, round(foot) - tall), strip.resize((1, tall)))
    for mask, tint in ((body, low), (crown, high)):
        soft = mask.filter(ImageFilter.GaussianBlur(1.3)).resize((canvas.width, shore), Image.Resampling.BICUBIC)
        canvas.veil(soft, tint)
