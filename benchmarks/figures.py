"""What a benchmark found: figures, some of them with a target, and tables of what they were made from."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """`value` in `unit`. `target` is a bound it should keep: at least that much, or with `at_most` no more."""

    what: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


@dataclass(frozen=True)
class Part:
    """One benchmark: how it was measured, its figures, and a table (the head first) of the raw numbers."""

    title: str
    how: str
    figures: list[Figure]
    table: list[list[str]] = field(default_factory=list)

    def as_data(self) -> dict[str, Any]:
        """For a program to read."""
        figures = [{**asdict(figure), "met": figure.met} for figure in self.figures]
        return {"title": self.title, "figures": figures, "table": self.table}


def table(lines: Iterable[Sequence[str]]) -> str:
    """Markdown; the first line is the head."""
    head, *rows = lines
    return "\n".join("| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *rows])


def microseconds(seconds: float) -> str:
    """As text, with as many digits as mean something."""
    return f"{seconds * 1e6:.2f}" if seconds < 1e-5 else f"{seconds * 1e6:.1f}"
