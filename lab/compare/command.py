"""`hotseat compare`."""

import asyncio
import sys
import tempfile
from collections.abc import Callable
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
from lab.compare.sites import announced, sites_named
from lab.errors import LabError, Misuse
from lab.report import write_report
from lab.report.page import write_result
from lab.report.terminal import print_verdict
from lab.surroundings import site_environ, told_to_stop
from lab.terminal import complaints, new_folder, progress_bar
from lab.workload import load_workload, preset_names

ALL_RUNGS: Final = ",".join(rung.name for rung in LADDER)
KILLED: Final = "what ran it was killed"


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
@click.option("--rungs", help=f"Which rungs of the ladder; all, if none is named: {ALL_RUNGS}.")
@click.option(
    "--site",
    "sites",
    multiple=True,
    metavar="RUNG=URL",
    help="A system that is there already, and is on this rung: asked from outside, in place of stacks of its own. "
    "May be given for several rungs.",
)
@click.option("--gently", is_flag=True, help="Do not look for how much it bears.")
@click.option("--insecure", is_flag=True, help="With --site: take any certificate.")
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

    Everything is started for it and ended after it, on free ports; with --site nothing is started, and systems that are
    there are asked. Ctrl-C ends it with what was measured so far.
    """
    console = Console(highlight=False)
    with complaints():
        plan = _plan(given)
        out = given["out"] or new_folder("compare")
        if plan.sites:
            console.print(announced(plan), "", markup=False)
        result = _made(plan, console, lambda so_far: write_result(msgspec.structs.replace(so_far, stopped=KILLED), out))
        if not result.rounds:
            raise LabError("\n".join([f"Nothing was measured. {result.stopped}.", *result.left_behind]))
        page = write_report(result, out)
    print_verdict(console, result)
    console.print(f"The report: {page}")
    if not result.complete:
        sys.exit(1)


def _plan(given: dict[str, Any]) -> Plan:
    sites = sites_named(given["sites"])
    _check_together(given, bool(sites))
    workload = load_workload(given["workload"])
    chosen: dict[str, Any] = dict(QUICK if given["quick"] else FULL)
    if given["quick"]:
        workload = replace(workload, users=min(workload.users, QUICK_USERS))
    if given["rounds"]:
        chosen["rounds"] = given["rounds"]
    if given["seconds"]:
        times: Times = chosen["times"]
        chosen["times"] = replace(times, measured=given["seconds"])
    if given["gently"]:
        chosen["bearing"] = ()
    rungs = tuple(sites) or rungs_named(ALL_RUNGS if given["rungs"] is None else given["rungs"])
    if not rungs:
        raise Misuse(f"No rung is named; there are: {ALL_RUNGS}.")
    if sites:
        chosen["failing"] = ()  # nothing is done to what is not ours
    return Plan(
        workload=workload,
        seed=given["seed"],
        rungs=rungs,
        bound_ms=given["bound"],
        rtt_ms=given["rtt"],
        sites={rung.name: url for rung, url in sites.items()},
        verifies=not given["insecure"],
        prices=_prices(given["prices_file"]),
        **chosen,
    )


def _check_together(given: dict[str, Any], has_sites: bool) -> None:
    """Raises Misuse for options that mean nothing beside each other."""
    if has_sites and given["rungs"] is not None:
        raise Misuse("Say with --site which systems are measured, or with --rungs which stacks are started, not both.")
    if has_sites and given["rtt"] > 0:
        raise Misuse("--rtt is put between the parts of a stack of the lab's own; with --site there is none.")
    if has_sites and given["prices_file"] is not None:
        raise Misuse("--prices are of CPU time, which cannot be seen with --site.")
    if given["insecure"] and not has_sites:
        raise Misuse("--insecure is for the certificates of what --site names, and it names nothing.")


def _made(plan: Plan, console: Console, keep: Callable[[Result], None]) -> Result:
    """As much as could be measured."""
    with (
        told_to_stop(),
        tempfile.TemporaryDirectory(prefix="hotseat-lab-") as folder,
        progress_bar(console, plan.steps) as progress,
    ):
        comparison = Comparison(plan, Path(folder), site_environ(), progress, keep)
        result = comparison.result
        try:
            asyncio.run(comparison.make())
        except KeyboardInterrupt:
            result.stopped = result.stopped or "it was interrupted"
        except (LabError, StackError) as error:
            result.stopped = f"{comparison.doing}: {_clause(str(error))}"
        except Exception as error:  # noqa: BLE001  # what was measured must not be lost by it
            result.stopped = f"{comparison.doing}: a mistake in the lab itself ({error!r})"
            console.print_exception()
        else:
            return result
        result.complete = False
    return result


def _clause(sentence: str) -> str:
    """To be put before a full stop."""
    return sentence.removesuffix(".")


def _prices(file: Path | None) -> Prices:
    if file is None:
        return Prices()
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Prices)
    except (msgspec.DecodeError, ValueError) as error:
        names = ", ".join(Prices.__struct_fields__)
        raise Misuse(f"{file} cannot be used for prices: {error}. There are {names}, each a number.") from error
