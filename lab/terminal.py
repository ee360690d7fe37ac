"""What the lab's commands have in common: a bar of progress, complaints in a sentence, and where reports go."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from deploy.local import StackError
from lab.errors import LabError

REPORTS: Final = Path("reports")


@contextmanager
def complaints() -> Iterator[None]:
    """What goes wrong inside is a sentence for whoever runs the command, and exit code 1."""
    try:
        yield
    except (LabError, StackError) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def progress_bar(console: Console, steps: int) -> Iterator["Bar"]:
    """Shown while it is inside, if somebody watches."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(progress, progress.add_task("", total=steps))


class Bar:
    """One bar; a lab.progress.Progress."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def begins(self, what: str) -> None:
        self._progress.update(self._task, description=what)

    def done(self) -> None:
        self._progress.advance(self._task)


def new_folder(what: str) -> Path:
    """Where the report of a run goes that begins now; not made yet."""
    return REPORTS / f"{datetime.datetime.now():%Y-%m-%d-%H%M%S}-{what}"  # noqa: DTZ005  # local time is meant
