"""The verdict and the main figures, for a terminal."""

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from lab.compare.estimates import Estimate
from lab.compare.prices import Prices
from lab.compare.results import Result
from lab.compare.rungs import LADDER
from lab.compare.verdict import verdict

WIDE = 130  # columns; intervals are left out of a narrower table
STYLES = {"pays": "bold green", "does not pay": "bold red", "makes no difference": "bold yellow", "unknown": "bold"}


def print_verdict(console: Console, result: Result, prices: Prices) -> None:
    """All of it; a part of a comparison says what it can."""
    found = verdict(result, prices)
    console.print(Text(found.headline, style=STYLES[found.answer]), "")
    if result.measured():
        console.print(_table(result, with_intervals=console.width >= WIDE), "")
    for title, sentences in (
        ("What it saves", found.saves),
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
    table = Table(box=None, pad_edge=False)
    table.add_column("rung", no_wrap=True)
    for name in ("CPU ms", "p50 ms", "p99 ms", "Redis calls", "hot %", "rounds"):
        table.add_column(name, justify="right")

    def cell(found: Estimate) -> str:
        interval = f" [dim]({found.low:.2f}-{found.high:.2f})[/dim]" if with_intervals else ""
        return f"{found.median:.2f}{interval}"

    for rung in LADDER:
        if rung.name in result.measured():
            table.add_row(
                rung.title,
                cell(result.cpu_ms(rung.name)),
                cell(result.latency_ms(rung.name, 50)),
                cell(result.latency_ms(rung.name, 99)),
                cell(result.calls(rung.name, "redis")),
                f"{100 * result.hot_rate(rung.name).median:.1f}",
                str(len(result.of(rung.name))),
            )
    return table
