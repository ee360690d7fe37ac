"""The axis of time, and what happened on it: one for all panels of a dashboard."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Final

from matplotlib.axes import Axes

from dashboards.drawing.evaluating import Mark
from dashboards.drawing.intervals import Span
from dashboards.drawing.look import colour
from dashboards.drawing.wording import shortened

LETTER_POINTS: Final = 6.5
LETTERED_FROM_INCHES: Final = 3.0  # in a narrower panel marks have no room for their letters
MOST_CHARACTERS: Final = 40
MOST_TOLD: Final = 3
TOGETHER: Final = 0.018  # of the time that is shown
RED: Final = colour("red")
_TICK_INCHES: Final = 0.62
_STEPS: Final = (1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 604_800)


@dataclass(frozen=True)
class Happening:
    """What is told of one or several marks: beside its letter in words, at its time on every panel by its letter."""

    letter: str
    start: float
    text: str
    colour: str


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
    ticks_of = {each: span.seconds / each * (_TICK_INCHES if each >= 60 else 1.5 * _TICK_INCHES) for each in _STEPS}
    step = next((each for each, inches in ticks_of.items() if inches <= width_inches), _STEPS[-1])
    offset = datetime.datetime.fromtimestamp(span.start, datetime.UTC).astimezone().utcoffset()
    shift = offset.total_seconds() if offset else 0.0
    first = -(-(span.start + shift) // step) * step - shift
    ticks = [first + step * number for number in range(int((span.end - first) / step) + 1)]
    form = "%H:%M:%S" if step < 60 else "%H:%M" if span.seconds <= 86_400 else "%-d %b %H:%M"
    axes.set_xlim(span.start, span.end)
    axes.set_xticks(ticks, [clock(tick, form) for tick in ticks])


def draw_marks(axes: Axes, marks: Sequence[Mark], span: Span, width_inches: float) -> None:
    """A vertical line where something happened, a band where it lasted; with its letter, if there is room."""
    for mark in marks:
        if mark.end > mark.start:
            axes.axvspan(mark.start, mark.end, color=mark.colour, alpha=0.08, linewidth=0, zorder=0.5)
        axes.axvline(mark.start, color=mark.colour, linewidth=0.7, linestyle=(0, (3, 2)), zorder=1.5)
    if width_inches < LETTERED_FROM_INCHES:
        return
    for news in happenings(marks, span):
        axes.annotate(
            news.letter,
            (news.start, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 1.5),
            textcoords="offset points",
            ha="center",
            fontsize=LETTER_POINTS,
            fontweight="bold",
            color=news.colour,
            annotation_clip=False,
        )


def happenings(marks: Sequence[Mark], span: Span) -> list[Happening]:
    """Marks that are too near to each other to be told apart are one; what came after the last letter has none."""
    groups: list[list[Mark]] = []
    for mark in marks:
        if groups and mark.start - groups[-1][0].start < TOGETHER * span.seconds:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return [_happening(letter, group) for letter, group in zip(ascii_uppercase, groups, strict=False)]


def _happening(letter: str, group: Sequence[Mark]) -> Happening:
    titles = list(dict.fromkeys(mark.title for mark in group))
    more = f" and {len(titles) - MOST_TOLD} more" if len(titles) > MOST_TOLD else ""
    # Of several the bad news gives the colour.
    colours = [mark.colour for mark in group]
    text = ", ".join(shortened(title, MOST_CHARACTERS) for title in titles[:MOST_TOLD]) + more
    return Happening(letter, group[0].start, text, max(colours, key=lambda hue: (hue == RED, colours.count(hue))))
