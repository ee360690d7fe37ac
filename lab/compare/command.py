"""`hotseat compare`."""

import asyncio
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from rich.console import Console

from deploy.local import StackError
from lab.compare.comparing import Comparison
from lab.compare.measuring import Times
from lab.compare.plan import FULL, QUICK, QUICK_USERS, Plan, rungs_named
from lab.compare.prices import Prices
from lab.compare.results import Result
from lab.compare.rungs import LADDER
from lab.errors import LabError, Misuse
from lab.report import write_report
from lab.report.terminal import print_verdict
from lab.surroundings import site_environ, told_to_stop
from lab.terminal import complaints, new_folder, progress_bar
from lab.workload import load_workload, preset_names

ALL_RUNGS: Final = ",".join(rung.name for rung in LADDER)
FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


class Milliseconds(click.ParamType[float]):
    """`0.5ms`, `2 ms` or `0.001s`."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        text = str(value).replace(" ", "")
        number, factor = (text[:-2], 1.0) if text.endswith("ms") else (text.removesuffix("s"), 1000.0)
        try:
            found = float(number) * factor
        except ValueError:
            found = -1.0
        if not 0 <= found <= 10_000 or not text.endswith("s"):
            self.fail(f"{value!r} is no time from 0 to 10 s; write it like 0.5ms or 0.01s.", param, ctx)
        return found


@click.command()
@click.option("--quick", is_flag=True, help="In a few minutes, with wider intervals.")
@click.option("--workload", default="social", show_default=True, help=f"{', '.join(preset_names())}, or a .toml file.")
@click.option("--rungs", default=ALL_RUNGS, show_default=True, help="Which rungs of the ladder.")
@click.option("--rounds", type=click.IntRange(1, 50), help="How often each rung has its turn.")
@click.option("--seconds", type=click.FloatRange(1, 600), help="How long each turn is measured.")
@click.option("--rtt", type=Milliseconds(), default="0ms", show_default=True, help="Round trip to Redis, added.")
@click.option("--bound", type=Milliseconds(), default="100ms", show_default=True, help="What p99 may be under load.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, the same people and requests.")
@click.option(
    "--prices", "prices_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A .toml file."
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where the report goes.")
def compare(**given: Any) -> None:
    """Measure the ladder to stickiness, and say what it is worth here.

    Everything is started for it and ended after it, on free ports. Ctrl-C ends it with what was measured so far.
    """
    console = Console(highlight=False)
    with complaints():
        prices = _prices(given["prices_file"])
        plan = _plan(given)
        out = given["out"] or new_folder("compare")
        result = _made(plan, console)
        page = write_report(result, prices, out)
    print_verdict(console, result, prices)
    console.print(f"The report: {page}")
    if not result.complete:
        sys.exit(1)


def _plan(given: dict[str, Any]) -> Plan:
    workload = load_workload(given["workload"])
    chosen: dict[str, Any] = dict(QUICK if given["quick"] else FULL)
    if given["quick"]:
        workload = replace(workload, users=min(workload.users, QUICK_USERS))
    if given["rounds"]:
        chosen["rounds"] = given["rounds"]
    if given["seconds"]:
        times: Times = chosen["times"]
        chosen["times"] = replace(times, measured=given["seconds"])
    rungs = rungs_named(given["rungs"])
    if not rungs:
        raise Misuse(f"No rung is named; there are: {ALL_RUNGS}.")
    return Plan(
        workload=workload, seed=given["seed"], rungs=rungs, bound_ms=given["bound"], rtt_ms=given["rtt"], **chosen
    )


def _made(plan: Plan, console: Console) -> Result:
    """As much as could be measured."""
    with (
        told_to_stop(),
        tempfile.TemporaryDirectory(prefix="hotseat-lab-") as folder,
        progress_bar(console, plan.steps) as progress,
    ):
        comparison = Comparison(plan, Path(folder), site_environ(), progress)
        try:
            asyncio.run(comparison.make())
        except KeyboardInterrupt:
            comparison.result.stopped = "it was interrupted"
        except (LabError, StackError) as error:
            comparison.result.stopped = str(error)
    return comparison.result


def _prices(file: Path | None) -> Prices:
    if file is None:
        return Prices()
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Prices)
    except (msgspec.DecodeError, ValueError) as error:
        names = ", ".join(Prices.__struct_fields__)
        raise Misuse(f"{file} cannot be used for prices: {error}. There are {names}, each a number.") from error
