"""`hotseat report`."""

import webbrowser
from pathlib import Path
from typing import Final, TypeVar

import click
import msgspec
from rich.console import Console

from lab.chaos.results import ChaosResult
from lab.chaos.terminal import print_chaos
from lab.compare.prices import Prices
from lab.compare.results import Result
from lab.errors import Misuse
from lab.report import chaos_page, page
from lab.report.terminal import print_verdict
from lab.terminal import REPORTS, complaints

T = TypeVar("T")
PAGES: Final = {page.RESULT: page.PAGE, chaos_page.RESULT: chaos_page.PAGE}
"""By the file of figures that each is made of."""


@click.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
def report(folder: Path | None, opens: bool) -> None:
    """Print what a comparison or a run of faults found, the newest if none is named; or open its page."""
    with complaints():
        figures = _figures(folder or _newest())
        where = figures.with_name(PAGES[figures.name])
        if opens:
            webbrowser.open(where.absolute().as_uri())
            return
        console = Console(highlight=False)
        if figures.name == chaos_page.RESULT:
            print_chaos(console, _read(figures, ChaosResult, "a run of faults"))
        else:
            print_verdict(console, _read(figures, Result, "a comparison"), Prices())
    click.echo(f"The report: {where}")


def _figures(folder: Path) -> Path:
    """The newest, if the folder holds both."""
    found = [file for name in PAGES if (file := folder / name).is_file()]
    if not found:
        raise Misuse(f"There is no report in {folder}: it has no {' and no '.join(PAGES)}.")
    return max(found, key=lambda file: file.stat().st_mtime)


def _newest() -> Path:
    found = [file for name in PAGES for file in REPORTS.glob(f"*/{name}")]
    if not found:
        raise Misuse(f"There is no report in {REPORTS}; make one with: hotseat compare --quick, or hotseat chaos")
    return max(found, key=lambda file: file.stat().st_mtime).parent


def _read(file: Path, kind: type[T], what: str) -> T:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except msgspec.DecodeError as error:
        raise Misuse(f"{file} is no result of {what}: {error}") from error
