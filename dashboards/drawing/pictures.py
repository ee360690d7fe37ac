"""Panels as drawings, and a dashboard as one picture: its panels where Grafana would put them."""

from collections.abc import Callable
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imsave

from dashboards.drawing.board import COLUMNS, Place
from dashboards.drawing.evaluating import Answered, Evaluated
from dashboards.drawing.lines import draw_lines
from dashboards.drawing.numbers import draw_bars, draw_numbers
from dashboards.drawing.states import draw_states
from dashboards.drawing.tables import draw_table, draw_words
from dashboards.drawing.timeline import Happening, clock, happenings, told_span
from dashboards.drawing.wording import CHARACTER_EM, SOFT, shortened, wrapped
from lab.drawing import DOTS_PER_INCH, INK, as_pixels, as_svg, styled_figure

WIDTH_INCHES: Final = 13.2
ROW_INCHES: Final = 0.34
GAP_PIXELS: Final = 14
TABLE: Final = "#dde6e6"  # what the panels lie on
RED: Final = "#b8291c"
TITLE_POINTS: Final = 9.5
NOTE_POINTS: Final = 6.8
TOLD_POINTS: Final = 8.0
TOLD_INCHES: Final = 0.18
TALL_INCHES: Final = 2.6  # from here on there is room for a third line of it
SHORT_INCHES: Final = 1.7  # a lower panel has no room for its description
KINDS: Final = ("bargauge", "gauge", "row", "stat", "state-timeline", "table", "text", "timeseries")


def draw_svg(answered: Answered, evaluated: Evaluated) -> str:
    """Without its title and description, which stand beside it."""
    place = answered.panel.grid_pos
    with styled_figure(_width(place), max(0.9, _height(place) - 0.3)) as figure:
        _draw_body(figure, answered, evaluated, top=1.0)
        return as_svg(figure)


def draw_picture(evaluated: Evaluated, source: str, done: Callable[[], None] = lambda: None) -> np.ndarray:
    """The whole dashboard as rows of pixels; `done` after each panel."""
    width = round(WIDTH_INCHES * DOTS_PER_INCH)
    head = _pixels(WIDTH_INCHES, _head_inches(evaluated), lambda figure: _draw_head(figure, evaluated, source))
    lowest = max((each.panel.grid_pos.y + each.panel.grid_pos.h for each in evaluated.panels), default=0)
    top = head.shape[0] + GAP_PIXELS
    row = round(ROW_INCHES * DOTS_PER_INCH)
    paper = np.empty((top + lowest * row + GAP_PIXELS, width + GAP_PIXELS, 3), dtype=np.uint8)
    paper[:] = [int(TABLE[at : at + 2], 16) for at in (1, 3, 5)]
    paper[: head.shape[0], : head.shape[1] + GAP_PIXELS] = head[0, 0]
    paper[: head.shape[0], : head.shape[1]] = head
    for each in evaluated.panels:
        place, tile = each.panel.grid_pos, _tile(each, evaluated)
        left, down = GAP_PIXELS + width * place.x // COLUMNS, top + place.y * row
        there = paper[down : down + tile.shape[0], left : left + tile.shape[1]]
        there[:] = tile[: there.shape[0], : there.shape[1]]
        done()
    return paper


def write_picture(pixels: np.ndarray, file: str) -> None:
    imsave(file, pixels, format="png", metadata={"Software": "hotseat"})


def _tile(answered: Answered, evaluated: Evaluated) -> np.ndarray:
    if answered.panel.type == "row":
        return _pixels(WIDTH_INCHES - 0.1, ROW_INCHES, lambda figure: _draw_row(figure, answered))
    place = answered.panel.grid_pos
    return _pixels(_width(place), _height(place), lambda figure: _draw_panel(figure, answered, evaluated))


def _draw_panel(figure: Figure, answered: Answered, evaluated: Evaluated) -> None:
    width, height = float(figure.get_figwidth()), float(figure.get_figheight())
    title = wrapped(answered.title, width - 0.2, TITLE_POINTS * 1.08)[:2]
    figure.text(
        0.1 / width,
        1 - 0.07 / height,
        "\n".join(title),
        fontsize=TITLE_POINTS,
        fontweight="bold",
        va="top",
        family="DejaVu Serif",
    )
    down = 0.07 + len(title) * TITLE_POINTS * 1.25 / 72
    if height >= SHORT_INCHES and answered.description:
        lines = wrapped(answered.description, width - 0.2, NOTE_POINTS)
        shown = lines[: 3 if height >= TALL_INCHES else 2]
        if len(lines) > len(shown):
            shown[-1] = shown[-1][: max(0, len(shown[-1]) - 2)] + " …"
        figure.text(
            0.1 / width,
            1 - (down + 0.02) / height,
            "\n".join(shown),
            fontsize=NOTE_POINTS,
            va="top",
            color=SOFT,
            linespacing=1.25,
        )
        down += 0.04 + len(shown) * NOTE_POINTS * 1.35 / 72
    _draw_body(figure, answered, evaluated, top=1 - (down + 0.03) / height)


