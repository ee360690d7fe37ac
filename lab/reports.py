"""`hotseat report`: prints or opens what any command of the lab has left."""

import webbrowser
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from rich.console import Console

from lab.chaos.results import ChaosResult
from lab.chaos.terminal import print_chaos
from lab.compare.results import Result
from lab.errors import Misuse
from lab.report import chaos_page, page
from lab.report.terminal import print_verdict
from lab.simulate import report as simulation
from lab.simulate.table import tables
from lab.terminal import REPORTS, complaints
from lab.watch.results import WATCHED, WatchResult
from lab.watch.terminal import print_watch


@dataclass(frozen=True)
class Kind:
    """A kind of run: the page it writes, and how its figures are read and printed again.

    `write` makes the page anew where it may be missing: figures are kept while a comparison runs, its page at the end.
    """

    name: str
    page: str
    figures: Any
    print: Callable[[Console, Any], None]
    write: Callable[[Any, Path], object] | None = None


def _print_simulation(console: Console, kept: simulation.Kept) -> None:
    console.print(tables(kept.results), "", *kept.words, sep="\n")


KINDS: Final = {
    page.RESULT: Kind("a comparison", page.PAGE, Result, print_verdict, page.write_report),
    chaos_page.RESULT: Kind("a run of faults", chaos_page.PAGE, ChaosResult, print_chaos),
    WATCHED: Kind("a watch", WATCHED, WatchResult, print_watch),  # it has no page but its figures
    simulation.FILE: Kind("a simulation", simulation.PAGE, simulation.Kept, _print_simulation),
}
"""By the file of figures that a run leaves."""


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
def report(folder: Path | None, opens: bool) -> None:
    """Print what a run of the lab found, the newest if none is named; or open its page."""
    with complaints():
        file = _newest_in([folder] if folder else REPORTS.glob("*"), str(folder or REPORTS))
        kind = KINDS[file.name]
        where = file.with_name(kind.page)
        if kind.write is not None and not where.is_file():
            kind.write(_read(file, kind), file.parent)
        if opens:
            webbrowser.open(where.absolute().as_uri())
            return
        kind.print(Console(highlight=False), _read(file, kind))
    click.echo(f"The report: {where}")


def _newest_in(folders: Iterable[Path], looked_in: str) -> Path:
    """The file of figures that was written last."""
    found = [file for folder in folders for name in KINDS if (file := folder / name).is_file()]
    if not found:
        raise Misuse(f"There is no report in {looked_in}; make one with: hotseat compare --quick, or hotseat chaos")
    return max(found, key=lambda file: file.stat().st_mtime)


def _read(file: Path, kind: Kind) -> Any:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind.figures)
    except msgspec.DecodeError as error:
        raise Misuse(f"{file} is no result of {kind.name}: {error}") from error
