"""What a dashboard is made of, as plain data: boards hold rows, rows hold panels, panels hold queries.

Nothing here knows Grafana; `dashboards.grafana` turns a board into what it reads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

WIDTH: Final = 24  # columns of a board
Shape = Literal["stat", "lines", "stacked", "bars", "states", "table"]
Colour = Literal["green", "yellow", "orange", "red", "blue", "purple", "text", "super-light-blue"]


@dataclass(frozen=True)
class Query:
    """One question to Prometheus. `legend` names its series; `{{label}}` stands for a label's value."""

    expression: str
    legend: str


@dataclass(frozen=True)
class Threshold:
    """From `value` upwards a figure has this colour."""

    value: float
    colour: Colour


@dataclass(frozen=True)
class Word:
    """What is shown, and in which colour, instead of a number."""

    number: float
    text: str
    colour: Colour


@dataclass(frozen=True)
class Panel:
    """One picture. `title` asks or answers a question, `empty` says why there may be nothing to show.

    `unit` is one of Grafana's. A panel over the whole time range (`stat`, `bars`, `table`) asks once, at its end.
    `base` is the colour below the first threshold. `colours` are of the series whose names they are given for.
    """

    title: str
    description: str
    shape: Shape
    unit: str
    queries: Sequence[Query]
    empty: str
    width: int = 12
    height: int = 7
    thresholds: Sequence[Threshold] = ()
    base: Colour = "green"
    words: Sequence[Word] = ()
    colours: Sequence[tuple[str, Colour]] = ()
    decimals: int | None = None
    least: float | None = 0
    most: float | None = None
    columns: Sequence[tuple[str, str]] = ()  # of a table: label, heading; in their order


@dataclass(frozen=True)
class Row:
    """Panels under one heading, laid out from left to right and wrapped."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Event:
    """Marks in every picture of a board.

    They stand where `expression` is above 0; if `at_value`, at the moments that its values are, in milliseconds.
    `title` and `text` may hold `{{label}}`.
    """

    name: str
    expression: str
    title: str
    text: str
    colour: Colour
    at_value: bool = True


@dataclass(frozen=True)
class Board:
    """One dashboard. `uid` is its address, and the name of its file; it never changes."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    events: Sequence[Event] = field(default=())
    time_from: str = "now-1h"
    refresh: str = "10s"
