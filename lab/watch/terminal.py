"""What was seen of a system, for a terminal."""

from typing import Final

from rich.console import Console
from rich.table import Table

from lab.chaos.results import PROMISES
from lab.compare.words import counted, in_percent
from lab.watch.results import WatchResult

MOST_TROUBLES: Final = 20
SILENT_SECONDS: Final = 3.0


def print_watch(console: Console, result: WatchResult) -> None:
    """When requests failed, all promises, and the smallest proof of each that was broken."""
    if result.troubles:
        console.print(_troubles(result), "")
    if result.findings:
        console.print(_promises(result), "")
    for finding in result.findings:
        if finding.story:
            console.print(f"{finding.story}\n", markup=False)
    for sentence in sentences(result):
        console.print(sentence, markup=False)


def sentences(result: WatchResult) -> list[str]:
    """All else that there is to say."""
    told = []
    if result.requests:
        told.append(
            f"{counted(result.requests, 'request')} in {result.seconds:.0f} s, of which {result.failed} failed and "
            f"{result.stale} were answered stale; the longest anybody waited was {result.longest_gap_seconds:.2f} s."
        )
        told += _instances(result)
    if result.served_last is None and result.requests:
        told.append("Nothing was served at all.")
    elif result.served_last is not None and result.seconds - result.served_last > SILENT_SECONDS:
        told.append(f"Since {result.served_last:.1f} s nothing was served any more.")
    told += result.left_behind
    last = f"{counted(result.violations, 'violation')} found"
    told.append(last if result.complete else f"{last}; not finished{': ' + result.stopped if result.stopped else ''}")
    return [each[0].upper() + each[1:] for each in told]


def _instances(result: WatchResult) -> list[str]:
    if not result.by_instance:
        return ["Its answers do not say which instance gave them (EVIDENCE=off there)."]
    told = f"Answered by {', '.join(f'{name} ({count})' for name, count in result.by_instance.items())}"
    if result.moved_share is not None:
        told += f"; {in_percent(result.moved_share)} of the requests came to another one than the one before"
    return [f"{told}."]


def _troubles(result: WatchResult) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in ("requests failed from s", "to s", "how many", "reads of them"):
        table.add_column(name, justify="right")
    for each in result.troubles[:MOST_TROUBLES]:
        table.add_row(f"{each.at:.1f}", f"{each.at + each.seconds:.1f}", str(each.failed), str(each.failed_reads))
    if len(result.troubles) > MOST_TROUBLES:
        table.add_row("...", "", f"{len(result.troubles) - MOST_TROUBLES} more", "")
    return table


def _promises(result: WatchResult) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("promise", no_wrap=True)
    table.add_column("")
    table.add_column("looked at by", justify="right")
    table.add_column("broken", justify="right")
    for each in sorted(result.findings, key=lambda found: PROMISES.index(found.promise)):
        table.add_row(f"{each.promise} {each.title}", each.state, f"{each.bore} requests", str(each.broken))
    return table
