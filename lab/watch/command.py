"""`hotseat watch`."""

import asyncio
import contextlib
import datetime
import sys
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import click
import msgspec
from rich.console import Console

from lab.errors import LabError
from lab.load.site import check_url, is_here, shown
from lab.surroundings import told_to_stop
from lab.terminal import complaints, new_folder, progress_bar
from lab.watch.results import WATCHED, WatchResult
from lab.watch.terminal import print_watch
from lab.watch.watching import HISTORY, NAMES, STEPS, Wanted
from lab.watch.watching import watch as watched
from lab.workload import load_workload

WORKLOAD: Final = "restless"  # its people do what promises are about
USERS: Final = 20
RATE: Final = 20.0
SETTING: Final = click.FloatRange(0.1, 1e9)


@click.command()
@click.argument("url")
@click.option("--seconds", type=click.FloatRange(1, 86_400), default=60.0, show_default=True, help="For how long.")
@click.option(
    "--doing",
    type=click.Choice(list(NAMES)),
    default="planned",
    show_default=True,
    help="What you are going to do to it: planned change (no request may fail), a kill (no GET may fail), an outage of "
    "Redis, MongoDB or S3 (the outage contract holds), or other (nothing is promised of single requests).",
)
@click.option("--mode", type=click.Choice(["sticky", "stateless"]), help="The mode it is in, for the record.")
@click.option("--bound-seconds", type=SETTING, default=2.0, show_default=True, help="Its HOT_STALENESS_SECONDS.")
@click.option("--idle-seconds", type=SETTING, default=1800.0, show_default=True, help="Its SESSION_IDLE_SECONDS.")
@click.option(
    "--absolute-seconds", type=SETTING, default=28_800.0, show_default=True, help="Its SESSION_ABSOLUTE_SECONDS."
)
@click.option("--workload", default=WORKLOAD, show_default=True, help="A preset's name, or a .toml file.")
@click.option(
    "--users", type=click.IntRange(2, 10_000), default=USERS, show_default=True, help="How many people at most."
)
@click.option("--rate", type=click.FloatRange(0.1, 10_000), default=RATE, show_default=True, help="Requests a second.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--insecure", is_flag=True, help="Take any certificate.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where the figures and the history go.")
def watch(url: str, **given: Any) -> None:
    """Use the system at URL like people do, and check every promise, while you break it yourself.

    Nothing is excused but what --doing says. The people it makes are removed afterwards. Exit code 1 if a promise was
    broken or it could not be watched to the end.
    """
    console = Console(highlight=False)
    with complaints():
        wanted = _wanted(url.rstrip("/"), given)
        out = given["out"] or new_folder("watch")
        console.print(_announced(wanted), "", markup=False)
        result = _watched(wanted, out, console)
        if not result.requests:
            raise LabError("\n".join([f"Nothing was watched. {result.stopped}", *result.left_behind]))
    print_watch(console, result)
    console.print(f"Figures and the history: {out}")
    if result.violations or not result.complete:
        sys.exit(1)


def _wanted(url: str, given: dict[str, Any]) -> Wanted:
    check_url(url)
    workload = load_workload(given["workload"])
    return Wanted(
        url=url,
        workload=replace(workload, users=min(workload.users, given["users"]), requests_per_second=given["rate"]),
        seconds=given["seconds"],
        doing=given["doing"],
        mode=given["mode"] or "",
        bound_seconds=given["bound_seconds"],
        idle_seconds=given["idle_seconds"],
        absolute_seconds=given["absolute_seconds"],
        seed=given["seed"],
        verifies=not given["insecure"],
    )


def _announced(wanted: Wanted) -> str:
    """What is going to be sent."""
    told = (
        f"{wanted.workload.users} people are going to sign up at {shown(wanted.url)}, and to send about "
        f"{wanted.workload.requests_per_second:g} requests a second for {wanted.seconds:g} s. They delete their "
        "accounts afterwards."
    )
    return told if is_here(wanted.url) else f"{told} This is not on this machine."


def _watched(wanted: Wanted, out: Path, console: Console) -> WatchResult:
    """As much as could be."""
    result = WatchResult(
        began=datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S UTC"),
        version=version("hotseat"),
        url=shown(wanted.url),
        doing=wanted.doing,
        workload=wanted.workload.name,
        seed=wanted.seed,
    )
    out.mkdir(parents=True, exist_ok=True)
    with told_to_stop(), progress_bar(console, STEPS) as progress:
        try:
            asyncio.run(watched(wanted, out, result, progress))
        except KeyboardInterrupt:
            result.stopped = "It was interrupted."
        except LabError as error:
            result.stopped = str(error)
    if result.requests:
        (out / WATCHED).write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    else:
        (out / HISTORY).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it was there, and holds something
            out.rmdir()
    return result
