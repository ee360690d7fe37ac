"""Panels of single values: numbers in large, and bars beside each other."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.figure import Figure

from dashboards.drawing.evaluating import Answered, Series
from dashboards.drawing.intervals import Span
from dashboards.drawing.lines import PALETTE, SMALL_POINTS, with_gaps
from dashboards.drawing.wording import LONGEST_NAME, shortened
from lab.drawing import GRID, INK

MOST_NUMBERS: Final = 12
LARGEST_POINTS: Final = 30.0
_EM: Final = 0.68  # the width of a digit in bold, of its height


def draw_numbers(figure: Figure, answered: Answered, span: Span, top: float) -> None:
    """Each value as large as there is room, below `top` (a share of the height), side by side."""
    width, height = float(figure.get_figwidth()), float(figure.get_figheight()) * top
    shown = answered.series[:MOST_NUMBERS]
    how = _calc(answered)
    each = width / max(1, len(shown))
    named = len(shown) > 1 or answered.panel.options.get("textMode") in ("name", "value_and_name")
    if answered.panel.options.get("graphMode") == "area" and len(shown) == 1:
        _spark(figure, shown[0], span, top)
    told = [series.look.told(series.reduced(how)) for series in shown]
    longest = max(len(text) for text in told)
    points = min(LARGEST_POINTS, 72 * (each - 0.25) / (longest * _EM), 72 * height * (0.42 if named else 0.6))
    for place, (series, text) in enumerate(zip(shown, told, strict=True)):
        middle = (place + 0.5) / len(shown)
        figure.text(
            middle,
            top * (0.58 if named else 0.5),
            text,
            fontsize=points,
            fontweight="bold",
            ha="center",
            va="center",
            color=_hue(series, how) or INK,
        )
        if named:
            figure.text(
                middle,
                top * 0.2,
                shortened(series.name, max(8, int(each * 12))),
                fontsize=SMALL_POINTS,
                ha="center",
                va="center",
            )


def draw_bars(figure: Figure, answered: Answered) -> None:
    """A bar for each series, its value behind it."""
    axes = figure.add_subplot()
    how = _calc(answered)
    shown = answered.series[:MOST_NUMBERS]
    values = [series.reduced(how) for series in shown]
    finite = [value for value in values if math.isfinite(value)]
    look = shown[0].look
    highest = max([*finite, look.high or 0.0, 0.0]) or 1.0
    for row, (series, value) in enumerate(zip(shown, values, strict=True)):
        axes.barh(row, highest, color=GRID, alpha=0.45, height=0.62)
        axes.barh(row, value if math.isfinite(value) else 0.0, color=_hue(series, how) or PALETTE[0], height=0.62)
        axes.annotate(
            series.look.told(value),
            (highest, row),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL_POINTS + 1,
            fontweight="bold",
            annotation_clip=False,
        )
    axes.set_yticks(
        range(len(shown)), [shortened(series.name, LONGEST_NAME) for series in shown], fontsize=SMALL_POINTS
    )
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, highest * 1.18)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
    axes.tick_params(length=0)


def _spark(figure: Figure, series: Series, span: Span, top: float) -> None:
    """How it came to this value, pale behind it."""
    times, values = with_gaps(series)
    if not np.isfinite(values).any() or len(times) < 2:
        return
    axes = figure.add_axes((0.0, 0.0, 1.0, top * 0.42))
    axes.set_in_layout(False)
    hue = _hue(series, "lastNotNull") or PALETTE[0]
    axes.fill_between(times, values, color=hue, alpha=0.12, linewidth=0)
    axes.plot(times, values, color=hue, alpha=0.45, linewidth=1)
    axes.set_xlim(span.start, span.end)
    low = min(0.0, float(np.nanmin(values)))
    axes.set_ylim(low, (float(np.nanmax(values)) - low) * 1.1 + low or 1.0)
    axes.axis("off")


def _hue(series: Series, how: str) -> str | None:
    value = series.reduced(how)
    if series.look.colour and not series.look.by_threshold:
        return series.look.colour
    return series.look.colour_of(value)


def _calc(answered: Answered) -> str:
    calcs: Sequence[str] = answered.panel.options.get("reduceOptions", {}).get("calcs") or ("lastNotNull",)
    return calcs[0]
