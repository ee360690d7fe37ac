"""Outlines of the ground: ridges, hills, dunes, and where snow and shade lie on them.

A skyline runs from left to right; points only, the canvas fills them.
"""

import math
from itertools import pairwise
from random import Random

from webapp.seeding.drawing.canvas import Line, Point


def ridge(random: Random, width: int, base: float, height: float, *, rough: float = 0.55, peaks: int = 3) -> Line:
    """A jagged skyline by midpoint displacement, left to right, standing `height` above `base` at most."""
    start = random.randrange(2)
    heights = [random.uniform(0.6, 1) if (at + start) % 2 else random.uniform(0, 0.35) for at in range(2 * peaks)]
    swing = 0.42
    while len(heights) < 260:
        wider = []
        for left, right in pairwise(heights):
            wider += [left, (left + right) / 2 + random.uniform(-swing, swing) * 0.5]
        heights = [*wider, heights[-1]]
        swing *= rough
    low, high = min(heights), max(heights)
    step = width / (len(heights) - 1)
    return [(at * step, base - height * (value - low) / (high - low)) for at, value in enumerate(heights)]


def rolling(random: Random, width: int, base: float, height: float, *, waves: float = 1.5) -> Line:
    """A soft skyline of a few overlapping sines."""
    parts = [
        (waves * factor * random.uniform(0.8, 1.25), random.uniform(0, math.tau), 1 / factor**1.3)
        for factor in (1, 2.1, 3.7)
    ]
    total = sum(size for _, _, size in parts)
    line = []
    for x in range(0, width + 8, 8):
        rise = sum(size * math.sin(turns * math.tau * x / width + start) for turns, start, size in parts) / total
        line.append((float(x), base - height * (0.5 + 0.5 * rise)))
    return line


def ground(line: Line, bottom: float) -> Line:
    """The area between a skyline and `bottom`."""
    return [*line, (line[-1][0], bottom), (line[0][0], bottom)]


def height_at(line: Line, x: float) -> float:
    """The y of a skyline at `x`, both evenly spaced."""
    step = line[1][0] - line[0][0]
    place = min(max((x - line[0][0]) / step, 0), len(line) - 1.001)
    left = int(place)
    return line[left][1] + (line[left + 1][1] - line[left][1]) * (place - left)


def shaded_flanks(random: Random, line: Line, *, sun_on_left: bool) -> list[Line]:
    """The sides of a ridge that turn away from the sun: below each summit, down to a broken edge across its face."""
    points = line if sun_on_left else line[::-1]
    flanks, at, reach = [], 0, 9
    while at < len(points) - 1:
        if points[at][1] > min(y for _, y in points[max(0, at - reach) : at + reach + 1]):
            at += 1
            continue
        end = at + 1
        while end < len(points) - 1 and points[end + 1][1] >= points[end][1] - 1.5:
            end += 1
        fall = points[end][1] - points[at][1]
        if fall > 6:
            flanks.append([*points[at : end + 1], *_broken_edge(random, points[at], points[end], fall)])
        at = end
    return flanks


def snow(random: Random, line: Line, snow_line: float) -> list[Line]:
    """What of a ridge lies above `snow_line`, reaching down in tongues."""
    caps: list[Line] = []
    cap: Line = []
    for x, y in [*line, (line[-1][0], math.inf)]:
        if y < snow_line:
            cap.append((x, y))
            continue
        if len(cap) > 8:
            tongues, at = [], random.randrange(2, 6)
            while at < len(cap):
                px, py = cap[at]
                tongues.append(
                    (px, py + (snow_line - py) * random.choice((0.25, 0.45, 0.6, 0.95)) * random.uniform(0.8, 1))
                )
                at += random.randrange(3, 9)
            caps.append([*cap, *tongues[::-1]])
        cap = []
    return caps


def dune(random: Random, summit: Point, left: float, right: float, foot: float) -> tuple[Line, Line, Line]:
    """A dune from `left` to `right`: its whole outline, and what lies on either side of its winding crest."""

    def slope(end: float, sag: float) -> Line:
        shares = [step / 12 for step in range(13)]
        return [
            (summit[0] + (end - summit[0]) * share, summit[1] + (foot - summit[1]) * (share**sag)) for share in shares
        ]

    down_left, down_right = slope(left, random.uniform(0.75, 1.0)), slope(right, random.uniform(0.75, 1.0))
    width, lean = (right - left) * random.uniform(0.04, 0.09), (right - left) * random.uniform(-0.14, 0.14)
    crest = []
    for step in range(1, 19):
        share = step / 18
        bend = width * math.sin(share * math.tau * 0.8) * (0.4 + share)
        crest.append((summit[0] + bend + lean * share, summit[1] + (foot - summit[1]) * share**1.15))
    return [*down_left[::-1], *down_right[1:]], [*down_left[::-1], *crest], [*down_right[::-1], *crest]


def _broken_edge(random: Random, summit: Point, end: Point, fall: float) -> Line:
    """From under the end of a flank back up to the summit, wandering across the face of the mountain."""
    corner = (summit[0] + (end[0] - summit[0]) * random.uniform(0.2, 0.5), summit[1] + fall * random.uniform(1.0, 1.3))
    points = [corner]
    for step in range(1, 5):
        share = step / 5
        sway = fall * random.uniform(0.03, 0.12) * (1 if step % 2 else -1)
        points.append((corner[0] + (summit[0] - corner[0]) * share + sway, corner[1] + (summit[1] - corner[1]) * share))
    return points
