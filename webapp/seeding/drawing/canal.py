"""A canal and its narrow houses."""

from PIL import ImageDraw

from webapp.seeding.drawing import outlines, skies, water
from webapp.seeding.drawing.blocks import LAMPS, blocks
from webapp.seeding.drawing.canvas import Canvas, Line
from webapp.seeding.drawing.colours import WHITE, Colour, Mood, colour, mix, mood

_FACADES = (
    "b5533c", "d98e5f", "e8c27a", "7f9c96", "4f6d7a", "a8576b",
    "c7b299", "6b8f71", "d9a5a0", "8a5a44", "f0dfc0", "5b6c9a",
)  # fmt: skip


def canal(canvas: Canvas) -> None:
    """Gabled houses, shoulder to shoulder, seen in the water."""
    random, name = (
        canvas.random,
        canvas.random.choice(("mint", "spring", "peach", "rose", "day", "gold", "violet", "silver")),
    )
    tone = mood(name)
    shore = round(canvas.height * random.uniform(0.64, 0.7))
    skies.sky(canvas, tone, shore)
    skies.clouds(canvas, tone, shore, random.uniform(0.3, 1))
    if random.random() < 0.6:
        skies.sun(
            canvas, tone, (canvas.width * random.uniform(0.1, 0.9), shore * 0.2), random.uniform(18, 28), haze=0.4
        )
    blocks(canvas, tone, shore, shore * 0.5, 0.1, lit=0.0)
    x, evening = -random.uniform(0, 50), name in {"rose", "gold", "violet"}
    palette = random.sample(_FACADES, 6)
    last: Colour | None = None
    while x < canvas.width:
        width = random.uniform(66, 112)
        wall = colour(random.choice([code for code in palette if colour(code) != last]))
        last = wall
        _house(canvas, tone, (x, shore - 8), (width, shore * random.uniform(0.5, 0.72)), wall, evening=evening)
        x += width
    quay = mix(colour("6f6a66"), tone.dark, 0.35)
    canvas.fill(
        [outlines.box(0, shore - 10, canvas.width, shore)],
        mix(quay, WHITE, 0.25),
        quay,
    )
    for _ in range(random.randrange(2, 6)):
        tree = outlines.round_tree(random, random.uniform(30, canvas.width - 30), shore - 8, random.uniform(80, 120))
        canvas.fill(tree, mix(mix(colour("4f7a4a"), tone.dark, 0.3), tone.haze, 0.15))
    water.mirror(canvas, tone, shore, ripple=random.uniform(4, 9), dim=0.3)
    for _ in range(random.randrange(1, 3)):
        _barge(canvas, tone, random.uniform(0.1, 0.8) * canvas.width, shore + random.uniform(50, 120))


def _house(
    canvas: Canvas, tone: Mood, foot: tuple[float, float], size: tuple[float, float], wall: Colour, *, evening: bool
) -> None:
    random = canvas.random
    (x, ground), (width, height) = foot, size
    wall = mix(wall, tone.haze, 0.12)
    trim, eaves = mix((250, 244, 232), tone.haze, 0.15), ground - height * 0.8
    gable = _gable(random.randrange(4), x, eaves, width, height * 0.2)
    canvas.fill(
        [[(x, ground), (x, eaves), *gable, (x + width, eaves), (x + width, ground)]],
        mix(wall, WHITE, 0.1),
        wall,
        mix(wall, tone.dark, 0.12),
    )
    canvas.fill([[(px, py - 3) for px, py in gable] + [(px, py + 2) for px, py in reversed(gable)]], trim)
    canvas.fill(
        [[(x + width - 3, ground), (x + width - 3, eaves), (x + width, eaves), (x + width, ground)]],
        tone.dark,
        opacity=0.22,
    )
    glass = mix(mix(colour("3b4a57"), tone.sky[0], 0.3), tone.dark, 0.25)
    pen = ImageDraw.Draw(canvas.image)
    columns, rows = (2 if width < 84 else 3), round(height * 0.8 / 58)
    pane, storey = width / columns * 0.52, height * 0.8 / rows
    for row in range(rows):
        for at in range(columns):
            left, top = x + width / columns * (at + 0.5) - pane / 2, eaves + 8 + row * storey
            tall = storey * 0.62
            if row == rows - 1 and at == columns - 1:
                pen.rectangle((left, top, left + pane, ground), fill=mix(wall, tone.dark, 0.6), outline=trim)
                continue
            light = random.choice(LAMPS[:3]) if random.random() < (0.4 if evening else 0.06) else glass
            pen.rectangle((left - 2, top - 2, left + pane + 2, top + tall + 2), fill=trim)
            pen.rectangle((left, top, left + pane, top + tall), fill=light)
            pen.line((left + pane / 2, top, left + pane / 2, top + tall), fill=trim)
            pen.line((left, top + tall * 0.45, left + pane, top + tall * 0.45), fill=trim)
    canvas.fill([outlines.circle((x + width / 2, eaves - height * 0.06), width * 0.07)], trim)
    canvas.fill([outlines.circle((x + width / 2, eaves - height * 0.06), width * 0.045)], glass)


def _gable(kind: int, x: float, eaves: float, width: float, height: float) -> Line:
    """Step, pointed, bell or neck gable, from the left eaves to the right."""
    shapes = (
        ((0, 0), (0, 0.25), (0.14, 0.25), (0.14, 0.5), (0.28, 0.5), (0.28, 0.76), (0.41, 0.76), (0.41, 1)),
        ((0, 0), (0.02, 0.1), (0.5, 1)),
        ((0, 0), (0.1, 0.08), (0.2, 0.3), (0.26, 0.62), (0.34, 0.84), (0.44, 0.95)),
        ((0, 0), (0.06, 0.12), (0.22, 0.16), (0.24, 0.8), (0.3, 0.82), (0.5, 1.08)),
    )
    left = [(x + width * share, eaves - height * rise) for share, rise in shapes[kind]]
    return left + [(2 * x + width - px, py) for px, py in reversed(left)]


def _barge(canvas: Canvas, tone: Mood, x: float, y: float) -> None:
    random, long = canvas.random, canvas.random.uniform(90, 140)
    hull = mix(colour(random.choice(("2f4858", "7a2e2e", "2e5a44", "3b3355"))), tone.dark, 0.3)
    cabin = mix(colour(random.choice(("f0e3c8", "c9d6d2", "e8b86d"))), tone.haze, 0.15)
    canvas.fill(
        [[(x, y + 16), (x + long, y + 16), (x + long * 0.93, y + 25), (x + long * 0.06, y + 25)]],
        tone.dark,
        opacity=0.3,
    )
    canvas.fill(
        [[(x - 6, y - 3), (x + long + 8, y - 5), (x + long * 0.94, y + 16), (x + long * 0.05, y + 16)]],
        mix(hull, WHITE, 0.15),
        hull,
    )
    canvas.fill(
        [[(x + long * 0.2, y - 3), (x + long * 0.22, y - 20), (x + long * 0.7, y - 20), (x + long * 0.72, y - 3)]],
        cabin,
    )
    canvas.fill(
        [
            [
                (x + long * share, y - 8),
                (x + long * share, y - 15),
                (x + long * share + 9, y - 15),
                (x + long * share + 9, y - 8),
            ]
            for share in (0.27, 0.4, 0.53)
        ],
        hull,
    )
