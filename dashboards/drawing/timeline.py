"""The axis of time, and what happened on it: one for all panels of a dashboard."""

import datetime
from collections.abc import Sequence
from typing import Final

from matplotlib.axes import Axes

from dashboards.drawing.evaluating import Mark
from dashboards.drawing.intervals import Span
from dashboards.drawing.wording import shortened
from lab.drawing import PAPER

LABEL_POINTS: Final = 6.5
MOST_CHARACTERS: Final = 28
NAMED_FROM_INCHES: Final = 3.5  # in a narrower panel marks have no room for their names
_LABEL_INCHES: Final = 0.14  # from one name to the next
_TICK_INCHES: Final = 0.85
_STEPS: Final = (1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800)


def clock(moment: float, form: str = "%H:%M:%S") -> str:
    """In this machine's own time."""
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).astimezone().strftime(form)


def told_span(span: Span) -> str:
    """`29 Nov 2026, 02:10 to 02:25 UTC`."""
    same_day = clock(span.start, "%x") == clock(span.end, "%x")
    end = clock(span.end, "%H:%M %Z" if same_day else "%-d %b %Y, %H:%M %Z")
    return f"{clock(span.start, '%-d %b %Y, %H:%M')} to {end}"


def time_axis(axes: Axes, span: Span, width_inches: float) -> None:
    """From the beginning to the end of the time shown, with hours that people read."""
    most = max(2, int(width_inches / _TICK_INCHES))
    step = next((each for each in _STEPS if span.seconds / each <= most), _STEPS[-1])
    offset = datetime.datetime.fromtimestamp(span.start, datetime.UTC).astimezone().utcoffset()
    shift = offset.total_seconds() if offset else 0.0
    first = -(-(span.start + shift) // step) * step - shift
    ticks = [first + step * number for number in range(int((span.end - first) / step) + 1)]
    form = "%H:%M:%S" if step < 60 else "%H:%M" if span.seconds <= 86_400 else "%-d %b %H:%M"
    axes.set_xlim(span.start, span.end)
    axes.set_xticks(ticks, [clock(tick, form) for tick in ticks])


def draw_marks(axes: Axes, marks: Sequence[Mark], span: Span, width_inches: float) -> None:
    """A vertical line where something happened, a band where it lasted; with its name, if there is room."""
    for mark in marks:
        if mark.end > mark.start:
            axes.axvspan(mark.start, mark.end, color=mark.colour, alpha=0.08, linewidth=0, zorder=0.5)
        axes.axvline(mark.start, color=mark.colour, linewidth=0.9, linestyle=(0, (3, 2)), zorder=1.5)
    if width_inches < NAMED_FROM_INCHES:
        return
    apart = _LABEL_INCHES * span.seconds / width_inches
    for moment, name, colour in _named(marks, apart):
        is_last = moment > span.end - apart
        axes.annotate(
            name,
            (moment, 1),
            xycoords=("data", "axes fraction"),
            xytext=(-2 if is_last else 2, -2),
            textcoords="offset points",
            rotation=90,
            va="top",
            ha="right" if is_last else "left",
            fontsize=LABEL_POINTS,
            color=colour,
            bbox={"facecolor": PAPER, "alpha": 0.75, "linewidth": 0, "pad": 0.6},
            zorder=4,
        )


def _named(marks: Sequence[Mark], apart: float) -> list[tuple[float, str, str]]:
    """Those that are too near to each other to be read share one name."""
    groups: list[list[Mark]] = []
    for mark in marks:
        if groups and mark.start - groups[-1][0].start < apart:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return [(group[0].start, _joined([mark.title for mark in group]), group[0].colour) for group in groups]


def _joined(titles: Sequence[str]) -> str:
    different = list(dict.fromkeys(titles))
    text = ", ".join(different)
    if len(text) > MOST_CHARACTERS and different[1:]:
        text = f"{different[0]} and {len(different) - 1} more"
    return shortened(text, MOST_CHARACTERS)
