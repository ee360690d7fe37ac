"""Panels over time: lines, areas, bars and stacks."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from dashboards.drawing.evaluating import Answered, Mark, Series
from dashboards.drawing.intervals import Span
from dashboards.drawing.look import colour
from dashboards.drawing.timeline import draw_marks, time_axis
from dashboards.drawing.units import size_of
from dashboards.drawing.wording import shortened
from lab.drawing import COLOURS

MOST_LINES: Final = 24
MOST_NAMED: Final = 12
MOST_ROWS: Final = 3  # of a legend; more would leave no room for the lines
PALETTE: Final = (*COLOURS, "#4f8fb8", "#d97b6c", "#b58a2a", "#9cc29a", "#b49ac7", "#3f4a5c")
SMALL_POINTS: Final = 7.5
AXIS_INCHES: Final = 0.7  # left of the values
_CHARACTER_INCHES: Final = 0.068  # of a legend


def draw_lines(figure: Figure, answered: Answered, span: Span, marks: Sequence[Mark]) -> None:
    """Every series over the time shown, and how it is called."""
    width = float(figure.get_figwidth())
    axes = figure.add_subplot()
    there = [one for one in answered.series if one.numbers and not _is_hidden(one)]
    shown = there[:MOST_LINES]
    colours = [series.look.colour or PALETTE[place % len(PALETTE)] for place, series in enumerate(shown)]
    if any(_stacks(series) for series in shown):
        _draw_stack(axes, shown, colours)
    else:
        for series, hue in zip(shown, colours, strict=True):
            _draw_line(axes, series, hue)
    _values(axes, shown)
    _thresholds(axes, shown)
    time_axis(axes, span, width - AXIS_INCHES)
    draw_marks(axes, marks, span, width - AXIS_INCHES)
    axes.tick_params(labelsize=SMALL_POINTS, length=2)
    _legend(figure, axes, answered, there)


def with_gaps(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """Times and values, with a hole wherever values are missing."""
    times, values = np.asarray(series.times), np.asarray(series.values)
    values = np.where(np.isinf(values), np.nan, values)
    if len(times) < 3 or series.look.custom.get("spanNulls") is True:
        return times, values
    apart = np.diff(times)
    holes = np.flatnonzero(apart > 1.5 * apart.min()) + 1
    return np.insert(times, holes, times[holes - 1]), np.insert(values, holes, np.nan)


def _draw_line(axes: Axes, series: Series, hue: str) -> None:
    custom = series.look.custom
    times, values = with_gaps(series)
    opacity = float(custom.get("fillOpacity", 0)) / 100
    if custom.get("drawStyle") == "bars":
        apart = float(np.diff(series.times).min()) if len(series.times) > 1 else 1.0
        axes.bar(times, values, width=apart * 0.8, color=hue, alpha=max(opacity, 0.6), label=series.name)
        return
    lone = np.isfinite(values).sum() == 1 or custom.get("drawStyle") == "points"
    axes.plot(
        times,
        values,
        color=hue,
        linewidth=min(2.0, float(custom.get("lineWidth", 1.4)) or 1.4),
        linestyle="--" if custom.get("lineStyle", {}).get("fill") == "dash" else "-",
        marker="o" if lone else None,
        markersize=2.5,
        label=series.name,
        solid_joinstyle="round",
    )
    if opacity:
        axes.fill_between(times, values, color=hue, alpha=opacity * 0.5, linewidth=0)


def _draw_stack(axes: Axes, shown: Sequence[Series], colours: Sequence[str]) -> None:
    times = np.unique(np.concatenate([np.asarray(series.times) for series in shown]))
    layers = []
    for series in shown:
        layer = np.zeros(len(times))
        layer[np.searchsorted(times, series.times)] = np.nan_to_num(np.asarray(series.values), posinf=0, neginf=0)
        layers.append(layer)
    if shown[0].look.custom["stacking"]["mode"] == "percent":
        whole = np.sum(layers, axis=0)
        layers = [np.divide(layer, whole, out=np.zeros_like(layer), where=whole > 0) for layer in layers]
    polygons = axes.stackplot(times, layers, colors=list(colours), alpha=0.75, linewidth=0)
    for polygon, series in zip(polygons, shown, strict=True):
        polygon.set_label(series.name)


def _values(axes: Axes, shown: Sequence[Series]) -> None:
    """The axis of values, in the unit of the first series."""
    if not shown:
        return
    look = shown[0].look
    if look.custom.get("scaleDistribution", {}).get("type") == "log":
        axes.set_yscale("log")
    else:
        low, high = axes.get_ylim()
        axes.set_ylim(
            look.low if look.low is not None else low,
            max(look.high, low + 1e-9) if look.high is not None else _roomy(shown, look.low or 0.0, high),
        )
        low, high = axes.get_ylim()
        size = size_of(high, look.unit)
        ticks = MaxNLocator(nbins=4, steps=[1, 2, 2.5, 5, 10]).tick_values(low / size, high / size)
        axes.set_yticks([tick * size for tick in ticks if low <= tick * size <= high])
    axes.yaxis.set_major_formatter(lambda value, _: look.told(value) if not look.mappings else f"{value:g}")
    if label := look.custom.get("axisLabel"):
        axes.set_ylabel(label, fontsize=SMALL_POINTS)


def _roomy(shown: Sequence[Series], low: float, high: float) -> float:
    """A little above the highest value; one above the lowest where nothing is above it."""
    if all(value <= low for series in shown for value in series.numbers):
        return low + 1
    return high + 0.02 * (high - low)


def _thresholds(axes: Axes, shown: Sequence[Series]) -> None:
    for series in shown[:1]:
        style = series.look.custom.get("thresholdsStyle", {}).get("mode", "off")
        if style == "off":
            return
        low, high = axes.get_ylim()
        for step in series.look.steps:
            if step.value is not None and low <= step.value <= high:
                axes.axhline(step.value, color=colour(step.color), linewidth=1, linestyle=(0, (5, 2)), zorder=1.4)


def _legend(figure: Figure, axes: Axes, answered: Answered, there: Sequence[Series]) -> None:
    options: dict[str, Any] = answered.panel.options.get("legend", {})
    width = float(figure.get_figwidth())
    if not there or options.get("showLegend") is False:
        return
    calcs = options.get("calcs") or []
    handles, names = axes.get_legend_handles_labels()
    if not names:  # matplotlib leaves out those without a name, and those that begin with an underscore
        return
    if calcs:
        told = {series.name: series.look.told(series.reduced(calcs[0])) for series in there}
        names = [f"{name}  {told.get(name, '')}" for name in names]
    room = max(8, int((width - 0.6) / _CHARACTER_INCHES))
    handles, names = handles[:MOST_NAMED], [shortened(name, room) for name in names[:MOST_NAMED]]
    longest = max(map(len, names))
    columns = max(1, min(len(names), int((width - 0.2) / (longest * _CHARACTER_INCHES + 0.4))))
    handles, names = handles[: columns * MOST_ROWS], names[: columns * MOST_ROWS]
    rows = math.ceil(len(names) / columns)
    if len(there) > len(names):
        names[-1] += f" … and {len(there) - len(names)} more"
    figure.legend(
        handles,
        names,
        loc="outside lower left",
        ncols=math.ceil(len(names) / rows),
        fontsize=SMALL_POINTS,
        handlelength=1.2,
        handletextpad=0.5,
        columnspacing=1.2,
        labelspacing=0.25,
        borderpad=0.1,
    )


def _stacks(series: Series) -> bool:
    return series.look.custom.get("stacking", {}).get("mode", "none") in ("normal", "percent")


def _is_hidden(series: Series) -> bool:
    return bool(series.look.custom.get("hideFrom", {}).get("viz"))
