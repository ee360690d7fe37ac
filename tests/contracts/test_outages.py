"""The outage contract: each route has its rows, and the document shows the table as the application applies it."""

import re
from pathlib import Path

import pytest

from webapp.app import ROUTES, route_methods
from webapp.outage import BACKENDS, READS, ROUTE_ROWS, ROWS, TROUBLES, Cell, rows_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "outages.md"
ANSWER = {"served": "served", "refused": "503", "either": "served or 503"}


def shown(cell: Cell) -> str:
    """A cell as the document shows it."""
    text = ANSWER[cell.outcome]
    text += ", marked stale" if cell.stale else ""
    text += f", within {cell.within_seconds:g} s" if cell.within_seconds != 1 else ""
    text += ", the cookie is cleared" if cell.cookie == "cleared" else ""
    return text + (f" ({cell.note})" if cell.note else "")


def table() -> list[tuple[str, ...]]:
    """The rows of both tables."""
    kinds = [(row.name, *(shown(row.cell(backend)) for backend in BACKENDS)) for row in ROWS]
    return kinds + [(trouble.name, trouble.reads, trouble.writes) for trouble in TROUBLES]


def test_the_document_shows_the_table_that_is_applied() -> None:
    """Row by row, cell by cell."""
    lines = [line for line in DOCUMENT.read_text().splitlines() if re.match(r"\| (?!---|\|)", line)]
    assert lines == ["| " + " | ".join(row) + " |" for row in table()]


def test_the_document_names_what_is_said_to_whoever_is_refused() -> None:
    """Each sentence of the table."""
    text = " ".join(DOCUMENT.read_text().split())
    sentences = {row.cell(backend).sentence for row in ROWS for backend in BACKENDS} - {""}
    assert [sentence for sentence in sentences if sentence not in text] == []


def test_each_route_has_its_rows() -> None:
    """Whoever adds a route says in `webapp/outage.py` what becomes of it in an outage."""
    assert set(ROUTE_ROWS) == {name for _, _, name in ROUTES} | {"static"}


@pytest.mark.parametrize("route", [name for _, _, name in ROUTES if not name.endswith("unknown")])
def test_a_route_that_asks_a_backing_service_is_not_classified_as_one_that_does_not(route: str) -> None:
    """`what does not exist` is for methods that a route does not answer, and for what this process has itself."""
    own = route in ("api_openapi",)
    for method in route_methods()[route]:
        only_leads_elsewhere = method in READS and route in ("cards", "logout")
        assert (rows_of(route, method)[0].name.startswith("style sheets")) == (own or only_leads_elsewhere), method


def test_every_refusal_says_something() -> None:
    """A cell that may be 503 has a sentence, one that is always served has none."""
    for row in ROWS:
        for backend in BACKENDS:
            cell = row.cell(backend)
            assert bool(cell.sentence) == (cell.outcome != "served"), (row.name, backend)
