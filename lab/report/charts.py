"""Charts, drawn once and written twice: as SVG within the page, as PNG beside it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from types import MappingProxyType
from typing import Final

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator

from lab.compare.estimates import Estimate
from lab.compare.results import Moment
from lab.drawing import COLOURS, INK, as_png, as_svg, styled_figure

DASHES: Final = ("-", "--", "-.")  # lines that lie on one another are both seen
WIDTH_INCHES: Final = 8.0
NOTICED_SHARE: Final = 0.005  # a part that is smaller than this everywhere is not drawn


@dataclass(frozen=True)
class Chart:
    """`name` for its file, `title` the question it answers, `note` how to read it, `svg` the drawing."""

    name: str
    title: str
    note: str
    svg: str
    png: bytes


@dataclass(frozen=True)
class Labels:
    """What is told of a chart beside its drawing."""

    name: str
    title: str
    note: str


def stacked(
    labels: Labels, rows: Mapping[str, Mapping[str, float]], totals: Mapping[str, Estimate], unit: str
) -> Chart:
    """One bar for each row, in parts; the interval of the whole is drawn at its end."""

    def draw(axes: Axes) -> None:
        names = list(rows)
        left = [0.0] * len(names)
        most = max(sum(row.values()) for row in rows.values())
        found = dict.fromkeys(part for row in rows.values() for part in row)
        parts = [part for part in found if any(row.get(part, 0.0) >= NOTICED_SHARE * most for row in rows.values())]
        for colour, part in zip(COLOURS, parts, strict=False):
            values = [rows[name].get(part, 0.0) for name in names]
            axes.barh(names, values, left=left, color=colour, label=part, height=0.6)
            left = [so_far + value for so_far, value in zip(left, values, strict=True)]
        for row, name in enumerate(names):
            whole = totals[name]
            axes.plot([whole.low, whole.high], [row, row], color=INK, linewidth=1.5, marker="|", markersize=9)
            axes.annotate(
                f"{whole.median:.2f}",
                (max(whole.high, left[row]), row),
                (8, 0),
                textcoords="offset points",
                va="center",
            )
        axes.invert_yaxis()
        axes.set_xlabel(unit)
        axes.margins(x=0.12)
        axes.grid(axis="y", visible=False)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=len(parts))

    return _chart(labels, draw, height_inches=1.3 + 0.55 * len(rows))


def bars(labels: Labels, rows: Mapping[str, Estimate], unit: str) -> Chart:
    """One bar for each row, with its interval."""

    def draw(axes: Axes) -> None:
        names = list(rows)
        axes.barh(names, [rows[name].median for name in names], color=COLOURS[0], height=0.55)
        for row, name in enumerate(names):
            found = rows[name]
            axes.plot([found.low, found.high], [row, row], color=INK, linewidth=1.5, marker="|", markersize=9)
            axes.annotate(f"{found.median:.2f}", (found.high, row), (8, 0), textcoords="offset points", va="center")
        axes.invert_yaxis()
        axes.set_xlabel(unit)
        axes.margins(x=0.12)
        axes.grid(axis="y", visible=False)

    return _chart(labels, draw, height_inches=1.1 + 0.45 * len(rows))


def percentiles(labels: Labels, rows: Mapping[str, Mapping[float, float]]) -> Chart:
    """How long answers took: a line for each row, by the share of answers that took no longer, in nines."""

    def draw(axes: Axes) -> None:
        for colour, (name, found) in zip(COLOURS, rows.items(), strict=False):
            shares = [percent for percent in found if percent < 100]
            axes.plot(
                [1 / (1 - percent / 100) for percent in shares],
                [found[percent] for percent in shares],
                color=colour,
                marker="o",
                label=name,
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        shares = sorted({percent for found in rows.values() for percent in found if percent < 100})
        axes.set_xticks([1 / (1 - percent / 100) for percent in shares], [f"{percent:g} %" for percent in shares])
        axes.minorticks_off()
        axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlabel("share of answers")
        axes.set_ylabel("ms")
        axes.legend()

    return _chart(labels, draw, height_inches=4.0)


def lines(
    labels: Labels,
    rows: Mapping[str, Mapping[float, float]],
    across: str,
    unit: str,
    *,
    by_size: bool = False,
    marks: Mapping[float, str] = MappingProxyType({}),
) -> Chart:
    """One figure over another: a line for each row; `marks` name places of the other one.

    `by_size`: the other one is a size, told where there is a figure for it, each step as wide as it is many times the
    one before.
    """

    def draw(axes: Axes) -> None:
        marker = "o" if by_size else ""
        for colour, dashes, (name, found) in zip(COLOURS, cycle(DASHES), rows.items(), strict=False):
            axes.plot(list(found), list(found.values()), color=colour, linestyle=dashes, marker=marker, label=name)
        if by_size:
            sizes = sorted({size for found in rows.values() for size in found})
            axes.set_xscale("log")
            axes.set_xticks(sizes, [f"{size:,.0f}" for size in sizes])
            axes.minorticks_off()
        for place, name in marks.items():
            axes.axvline(place, color=INK, linewidth=1, linestyle=":")
            axes.annotate(name, (place, 0), (3, 6), textcoords="offset points", rotation=90, fontsize=8)
        axes.set_ylim(bottom=0)
        axes.set_xlabel(across)
        axes.set_ylabel(unit)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=max(1, len(rows)))

    return _chart(labels, draw, height_inches=3.6)


def over_time(labels: Labels, moments: Sequence[Moment], fault: tuple[float, float], what: str) -> Chart:
    """The share of lookups answered from memory, second by second, with the time of the fault marked."""

    def draw(axes: Axes) -> None:
        told = [each for each in moments if each.hot_rate is not None]
        axes.axvspan(*fault, color=COLOURS[1], alpha=0.18, label=what)
        axes.plot([each.at for each in told], [100 * (each.hot_rate or 0) for each in told], color=COLOURS[0])
        failed = [each.at for each in moments if each.failed]
        if failed:
            axes.plot(failed, [0] * len(failed), color=COLOURS[1], marker="x", linestyle="", label="requests failed")
        axes.set_ylim(0, 105)
        axes.set_xlabel("seconds")
        axes.set_ylabel("% answered from memory")
        axes.legend(loc="lower right")

    return _chart(labels, draw, height_inches=3.2)


@dataclass(frozen=True)
class Span:
    """From when to when a fault lasted, and what is written above it."""

    began: float
    ended: float
    mark: str


def over_faults(  # told by one caller
    labels: Labels,
    lines: Mapping[str, Sequence[tuple[float, float]]],
    spans: Sequence[Span],
    crosses: Sequence[float],
    unit: str,
    *,
    logarithmic: bool = False,
) -> Chart:
    """Lines over seconds, with the time of each fault marked, and a cross at the foot for each of `crosses`."""

    def draw(axes: Axes) -> None:
        for span in spans:
            axes.axvspan(span.began, span.ended, color=COLOURS[1], alpha=0.14, linewidth=0)
            middle = (span.began + span.ended) / 2
            axes.text(middle, 1.01, span.mark, transform=axes.get_xaxis_transform(), ha="center", fontsize=8)
        for colour, (name, points) in zip((COLOURS[0], COLOURS[2]), lines.items(), strict=False):
            axes.plot([at for at, _ in points], [value for _, value in points], color=colour, linewidth=1.3, label=name)
        if crosses:
            [drawn] = axes.plot(crosses, [0.02] * len(crosses), "x", color=COLOURS[1], markersize=5, label="failed")
            drawn.set(transform=axes.get_xaxis_transform(), clip_on=False)
        if logarithmic:
            axes.set_yscale("log")
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        else:
            axes.set_ylim(0, 105)
        axes.margins(x=0.01)
        axes.set_xlabel("seconds")
        axes.set_ylabel(unit)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)

    return _chart(labels, draw, height_inches=3.4)


def write_pngs(charts: Sequence[Chart], folder: Path) -> None:
    """Each as `<name>.png`."""
    for chart in charts:
        (folder / f"{chart.name}.png").write_bytes(chart.png)


def _chart(labels: Labels, draw: Callable[[Axes], None], *, height_inches: float) -> Chart:
    with styled_figure(WIDTH_INCHES, height_inches) as figure:
        draw(figure.add_subplot())
        return Chart(labels.name, labels.title, labels.note, as_svg(figure), as_png(figure))
