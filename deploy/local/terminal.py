"""How the stack's commands speak: progress, tables, prefixed log lines, and complaints of one sentence."""

import contextlib
from collections.abc import Callable, Iterable, Iterator

import click
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from deploy.local.errors import StackError, StartFailed
from deploy.local.status import ProcessStatus, differences

_PREFIX_COLOURS = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta")
_STATE_COLOURS = {
    "ready": "green",
    "running": "green",
    "starting": "yellow",
    "restarting": "yellow",
    "stopping": "yellow",
    "paused": "magenta",
    "stopped": "red",
    "failed": "red",
    "external": "cyan",
    "drained": "red",
    "trial": "yellow",
    "retiring": "yellow",
}

_HOT_COLOURS = {"trusted": "green", "off": "default"}


@contextlib.contextmanager
def complaints() -> Iterator[None]:
    """A StackError becomes its sentence on stderr and its exit code."""
    try:
        yield
    except StackError as error:
        if isinstance(error, StartFailed) and error.last_lines:
            click.echo("\n".join(f"{error.process} | {line}" for line in error.last_lines), err=True)
        click.echo(f"hotseat: {error}", err=True)
        raise SystemExit(error.exit_code) from None


@contextlib.contextmanager
def progress(console: Console) -> Iterator[Callable[[str], None]]:
    """One changing line in a terminal, plain lines elsewhere."""
    if not console.is_terminal:
        yield lambda text: console.print(text, soft_wrap=True)
        return
    with console.status("starting") as spinner:
        yield spinner.update


def status_table(statuses: Iterable[ProcessStatus], *, with_pids: bool = False) -> RenderableType:
    """Each process; below, a line for each thing in which the fleet differs."""
    statuses = list(statuses)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("service", *(["pid"] if with_pids else []), "address", "state", "mode", "hot"):
        table.add_column(column, justify="right" if column == "pid" else "left", no_wrap=column != "hot")
    for status in statuses:
        pid = [str(status.pid or "-")] if with_pids else []
        table.add_row(status.name, *pid, status.address, _state(status), status.mode, _hot(status))
    return Group(table, *(Text(f"warning: {sentence}", style="yellow") for sentence in differences(statuses)))


def load_table(statuses: Iterable[ProcessStatus]) -> RenderableType:
    """What the web processes tell of their work."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("web process", *_LOAD):
        table.add_column(column, justify="left" if column in ("web process", "version") else "right", no_wrap=True)
    for status in statuses:
        if status.hot is not None:
            table.add_row(status.name, *(show(status) for show in _LOAD.values()))
    return table


_LOAD: dict[str, Callable[[ProcessStatus], str]] = {
    "version": lambda status: status.version or "",
    "users": lambda status: _shown(status.users),
    "in flight": lambda status: _shown(status.in_flight),
    "hot MB": lambda status: _shown(status.hot_bytes and status.hot_bytes / 1e6, ".1f"),
    "hit rate": lambda status: _shown(status.hit_rate, ".1%"),
    "lag ms": lambda status: _shown(status.lag_ms, ".1f"),
}


def _shown(value: float | None, form: str = "") -> str:
    return "" if value is None else format(value, form)


def _state(status: ProcessStatus) -> str:
    word = "draining" if status.draining and status.state in ("running", "stopping") else status.state
    return f"[{_STATE_COLOURS[status.state]}]{word}[/]"


def _hot(status: ProcessStatus) -> Text:
    """`trusted`, or `off: this Redis refuses to track: ...`; empty where it does not apply."""
    told = ": ".join(filter(None, (status.hot, status.note)))
    return Text(told, style=_HOT_COLOURS.get(status.hot or "", "yellow"))


class LogPrinter:
    """Prints log lines of several processes, each with the process's name and colour in front."""

    def __init__(self, console: Console, names: Iterable[str]) -> None:
        self._console = console
        names = list(names)
        self._width = max((len(name) for name in names), default=0)
        self._colours = {name: _PREFIX_COLOURS[index % len(_PREFIX_COLOURS)] for index, name in enumerate(names)}

    def print(self, name: str, line: str) -> None:
        prefix = (f"{name:<{self._width}} | ", self._colours[name])
        self._console.print(Text.assemble(prefix, line), soft_wrap=True)
