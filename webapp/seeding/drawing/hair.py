"""Hair and hats, in two passes: what hangs behind the head, and what lies on it."""

import math

from webapp.seeding.drawing.canvas import Canvas, Line
from webapp.seeding.drawing.colours import WHITE, Colour, mix
from webapp.seeding.drawing.faces import FACE, Look, arc
from webapp.seeding.drawing.outlines import box, circle

STYLES = ("short", "short", "long", "waves", "bun", "curls", "bob", "fringe", "cap", "beanie")

_NIGHT: Colour = (20, 20, 40)


def hair_behind(canvas: Canvas, look: Look) -> None:
    """Lengths, buns and clouds of curls."""
    x, y = FACE
    shade = mix(look.hair, (10, 8, 20), 0.18)
    match look.style:
        case "long" | "waves":
            side, sway = look.width + 15, 7 if look.style == "waves" else 2
            right = [(x + side + sway * math.sin(step * 0.9), y - 18 + step * 9.5) for step in range(13)]
            left = [(2 * x - px, py) for px, py in reversed(right)]
            canvas.fill([[*_dome(y - 18, side, look.height * 0.86), *right, *left]], shade)
        case "bob" | "fringe":
            side = look.width + 14
            ends = [(side + 3, 42), (side - 22, 52), (22 - side, 52), (-side - 3, 42)]
            canvas.fill([[*_dome(y - 12, side, look.height * 0.92), *((x + dx, y + dy) for dx, dy in ends)]], shade)
        case "bun":
            canvas.fill([circle((x, y - look.height - 22), 25)], shade)
        case "curls":
            turns = [math.pi * (step / 8 * 1.5 - 0.25) for step in range(9)]
            canvas.fill([circle((x + 66 * math.cos(turn), y - 18 - 62 * math.sin(turn)), 27) for turn in turns], shade)


def hair_before(canvas: Canvas, look: Look) -> None:
    """What frames the face from above."""
    x, y = FACE
    light, wide = mix(look.hair, WHITE, 0.14), look.width
    crown = _dome(y - 14, wide + 5, look.height * 0.9)
    match look.style:
        case "cap" | "beanie":
            _hat(canvas, look)
        case "fringe":
            teeth = [(wide * share, -19 + 5 * (step % 2)) for step, share in enumerate((0.6, 0.3, 0, -0.3, -0.6))]
            edge = [(wide + 5, 8), (wide - 6, -16), *teeth, (6 - wide, -16), (-wide - 5, 8)]
            canvas.fill([[*crown, *((x + dx, y + dy) for dx, dy in edge)]], light, look.hair)
        case "curls":
            turns = [math.pi * step / 7 for step in range(8)]
            masses = [circle((x + 50 * math.cos(turn), y - 26 - 36 * math.sin(turn)), 19) for turn in turns]
            canvas.fill([*masses, [*crown, (x + wide - 4, y - 30), (x - wide + 4, y - 30)]], light, look.hair)
        case _:
            part, low = canvas.random.uniform(-0.5, 0.5) * wide, 10 if look.style == "short" else 4
            sweep = [(part + 22, -30), (part, -37), (part - 22, -29)]
            edge = [(wide + 5, low), (wide - 5, -14), *sweep, (5 - wide, -12), (-wide - 5, low)]
            canvas.fill([[*crown, *((x + dx, y + dy) for dx, dy in edge)]], light, look.hair)


def _hat(canvas: Canvas, look: Look) -> None:
    (x, y), wide, cloth = FACE, look.width + 7, look.cloth
    brim = [(x + wide, y - 22), (x - wide, y - 22)]
    if look.style == "cap":
        canvas.fill([[*_dome(y - 24, wide, look.height * 0.78), *brim]], mix(cloth, WHITE, 0.2), cloth)
        way = canvas.random.choice((-1, 1))
        visor = [(13 - wide, -30), (wide + 27, -25), (wide + 23, -17), (9 - wide, -19)]
        canvas.fill([[(x + way * dx, y + dy) for dx, dy in visor]], mix(cloth, _NIGHT, 0.25))
        return
    bobble = circle((x, y - 26 - look.height * 0.9), 12)
    canvas.fill([[*_dome(y - 26, wide, look.height * 0.86), *brim], bobble], mix(cloth, WHITE, 0.22), cloth)
    rim = box(x - wide - 2, y - 36, x + wide + 2, y - 18)
    canvas.fill([rim], mix(cloth, WHITE, 0.35))


def _dome(foot: float, radius: float, height: float) -> Line:
    """The upper half of an ellipse, from left to right."""
    return arc((FACE[0], foot), radius, math.pi, 0, height=-height)
