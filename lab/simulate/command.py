"""`hotseat simulate`: past one machine, how a fleet of some size would do.

Exit codes: 0 done, 1 the report cannot be written, 2 an option is wrong, 130 interrupted (what was done until then is
shown and kept).
"""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lab.errors import Misuse
from lab.simulate.changes import KINDS
from lab.simulate.plan import Plan
from lab.simulate.report import FILE, PAGE, Kept, write_report
from lab.simulate.result import Result
from lab.simulate.routing import FIRST_CHOICES, NAMES
from lab.simulate.run import Run
from lab.simulate.table import tables
from lab.simulate.words import sentences
from lab.simulate.workload import Workload
from lab.surroundings import told_to_stop
from lab.terminal import new_folder

FLEET: Final = "3,10,30,100,300,1000"
WIDTH: Final = 160  # of the tables where there is no terminal
_WRONG: Final = 2
_INTERRUPTED: Final = 130

Advanced = Callable[[int, float], None]
"""The number of the run under way, and the share of it that is done."""


@click.command()
@click.option("--fleet", default=FLEET, show_default=True, help="Numbers of instances, with commas between.")
@click.option("--routing", default=",".join(NAMES), show_default=True, help="Which of these, with commas between.")
@click.option("--users-per-instance", default=100, show_default=True, help="People for each instance there is.")
@click.option("--users", type=int, help="So many people, however many instances there are.")
@click.option("--requests-per-session", default=20.0, show_default=True, help="On average.")
@click.option("--think-seconds", default=10.0, show_default=True, help="On average between two requests.")
@click.option(
    "--return-seconds", default=600.0, show_default=True, help="From a session's begin to the next, on average."
)
@click.option("--zipf", default=0.6, show_default=True, help="Exponent of how unevenly active people are; 0 is evenly.")
@click.option("--board-share", default=0.5, show_default=True, help="Of the requests that read.")
@click.option("--write-share", default=0.05, show_default=True, help="Of all requests.")
@click.option(
    "--card-share", default=0.3, show_default=True, help="Of the writes: those that others find on their boards."
)
@click.option(
    "--prefer-share", default=0.01, show_default=True, help="Of all requests: those that write to the session."
)
@click.option("--followed", default=10, show_default=True, help="How many others each follows.")
@click.option("--session-bytes", default=400, show_default=True, help="Of a session in Redis.")
@click.option("--profile-bytes", default=300, show_default=True, help="Of a profile in Redis.")
@click.option("--board-bytes", default=8000, show_default=True, help="Of a board in Redis.")
@click.option("--hot-bytes", default=64 << 20, show_default=True, help="HOT_CACHE_BYTES of each instance.")
@click.option("--fresh-seconds", default=30.0, show_default=True, help="BOARD_FRESH_SECONDS.")
@click.option("--rebalance-per-minute", default=120.0, show_default=True, help="REBALANCE_PER_MINUTE.")
@click.option(
    "--first-choice",
    default=FIRST_CHOICES[0],
    show_default=True,
    help="Of people without a cookie: " + " or ".join(FIRST_CHOICES) + ".",
)
@click.option("--changes", default=",".join(KINDS), show_default=True, help="Which of these, or none.")
@click.option(
    "--hit-share", default=0.1, show_default=True, help="Of the instances: killed and restarted, one at least."
)
@click.option("--grow-share", default=0.5, show_default=True, help="Of the instances: added, and taken away again.")
@click.option("--away-seconds", default=5.0, show_default=True, help="How long a killed instance is away.")
@click.option("--warm-seconds", default=60, show_default=True, help="Before anything is counted.")
@click.option("--calm-seconds", default=60, show_default=True, help="For which the first table is.")
@click.option("--apart-seconds", default=45, show_default=True, help="Between two changes.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same figures.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help=f"A folder for {PAGE} and {FILE}.")
def simulate(out: Path | None, **options: Any) -> None:
    """Simulate fleets of many instances: hit rates, Redis load, imbalance, memory and invalidations, by routing.

    The cache engine is the one that the application uses; requests, people and Redis are simulated.
    """
    console = Console(highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH)
    folder = out or new_folder("simulate")
    try:
        plans = _plans(options)
        _made(folder)
    except Misuse as error:
        click.echo(f"hotseat: {error}", err=True)
        raise SystemExit(_WRONG) from None
    results = _run(plans)
    kept = Kept(len(results) == len(plans), options, results, sentences(results))
    if results:
        console.print(tables(results))
        console.print()
        click.echo("\n".join(kept.words))
    try:
        page = write_report(kept, folder)
    except OSError as error:
        raise click.ClickException(f"The report cannot be written into {folder}: {error.strerror}.") from error
    click.echo(f"The report: {page}", err=True)
    if not kept.complete:
        raise SystemExit(_INTERRUPTED)


def _run(plans: Sequence[Plan]) -> list[Result]:
    """The results of those that were done before somebody had enough."""
    results: list[Result] = []
    try:
        with told_to_stop(), _progress(Console(stderr=True), plans) as advanced:
            for number, plan in enumerate(plans):
                advanced(number, 0.0)
                results.append(Run(plan, partial(_tell, advanced, number)).result())
                gc.collect()  # a fleet is part of cycles, and the next one should not be held beside it
    except KeyboardInterrupt:
        click.echo(f"Interrupted: {len(results)} of {len(plans)} runs are done.", err=True)
    return results


def _tell(advanced: Advanced, number: int, done: int, total: int) -> None:
    advanced(number, done / total)


def _plans(options: dict[str, Any]) -> list[Plan]:
    """A run for each size and routing, the sizes in rising order. Raises Misuse."""
    given = dict(options)
    sizes = sorted({_size(text) for text in _listed("--fleet", given.pop("fleet"))})
    routings = _listed("--routing", given.pop("routing"))
    changes = given.pop("changes")
    given["changes"] = () if changes in ("", "none") else tuple(_listed("--changes", changes))
    users, each = given.pop("users"), given.pop("users_per_instance")
    people = {name: given.pop(name) for name in Workload.__dataclass_fields__ if name != "users"}
    return [
        Plan(
            instances=size,
            routing=routing,
            workload=Workload(users=users if users is not None else each * size, **people),
            **given,
        )
        for size in sizes
        for routing in routings
    ]


def _listed(option: str, text: str) -> list[str]:
    found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not found:
        raise Misuse(f"{option} names nothing.")
    return found


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Misuse(f"--fleet takes whole numbers with commas between, such as 3,10,30, not {text!r}.")
    return int(text)


def _made(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Misuse(f"The folder {folder} cannot be made: {error.strerror}.") from error


@contextmanager
def _progress(console: Console, plans: Sequence[Plan]) -> Iterator[Advanced]:
    """A bar that moves with the people simulated."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    ends = list(accumulate((plan.workload.users for plan in plans), initial=0))
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("", total=ends[-1])

        def advanced(number: int, share: float) -> None:
            plan = plans[number]
            what = f"{plan.instances:,} instances, {plan.routing}"
            progress.update(task, description=what, completed=ends[number] + plan.workload.users * share)

        yield advanced
