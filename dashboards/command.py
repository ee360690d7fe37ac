"""`hotseat dashboards`."""

import datetime
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from dashboards.drawing.board import Board, load_boards
from dashboards.drawing.errors import DrawingError, Misuse, NoPrometheus
from dashboards.drawing.evaluating import Evaluated, evaluate
from dashboards.drawing.page import write_dashboards
from dashboards.drawing.prometheus import Prometheus
from dashboards.drawing.times import span_of
from deploy.local import StackError, running_prometheus

REPORTS: Final = Path("reports")
SWITCHED: Final = {"sticky": "on", "stateless": "off", "on": "on", "off": "off"}  # as STICKY_MODE has it
MODES: Final = list(SWITCHED)
PATIENT_SECONDS: Final = 2.0  # longer, and a bar says how far it is


@click.command()
@click.option("--prometheus", "url", metavar="URL", help="Which Prometheus to ask; that of the running stack.")
@click.option("--last", metavar="TIME", help="How far back, like 15m (which is the default), 6h or 2d.")
@click.option("--from", "start", metavar="TIME", help="From when on, like 2026-11-29T02:10, or now-1h.")
@click.option("--to", "end", metavar="TIME", help="Until when; now.")
@click.option("--board", "boards", multiple=True, metavar="NAME", help="Only this dashboard; repeatable.")
@click.option("--mode", multiple=True, type=click.Choice(MODES), help="Only this mode; repeatable, like the next two.")
@click.option("--instance", multiple=True, help="Only this process.")
@click.option("--job", multiple=True, help="Only processes of this kind.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where the page and the pictures go.")
@click.option("--open", "opens", is_flag=True, help="Show the page in a browser.")
def dashboards(url: str | None, **given: Any) -> None:
    """Draw the dashboards without Grafana: one page, and a picture of each.

    The same panels and queries, asked of Prometheus. Exit code 1 if something could not be asked.
    """
    console = Console(highlight=False)
    with complaints():
        span = span_of(given["last"], given["start"], given["end"], now=time.time())
        boards = _wanted(load_boards(), given["boards"])
        chosen = {name: given[name] for name in ("mode", "instance", "job") if given[name]}
        chosen |= {"mode": [SWITCHED[mode] for mode in given["mode"]]} if given["mode"] else {}
        _check(boards, chosen)
        prometheus = Prometheus(url or running_prometheus())
        prometheus.check()
        out = given["out"] or REPORTS / f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}-dashboards"  # noqa: DTZ005  # local
        panels = sum(1 for board in boards.values() for _ in board.all_panels())
        with progress(console, 3 * panels) as done:
            scrape = prometheus.scrape_seconds()
            evaluated = {
                name: evaluate(board, prometheus, span, chosen, scrape_seconds=scrape, done=done)
                for name, board in boards.items()
            }
            page = write_dashboards(evaluated, prometheus.shown, out, done)
    _tell(console, page, evaluated)
    if given["opens"]:
        webbrowser.open(page.absolute().as_uri())
    if any(each.problems for each in evaluated.values()):
        sys.exit(1)


def _wanted(boards: dict[str, Board], names: Sequence[str]) -> dict[str, Board]:
    unknown = [name for name in names if name not in boards]
    if unknown:
        raise Misuse(f"There is no dashboard {unknown[0]}; there are {', '.join(boards)}.")
    return {name: board for name, board in boards.items() if not names or name in names}


def _check(boards: dict[str, Board], chosen: dict[str, Sequence[str]]) -> None:
    there = {variable.name for board in boards.values() for variable in board.templating.list}
    for name in chosen:
        if name not in there:
            raise Misuse(f"None of these dashboards can be narrowed by --{name}.")


def _tell(console: Console, page: Path, evaluated: dict[str, Evaluated]) -> None:
    for each in evaluated.values():
        shown = [panel for panel in each.panels if panel.panel.asked]
        empty = sum(panel.is_empty and not panel.problem for panel in shown)
        told = f"{len(shown)} panels" + (f", {empty} of them with nothing to show" if empty else "")
        console.print(f"[bold]{each.board.title}[/bold]  {told}", soft_wrap=True)
        for problem in each.problems:
            console.print(f"  [red]{problem}[/red]", soft_wrap=True)
    console.print(f"Page and pictures: {page}", soft_wrap=True)


@contextmanager
def complaints() -> Iterator[None]:
    """What cannot be done becomes a sentence on stderr and an exit code."""
    try:
        yield
    except (DrawingError, StackError, OSError) as error:
        hint = "" if not isinstance(error, NoPrometheus) else " Name one with --prometheus URL."
        click.echo(f"hotseat: {error}{hint}", err=True)
        raise SystemExit(getattr(error, "exit_code", 1)) from None


@contextmanager
def progress(console: Console, steps: int) -> Iterator[Callable[[], None]]:
    """A bar, once it has taken a while."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    began = time.monotonic()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("drawing", total=steps, visible=False)

        def done() -> None:
            shown.update(task, advance=1, visible=time.monotonic() - began > PATIENT_SECONDS)

        yield done
