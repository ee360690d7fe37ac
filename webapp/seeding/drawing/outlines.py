"""Outlines of things: trees, birds, boats, balloons. Points only; the canvas fills them."""

import math
from random import Random

from webapp.seeding.drawing.canvas import Line, Point


def circle(centre: Point, radius: float, *, squash: float = 1.0) -> Line:
    """A circle, flattened by `squash`."""
    turns = [math.tau * step / 36 for step in range(36)]
    return [(centre[0] + radius * math.cos(turn), centre[1] + radius * squash * math.sin(turn)) for turn in turns]


def box(left: float, low: float, right: float, high: float) -> Line:
    """An upright rectangle."""
    return [(left, low), (right, low), (right, high), (left, high)]


def pine(random: Random, x: float, foot: float, height: float) -> list[Line]:
    """A conifer: overlapping skirts, narrower towards the top, none quite even."""
    tiers = 5
    spread = height * random.uniform(0.17, 0.22)
    parts: list[Line] = [[(x - height * 0.02, foot), (x + height * 0.02, foot), (x, foot - height * 0.5)]]
    for tier in range(tiers):
        low = foot - height * (0.1 + 0.9 * tier / tiers * 0.92)
        half = spread * (1 - tier / tiers * 0.85)
        top = min(low - height * 0.3, foot - height * (0.4 + 0.15 * tier))
        sag = height * 0.025
        parts.append(
            [
                (x, max(top, foot - height)),
                (x + half * random.uniform(0.85, 1.1), low + sag),
                (x + half * 0.4, low - sag * 0.4),
                (x, low + sag * 0.5),
                (x - half * 0.4, low - sag * 0.4),
                (x - half * random.uniform(0.85, 1.1), low + sag),
            ]
        )
    return parts


def round_tree(random: Random, x: float, foot: float, height: float) -> list[Line]:
    """A leafy tree: a trunk that forks, and a crown of many round masses."""
    fork = foot - height * 0.5
    parts: list[Line] = [
        [
            (x - height * 0.035, foot),
            (x + height * 0.035, foot),
            (x + height * 0.015, fork),
            (x - height * 0.015, fork),
        ],
        [
            (x - height * 0.015, fork + height * 0.12),
            (x - height * 0.2, fork - height * 0.12),
            (x + height * 0.015, fork),
        ],
        [
            (x + height * 0.015, fork + height * 0.12),
            (x + height * 0.2, fork - height * 0.12),
            (x - height * 0.015, fork),
        ],
    ]
    for mass in range(9):
        turn = math.pi * (mass / 8) + random.uniform(-0.15, 0.15)
        reach = height * random.uniform(0.16, 0.24) if mass % 2 else height * random.uniform(0.24, 0.3)
        centre = (x + reach * 1.15 * math.cos(turn), fork - height * 0.14 - reach * 0.85 * math.sin(turn))
        parts.append(circle(centre, height * random.uniform(0.11, 0.16)))
    return [*parts, circle((x, fork - height * 0.2), height * 0.24)]


def cypress(x: float, foot: float, height: float) -> Line:
    """A narrow flame."""
    half = height * 0.09
    right = [(x + half * math.sin(math.pi * (step / 8) ** 0.7), foot - height * step / 8) for step in range(9)]
    left = [(2 * x - px, py) for px, py in reversed(right)]
    return right + left


def palm(random: Random, x: float, foot: float, height: float, lean: int) -> list[Line]:
    """A palm that leans over the water: a curved trunk and drooping fronds."""
    bow = height * random.uniform(0.16, 0.34) * lean
    trunk = [(x + bow * (step / 12) ** 2, foot - height * step / 12) for step in range(13)]
    parts: list[Line] = [
        [(px - 6 + step * 0.25, py) for step, (px, py) in enumerate(trunk)]
        + [(px + 6 - step * 0.25, py) for step, (px, py) in reversed(list(enumerate(trunk)))]
    ]
    top = trunk[-1]
    for frond in range(9):
        turn = math.pi * (1.15 - 1.3 * frond / 8) + random.uniform(-0.12, 0.12)
        reach = height * random.uniform(0.34, 0.44)
        spine = []
        for step in range(11):
            share = step / 10
            spine.append(
                (
                    top[0] + reach * share * math.cos(turn),
                    top[1] - reach * share * math.sin(turn) + reach * 0.62 * share**2.2,
                )
            )
        under = [
            (px, py + height * 0.075 * math.sin(math.pi * step / 10) * (0.6 if step % 2 else 1.15))
            for step, (px, py) in enumerate(spine)
        ]
        parts.append([*spine, *under[::-1]])
    return parts


def bird(x: float, y: float, span: float, lift: float) -> Line:
    """Two bent wings, seen from afar."""
    upper = [(-1.0, -lift), (-0.55, -lift * 1.15), (0.0, 0.0), (0.55, -lift * 1.15), (1.0, -lift)]
    lower = [(0.6, -lift * 0.8), (0.0, 0.2), (-0.6, -lift * 0.8)]
    return [(x + px * span / 2, y + py * span / 2) for px, py in upper + lower]


def sailing_boat(x: float, water: float, height: float) -> tuple[list[Line], list[Line]]:
    """Sails, and the hull with its mast."""
    mast = water - height
    sails = [
        [
            (x + height * 0.03, mast),
            (x + height * 0.03, water - height * 0.2),
            (x + height * 0.42, water - height * 0.2),
        ],
        [
            (x - height * 0.03, mast + height * 0.1),
            (x - height * 0.03, water - height * 0.2),
            (x - height * 0.28, water - height * 0.2),
        ],
    ]
    hull = [
        [
            (x - height * 0.38, water - height * 0.14),
            (x + height * 0.45, water - height * 0.14),
            (x + height * 0.3, water),
            (x - height * 0.26, water),
        ],
        [
            (x - height * 0.014, mast),
            (x + height * 0.014, mast),
            (x + height * 0.014, water),
            (x - height * 0.014, water),
        ],
    ]
    return sails, hull


def balloon(x: float, y: float, radius: float) -> tuple[Line, list[Line], list[Line]]:
    """The envelope, its stripes, and the basket with its ropes."""

    def slice_(left: float, right: float) -> Line:
        def edge(share: float) -> Line:
            points = []
            for step in range(21):
                turn = math.pi * step / 20
                half = math.sin(turn) * (1.0 if turn < math.pi / 2 else 0.82 + 0.18 * math.sin(turn))
                fall = -math.cos(turn) * (1.0 if turn < math.pi / 2 else 1.28)
                points.append((x + share * radius * max(half, 0.12 if step == 20 else 0), y + radius * fall))
            return points

        return edge(left) + edge(right)[::-1]

    foot = y + radius * 1.28
    basket = [
        [
            (x - radius * 0.13, foot + radius * 0.3),
            (x + radius * 0.13, foot + radius * 0.3),
            (x + radius * 0.1, foot + radius * 0.52),
            (x - radius * 0.1, foot + radius * 0.52),
        ],
        [
            (x - radius * 0.12, foot),
            (x - radius * 0.09, foot),
            (x - radius * 0.1, foot + radius * 0.3),
            (x - radius * 0.13, foot + radius * 0.3),
        ],
        [
            (x + radius * 0.09, foot),
            (x + radius * 0.12, foot),
            (x + radius * 0.13, foot + radius * 0.3),
            (x + radius * 0.1, foot + radius * 0.3),
        ],
    ]
    return slice_(-1, 1), [slice_(-0.95, -0.6), slice_(-0.2, 0.2), slice_(0.6, 0.95)], basket
