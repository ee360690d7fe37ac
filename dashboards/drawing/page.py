"""All dashboards as one page that needs nothing else, and each as a picture beside it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dashboards.drawing.board import Link, Place
from dashboards.drawing.evaluating import Answered, Evaluated
from dashboards.drawing.pictures import draw_picture, draw_svg, write_picture
from dashboards.drawing.tables import rows_told, table_of
from dashboards.drawing.timeline import clock, happenings, told_span
from dashboards.drawing.wording import plain

PAGE: Final = "dashboards.html"
MOST_WORDS: Final = 12


@dataclass(frozen=True)
class _News:
    letter: str
    at: str
    text: str
    colour: str


@dataclass(frozen=True)
class _Panel:
    title: str
    description: str
    place: Place
    is_row: bool
    links: Sequence[tuple[str, str]]
    words: str
    svg: Markup
    queries: Sequence[str]


@dataclass(frozen=True)
class _Board:
    uid: str
    title: str
    description: str
    chosen: Sequence[tuple[str, str]]
    links: Sequence[tuple[str, str]]
    happened: Sequence[_News]
    problems: Sequence[str]
    panels: Sequence[_Panel]


def write_dashboards(
    evaluated: Mapping[str, Evaluated], source: str, folder: Path, done: Callable[[], None] = lambda: None
) -> Path:
    """Writes the page, and `<name>.png` for each dashboard; the page. `done` twice for each panel. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, each in evaluated.items():
        write_picture(draw_picture(each, source, done), str(folder / f"{name}.png"))
    page = folder / PAGE
    page.write_text(render(list(evaluated.values()), source, done), encoding="utf-8")
    return page


def render(evaluated: Sequence[Evaluated], source: str, done: Callable[[], None] = lambda: None) -> str:
    """The page as HTML."""
    environment = Environment(
        loader=PackageLoader("dashboards.drawing", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    uids = [each.board.uid for each in evaluated]
    boards = [_board(each, uids, done) for each in evaluated]
    places = sorted({panel.place for board in boards for panel in board.panels}, key=repr)
    return environment.get_template("page.html").render(
        boards=boards, places=places, source=source, span=told_span(evaluated[0].span)
    )


def _board(evaluated: Evaluated, uids: Sequence[str], done: Callable[[], None]) -> _Board:
    board, panels = evaluated.board, []
    for answered in evaluated.panels:
        panels.append(_panel(answered, evaluated, uids))
        done()
    chosen = [
        (name if each.variable.label is None else each.variable.label, each.shown)
        for name, each in evaluated.choices.chosen.items()
        if each.variable.type != "datasource"
    ]
    return _Board(
        uid=board.uid,
        title=board.title,
        description=board.description,
        chosen=chosen,
        links=_links(board.links, uids),
        happened=[
            _News(news.letter, clock(news.start), news.text, news.colour)
            for news in happenings(evaluated.marks, evaluated.span)
        ],
        problems=evaluated.problems,
        panels=panels,
    )


def _panel(answered: Answered, evaluated: Evaluated, uids: Sequence[str]) -> _Panel:
    panel = answered.panel
    is_row = panel.type == "row"
    return _Panel(
        title=answered.title,
        description=plain(answered.description),
        place=panel.grid_pos,
        is_row=is_row,
        links=_links(panel.links, uids),
        words=words(answered),
        svg=Markup("" if is_row else draw_svg(answered, evaluated)),  # noqa: S704  # our own drawing
        queries=[query for query, _ in answered.queries],
    )


def words(answered: Answered) -> str:
    """What a drawing shows, for whoever cannot see it."""
    if answered.problem:
        told = [answered.problem]
    elif answered.panel.type == "text":
        told = [plain(str(answered.panel.options.get("content", "")))]
    elif answered.is_empty:
        told = [answered.nothing]
    elif answered.panel.type == "table":
        told = list(rows_told(table_of(answered)))
    else:
        told = [f"{series.name}: {series.look.told(series.reduced())}" for series in answered.series]
    more = [f"and {len(told) - MOST_WORDS} more"] if len(told) > MOST_WORDS else []
    return ". ".join([answered.title.rstrip("."), *told[:MOST_WORDS], *more])


def _links(links: Sequence[Link], uids: Sequence[str]) -> list[tuple[str, str]]:
    """A link to a dashboard leads to its place on this page; one that only Grafana could follow is left out."""
    found = []
    for link in links:
        dashboard = re.match(r"/d/([\w-]+)", link.url)
        if dashboard and dashboard[1] in uids:
            found.append((link.title, f"#{dashboard[1]}"))
        elif link.url.startswith(("http://", "https://")):
            found.append((link.title, link.url))
    return found
