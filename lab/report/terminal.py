"""The verdict and the main figures, for a terminal."""

from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lab.compare.estimates import Estimate
from lab.compare.results import Result
from lab.compare.rungs import LADDER
from lab.compare.verdict import verdict

WIDE = 130  # columns; intervals are left out of a narrower table
METERED = ("CPU ms", "Redis calls")  # known of the lab's own stacks only
SEEN = ("moved %", "imbalance")  # left out where there is more to tell
STYLES = {
    "pays": "bold green",
    "answers sooner": "bold green",
    "does not pay": "bold red",
    "answers later": "bold red",
    "makes no difference": "bold yellow",
    "unknown": "bold",
}


def print_verdict(console: Console, result: Result) -> None:
    """All of it; a part of a comparison says what it can."""
    found = verdict(result)
    console.print(Text(found.headline, style=STYLES[found.answer]), "")
    if result.measured():
        console.print(_table(result, with_intervals=console.width >= WIDE), "")
    for title, sentences in (
        ("What browsers see" if result.outside else "What it saves", found.saves),
        ("What it costs when something breaks", found.costs),
        ("From when on it pays", found.pays_from),
        ("What would do as well", found.instead),
        ("Before you rely on it", found.cautions),
    ):
        if sentences:
            console.print(_told(title, sentences))


def _told(title: str, sentences: tuple[str, ...]) -> RenderableType:
    return Group(Text(title, style="bold"), *(Padding(f"- {each}", (0, 0, 0, 2)) for each in sentences), "")


def _table(result: Result, *, with_intervals: bool) -> Table:
    """A column whose figures cannot be had from outside is left out."""

    def cell(found: Estimate | None, factor: float = 1.0, digits: int = 2) -> str:
        if found is None:
            return "not shown"
        interval = f" [dim]({factor * found.low:.{digits}f}-{factor * found.high:.{digits}f})[/dim]"
        return f"{factor * found.median:.{digits}f}" + (interval if with_intervals else "")

    columns: dict[str, Callable[[str], str]] = {
        "CPU ms": lambda rung: cell(result.cpu_ms(rung)),
        "p50 ms": lambda rung: cell(result.latency_ms(rung, 50)),
        "p99 ms": lambda rung: cell(result.latency_ms(rung, 99)),
        "Redis calls": lambda rung: cell(result.calls(rung, "redis")),
        "hot %": lambda rung: cell(result.hot_rate(rung), 100, 1),
        "moved %": lambda rung: cell(result.moved_share(rung), 100, 1),
        "imbalance": lambda rung: cell(result.imbalance(rung)),
        "rounds": lambda rung: str(len(result.of(rung))),
    }
    for name in METERED if result.outside else SEEN:
        del columns[name]
    table = Table(box=None, pad_edge=False)
    table.add_column("rung", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right")
    for rung in LADDER:
        if rung.name in result.measured():
            table.add_row(rung.title, *(told(rung.name) for told in columns.values()))
    return table
