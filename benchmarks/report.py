"""All parts as one document, and as data."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.figures import Figure, Part, table

INTRODUCTION = """\
# Benchmarks

Written by `make bench-cache`, from one run; not to be edited. Figures of another machine, or of another run on a busy
one, differ; ratios less so, because everything that is compared took turns. No test depends on a figure."""


def document(machine: Mapping[str, str], parts: Sequence[Part]) -> str:
    """The page."""
    sections = [
        INTRODUCTION,
        table([["", ""], *([name, text] for name, text in machine.items())]),
        "## What was asked for",
        targets(parts),
    ]
    for part in parts:
        sections += [f"## {part.title}", part.how]
        sections += [table(part.table)] if part.table else []
        plain = [figure for figure in part.figures if figure.target is None]
        sections += [_figures(plain)] if plain else []
    return "\n\n".join(sections).rstrip() + "\n"


def targets(parts: Iterable[Part]) -> str:
    """Every figure that has a target, beside it."""
    return _figures(figure for part in parts for figure in part.figures if figure.target is not None)


def as_data(machine: Mapping[str, str], parts: Iterable[Part], eviction: Any) -> dict[str, Any]:
    """The same for a program to read."""
    return {"machine": dict(machine), "parts": [part.as_data() for part in parts], "eviction": eviction}


def _figures(figures: Iterable[Figure]) -> str:
    return table([["what", "measured", "wanted", ""], *(_line(figure) for figure in figures)])


def _line(figure: Figure) -> list[str]:
    measured = f"{figure.value:g}" if figure.value == int(figure.value) else f"{figure.value:.2f}"
    wanted = "" if figure.target is None else f"{'at most' if figure.at_most else 'at least'} {figure.target:g}"
    return [
        figure.what,
        f"{measured} {figure.unit}".strip(),
        wanted,
        {True: "met", False: "NOT MET", None: ""}[figure.met],
    ]
