"""Panels of rows and columns, and panels of words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dashboards.drawing.evaluating import Answered, Series
from dashboards.drawing.look import look_of
from dashboards.drawing.units import NONE
from dashboards.drawing.wording import CHARACTER_EM, SOFT, plain, shortened, wrapped
from lab.drawing import GRID, INK

MOST_ROWS: Final = 14
LONGEST: Final = 60
POINTS: Final = 8.0
_ROW_INCHES: Final = 0.21
VALUE: Final = "Value"


@dataclass(frozen=True)
class Cell:
    text: str
    colour: str | None = None
    number: float = math.nan


@dataclass(frozen=True)
class Table:
    """`rows` are as long as `heads`."""

    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def table_of(answered: Answered) -> Table:
    """Labels and values as columns; queries are joined where all their labels are the same (`merge`).

    `organize` leaves out, renames and orders; `sortBy` orders the rows.
    """
    refs = list(dict.fromkeys(series.ref_id for series in answered.series))
    rows: dict[tuple[tuple[str, str], ...], dict[str, Series]] = {}
    for series in answered.series:
        labels = {name: value for name, value in series.labels.items() if name != "__name__"}
        key = tuple(sorted(labels.items()))
        rows.setdefault(key, {})[VALUE if len(refs) == 1 else f"{VALUE} #{series.ref_id}"] = series
    names = sorted({name for key in rows for name, _ in key})
    names += [VALUE] if len(refs) == 1 else [f"{VALUE} #{ref}" for ref in refs]
    organised = _options(answered, "organize")
    excluded: Mapping[str, bool] = organised.get("excludeByName", {})
    order: Mapping[str, int] = organised.get("indexByName", {})
    renamed: Mapping[str, str] = organised.get("renameByName", {})
    included: Mapping[str, bool] = organised.get("includeByName") or dict.fromkeys(names, True)
    kept = [name for name in names if included.get(name) and not excluded.get(name)]
    kept.sort(key=lambda name: order.get(name, len(names)))
    heads = tuple(renamed.get(name) or name for name in kept)
    cells = [
        tuple(_cell(answered, name, head, dict(key), found) for name, head in zip(kept, heads, strict=True))
        for key, found in rows.items()
    ]
    for field in reversed(_options(answered, "sortBy").get("sort", [])):
        if field.get("field") in heads:
            place = heads.index(field["field"])
            cells.sort(key=lambda row, place=place: _order(row[place]), reverse=bool(field.get("desc")))  # type: ignore[misc]
    return Table(heads, tuple(cells))


def draw_table(figure: Figure, answered: Answered, top: float) -> None:
    """As many rows as there is room for."""
    table = table_of(answered)
    width, height = float(figure.get_figwidth()), float(figure.get_figheight()) * top
    room = min(MOST_ROWS, max(1, int((height - 0.1) / _ROW_INCHES) - 1))
    shown = table.rows[: room if len(table.rows) <= room else room - 1]
    wide = [max([len(head), *(len(row[place].text) for row in shown)]) + 2 for place, head in enumerate(table.heads)]
    lefts = [sum(wide[:place]) / sum(wide) for place in range(len(wide))]
    points = min(POINTS, 72 * (width - 0.2) / (sum(wide) * CHARACTER_EM))

    def write(row: int, place: int, text: str, **how: Any) -> None:
        y = top - (0.14 + row * _ROW_INCHES) / float(figure.get_figheight())
        is_number = bool(shown) and not math.isnan(shown[0][place].number)
        x = 0.1 / width + (1 - 0.2 / width) * (lefts[place] + (wide[place] - 1.5) / sum(wide) * is_number)
        figure.text(x, y, text, fontsize=points, ha="right" if is_number else "left", va="center", **how)

    for place, head in enumerate(table.heads):
        write(0, place, head, color=SOFT, fontweight="bold")
        for row, cells in enumerate(shown, 1):
            write(row, place, cells[place].text, color=cells[place].colour or INK)
    for row in range(1, len(shown) + 1):
        y = top - (0.14 + (row - 0.5) * _ROW_INCHES) / float(figure.get_figheight())
        figure.add_artist(Line2D([0.1 / width, 1 - 0.1 / width], [y, y], color=GRID, linewidth=0.6))
    if len(shown) < len(table.rows):
        y = top - (0.14 + (len(shown) + 1) * _ROW_INCHES) / float(figure.get_figheight())
        figure.text(0.1 / width, y, f"and {len(table.rows) - len(shown)} more", fontsize=points, color=SOFT)


def draw_words(figure: Figure, text: str, top: float, *, colour: str = INK) -> None:
    """A text in lines as long as there is room."""
    width = float(figure.get_figwidth())
    lines = wrapped(plain(text), width - 0.3, POINTS)
    figure.text(0.15 / width, top - 0.02, "\n".join(lines), fontsize=POINTS, va="top", color=colour, linespacing=1.35)


def _cell(answered: Answered, name: str, head: str, labels: Mapping[str, str], found: Mapping[str, Series]) -> Cell:
    if not name.startswith(VALUE):
        return Cell(shortened(labels.get(name, ""), LONGEST))
    series = found.get(name)
    if series is None:
        return Cell(NONE)
    look, value = look_of(answered.panel.field_config, head, series.ref_id), series.reduced()
    style = look.custom.get("cellOptions", {}).get("type", "auto")
    return Cell(look.told(value), look.colour_of(value) if style.startswith("color") else None, value)


def _order(cell: Cell) -> tuple[float, str]:
    return (0.0 if math.isnan(cell.number) else cell.number, cell.text)


def _options(answered: Answered, name: str) -> dict[str, Any]:
    return next((each.options for each in answered.panel.transformations if each.id == name), {})


def rows_told(table: Table) -> Sequence[str]:
    """Each row in words."""
    return [", ".join(f"{head} {cell.text}" for head, cell in zip(table.heads, row, strict=True)) for row in table.rows]
