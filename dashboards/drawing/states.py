"""Panels that say in which state something was: a row for each, a block as long as the state lasted."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from matplotlib.figure import Figure

from dashboards.drawing.evaluating import Answered, Mark, Series
from dashboards.drawing.intervals import Span
from dashboards.drawing.lines import AXIS_INCHES, PALETTE, SMALL_POINTS
from dashboards.drawing.timeline import draw_marks, time_axis
from dashboards.drawing.wording import LONGEST_NAME, shortened
from lab.drawing import PAPER

MOST_ROWS: Final = 16
_CHARACTER_INCHES: Final = 0.065


def draw_states(figure: Figure, answered: Answered, span: Span, marks: Sequence[Mark]) -> None:
    """Equal states behind each other are one block."""
    width = float(figure.get_figwidth()) - AXIS_INCHES
    axes = figure.add_subplot()
    shown = [series for series in answered.series if series.numbers][:MOST_ROWS]
    for row, series in enumerate(shown):
        for start, end, value in blocks(series, span):
            look = series.look
            hue = look.colour_of(value) or look.colour or PALETTE[0]
            axes.broken_barh([(start, end - start)], (row - 0.36, 0.72), facecolor=hue, alpha=0.85, linewidth=0)
            text = look.told(value)
            if (end - start) / span.seconds * width > len(text) * _CHARACTER_INCHES + 0.1:
                middle = (start + end) / 2
                axes.text(middle, row, text, ha="center", va="center", fontsize=6.5, color=PAPER, clip_on=True)
    axes.set_yticks(range(len(shown)), [shortened(series.name, LONGEST_NAME) for series in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    time_axis(axes, span, width)
    draw_marks(axes, marks, span, width)
    axes.tick_params(labelsize=SMALL_POINTS, length=2)


def blocks(series: Series, span: Span) -> Iterator[tuple[float, float, float]]:
    """Beginning, end and value of each; a hole where nothing was known."""
    times, values = series.times, series.values
    if not times:
        return
    apart = min((later - sooner for sooner, later in pairwise(times)), default=span.seconds / 50)
    start, last = times[0], times[0]
    for moment, value, before in zip(times[1:], values[1:], values, strict=False):
        if value != before or moment - last > 1.5 * apart:
            yield start, min(moment, last + apart), before
            start = moment
        last = moment
    yield start, min(last + apart, span.end) if last < span.end else span.end, values[-1]