def _draw_body(figure: Figure, answered: Answered, evaluated: Evaluated, *, top: float) -> None:
    """Below `top`, a share of the height."""
    kind = answered.panel.type
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0.0, 0.0, 1.0, top), w_pad=0.06, h_pad=0.05)  # type: ignore[call-arg]
    if kind == "text":
        draw_words(figure, str(answered.panel.options.get("content", "")), top)
    elif answered.problem or kind not in KINDS:
        draw_words(figure, answered.problem or f"Panels of the kind {kind} are drawn by Grafana only.", top, colour=RED)
    elif answered.is_empty:
        _draw_nothing(figure, answered, top)
    elif kind == "timeseries":
        draw_lines(figure, answered, evaluated.span, evaluated.marks)
    elif kind == "state-timeline":
        draw_states(figure, answered, evaluated.span, evaluated.marks)
    elif kind == "table":
        draw_table(figure, answered, top)
    elif kind in ("bargauge", "gauge"):
        draw_bars(figure, answered)
    else:
        draw_numbers(figure, answered, evaluated.span, top)


def _draw_nothing(figure: Figure, answered: Answered, top: float) -> None:
    lines = wrapped(answered.nothing, float(figure.get_figwidth()) - 0.4, 8.0)
    figure.text(0.5, top / 2, "\n".join(lines), fontsize=8, ha="center", va="center", color=SOFT, style="italic")


def _draw_row(figure: Figure, answered: Answered) -> None:
    figure.set_facecolor(TABLE)
    figure.text(
        0.0,
        0.25,
        shortened(answered.title, 140),
        fontsize=11.5,
        fontweight="bold",
        va="baseline",
        family="DejaVu Serif",
    )


def _told(evaluated: Evaluated) -> list[list[Happening]]:
    """What happened, in lines that fit."""
    lines: list[list[Happening]] = [[]]
    room = WIDTH_INCHES - 0.3
    for news in happenings(evaluated.marks, evaluated.span):
        if lines[-1] and sum(map(_told_inches, lines[-1])) + _told_inches(news) > room:
            lines.append([])
        lines[-1].append(news)
    return lines if lines[0] else []


def _told_inches(news: Happening) -> float:
    return (len(news.text) + 14) * TOLD_POINTS * CHARACTER_EM / 72


def _head_inches(evaluated: Evaluated) -> float:
    return 0.95 + TOLD_INCHES * len(_told(evaluated))


def _draw_head(figure: Figure, evaluated: Evaluated, source: str) -> None:
    width, height = float(figure.get_figwidth()), float(figure.get_figheight())
    board = evaluated.board
    figure.text(
        0.12 / width, 1 - 0.14 / height, board.title, fontsize=19, fontweight="bold", va="top", family="DejaVu Serif"
    )
    lines = wrapped(board.description, width - 0.3, 8.5)[:2]
    figure.text(0.12 / width, 1 - 0.52 / height, "\n".join(lines), fontsize=8.5, va="top", color=SOFT)
    figure.text(
        1 - 0.12 / width, 1 - 0.2 / height, told_span(evaluated.span), fontsize=9.5, ha="right", va="top", color=INK
    )
    figure.text(1 - 0.12 / width, 1 - 0.36 / height, source, fontsize=7.5, ha="right", va="top", color=SOFT)
    for row, line in enumerate(reversed(_told(evaluated))):
        left = 0.12
        for news in line:
            figure.text(
                left / width,
                (0.12 + TOLD_INCHES * row) / height,
                f"{news.letter}  {clock(news.start)} {news.text}",
                fontsize=TOLD_POINTS,
                color=news.colour,
            )
            left += _told_inches(news)


def _pixels(width: float, height: float, draw: Callable[[Figure], None]) -> np.ndarray:
    with styled_figure(width, height) as figure:
        draw(figure)
        return as_pixels(figure)


def _width(place: Place) -> float:
    return WIDTH_INCHES * place.w / COLUMNS - GAP_PIXELS / DOTS_PER_INCH


def _height(place: Place) -> float:
    return ROW_INCHES * place.h - GAP_PIXELS / DOTS_PER_INCH
