"""The table of faults and promises, for a terminal."""

from rich.console import Console
from rich.table import Table

from lab.chaos.results import PROMISES, ChaosResult, Finding, Scenario


def print_chaos(console: Console, result: ChaosResult) -> None:
    """All faults, all promises, and the smallest proof of each that was broken."""
    if result.scenarios:
        console.print(_faults(result), "")
    for mode in dict.fromkeys(each.mode for each in result.findings):
        console.print(_promises(mode, [each for each in result.findings if each.mode == mode]), "")
    for finding in result.findings:
        if finding.story:
            console.print(f"In {finding.mode} mode:\n{finding.story}\n", markup=False)
    for scenario in result.scenarios:
        if scenario.error:
            console.print(f"{scenario.name}, {scenario.mode}: {scenario.error}", style="red")
    console.print(_last_word(result))


def _faults(result: ChaosResult) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("fault", no_wrap=True)
    table.add_column("mode")
    for name in ("requests", "failed", "stale", "settled s", "last failed s", "longest s"):
        table.add_column(name, justify="right")
    table.add_column("promises")
    for each in result.scenarios:
        table.add_row(
            each.name,
            each.mode,
            str(each.requests),
            str(each.failed),
            str(each.stale),
            "" if each.settled_seconds is None else f"{each.settled_seconds:.1f}",
            "" if each.recovered_seconds is None else f"{each.recovered_seconds:+.1f}",
            f"{each.longest_seconds:.2f}",
            _kept(each),
        )
    return table


def _kept(scenario: Scenario) -> str:
    if scenario.error:
        return "[red]did not settle[/red]"
    broken = ", ".join(f"{promise} {count}x" for promise, count in scenario.broken.items())
    return f"[red]{broken} broken[/red]" if broken else "kept"


def _promises(mode: str, findings: list[Finding]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(f"promise, {mode}", no_wrap=True)
    table.add_column("")
    table.add_column("looked at by", justify="right")
    table.add_column("broken", justify="right")
    table.add_column("excused", justify="right")
    for each in sorted(findings, key=lambda found: PROMISES.index(found.promise)):
        table.add_row(
            f"{each.promise} {each.title}", each.state, f"{each.bore} requests", str(each.broken), str(each.excused)
        )
    return table


def _last_word(result: ChaosResult) -> str:
    told = f"{len(result.scenarios)} faults, {result.violations} violations"
    if not result.complete:
        told += f"; not finished{': ' + result.stopped if result.stopped else ''}"
    return told
