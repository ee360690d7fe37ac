"""The figures as tables: the calm time, then what each change did."""

from collections.abc import Callable, Sequence
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lab.simulate.result import Felt, Result

_COLUMNS: Final[dict[str, Callable[[Result], str]]] = {
    "hot": lambda each: _percent(each.hit_rate),
    "session": lambda each: _percent(each.session_hit_rate),
    "profile": lambda each: _percent(each.profile_hit_rate),
    "board": lambda each: _percent(each.board_hit_rate),
    "Redis": lambda each: _percent(each.redis_rate),
    "load": lambda each: _percent(each.load_rate),
    "reads/\nrequest": lambda each: f"{each.reads_per_request:.2f}",
    "trips/\nrequest": lambda each: f"{each.trips_per_request:.2f}",
    "trips/s": lambda each: f"{each.trips_per_second:,.0f}",
    "told/\nwrite": lambda each: f"{each.told_per_write:.2f}",
    "busiest": lambda each: f"{each.imbalance:.2f}x",
    ">1.2x": lambda each: _percent(each.above_share),
    "MB each": lambda each: f"{each.bytes_mean / 1e6:.1f}",
    "most MB": lambda each: f"{each.bytes_most / 1e6:.1f}",
}


def tables(results: Sequence[Result]) -> RenderableType:
    """Both tables; the second only if anything was changed."""
    parts: list[RenderableType] = [_calm(results)]
    if any(each.changes for each in results):
        parts += [Text(), _changed(results)]
    return Group(*parts)


def _calm(results: Sequence[Result]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", title="In calm", title_justify="left")
    table.add_column("instances", justify="right")
    table.add_column("routing", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for each in results:
        table.add_row(f"{each.instances:,}", each.routing, *(show(each) for show in _COLUMNS.values()))
    return table


def _changed(results: Sequence[Result]) -> Table:
    """In each cell: the hit rate of those concerned before, at its lowest, and the seconds until it was low no more."""
    kinds = list(dict.fromkeys(felt.change for each in results for felt in each.changes))
    title = "What was changed: hot before > lowest in 5 s, seconds until the last low moment"
    table = Table(box=None, pad_edge=False, header_style="bold", title=title, title_justify="left")
    table.add_column("instances", justify="right")
    table.add_column("routing", no_wrap=True)
    for kind in kinds:
        table.add_column(kind, justify="right", no_wrap=True)
    for each in results:
        felt = {change.change: change for change in each.changes}
        table.add_row(f"{each.instances:,}", each.routing, *(_felt(felt.get(kind)) for kind in kinds))
    return table


def _felt(felt: Felt | None) -> str:
    if felt is None:
        return "-"
    if not felt.recovered_seconds:
        return f"{felt.before * 100:.0f} % kept"
    return f"{felt.before * 100:.0f} > {felt.lowest * 100:.0f} %, {felt.recovered_seconds:.0f} s"


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"
