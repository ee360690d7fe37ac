"""`hotseat chaos`."""

import asyncio
import datetime
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from deploy.local import StackError
from lab.chaos.footing import MODES, RUNGS, mode_of
from lab.chaos.results import ChaosResult
from lab.chaos.running import Chaos, Times, Wanted
from lab.chaos.terminal import print_chaos
from lab.errors import LabError, Misuse
from lab.faults import ALL, Fault, named
from lab.report.chaos_page import write_chaos
from lab.surroundings import site_environ, told_to_stop
from lab.terminal import complaints, new_folder, progress_bar
from lab.workload import Workload, load_workload

SHORT: Final = ("rolling-restart", "kill", "redis-pause", "redis-cut")
USERS: Final = 40
RATE: Final = 40.0
WORKLOAD: Final = "restless"


@click.command()
@click.argument("scenarios", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every fault there is; takes long.")
@click.option("--list", "lists", is_flag=True, help="Say which faults there are, and do nothing.")
@click.option("--mode", type=click.Choice(["both", *MODES]), help="One of the two; both are done by default.")
@click.option(
    "--rung",
    type=click.Choice(list(RUNGS)),
    help="One rung of the ladder instead; naive is the control, in which violations have to be found.",
)
@click.option("--workload", default=WORKLOAD, show_default=True, help="A preset's name, or a .toml file.")
@click.option(
    "--seconds", type=click.FloatRange(0.5, 60), default=5.0, show_default=True, help="How long a fault lasts."
)
@click.option(
    "--calm", type=click.FloatRange(0.5, 60), default=3.5, show_default=True, help="Seconds before and after a fault."
)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where the figures and histories go.")
def chaos(scenarios: tuple[str, ...], **given: Any) -> None:
    """Break a stack of its own under load, and check every promise afterwards.

    SCENARIO is a fault's name, or two with a plus between them; a short selection if none is named. Exit code 1 if a
    promise was broken or a fault could not be undone.
    """
    console = Console(highlight=False)
    if given["lists"]:
        for fault in ALL.values():
            console.print(f"[bold]{fault.name}[/bold]  {fault.does}")
        return
    with complaints():
        wanted = _wanted(scenarios, given)
        out = given["out"] or new_folder("chaos")
        out.mkdir(parents=True, exist_ok=True)
        result = _done(wanted, out, console)
        page = write_chaos(result, out)
    print_chaos(console, result)
    console.print(f"The report: {page}")
    if result.violations or not result.complete:
        sys.exit(1)


def _wanted(scenarios: tuple[str, ...], given: dict[str, Any]) -> Wanted:
    if scenarios and given["everything"]:
        raise Misuse("Name scenarios or say --all, not both.")
    if given["rung"] and given["mode"]:
        raise Misuse("A rung has its mode: say --rung or --mode, not both.")
    rung = RUNGS.get(given["rung"])
    if rung:
        modes: tuple[str, ...] = (mode_of(rung),)
    else:
        modes = (given["mode"],) if given["mode"] in MODES else MODES
    faults: tuple[Fault, ...] = tuple(ALL.values()) if given["everything"] else tuple(map(named, scenarios or SHORT))
    return Wanted(
        workload=_small(load_workload(given["workload"])),
        seed=given["seed"],
        faults=faults,
        modes=modes,
        times=Times(calm=given["calm"], fault=given["seconds"], after=given["calm"]),
        environ={**site_environ(), **(rung.settings if rung else {})},
        rung=rung.name if rung else "",
    )


def _small(workload: Workload) -> Workload:
    """Promises are about single requests: a load that leaves the machine room to be measured shows them best."""
    rate = min(workload.requests_per_second, RATE)
    return replace(workload, users=min(workload.users, USERS), requests_per_second=rate)


def _done(wanted: Wanted, out: Path, console: Console) -> ChaosResult:
    """As much as could be done."""
    began = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    result = ChaosResult(began, version("hotseat"), wanted.workload.name, wanted.seed, wanted.rung)
    with told_to_stop(), progress_bar(console, wanted.steps) as progress:
        try:
            asyncio.run(Chaos(wanted, out, result, progress).run())
        except KeyboardInterrupt:
            result.stopped = "it was interrupted"
        except (LabError, StackError) as error:
            result.stopped = str(error)
    return result
