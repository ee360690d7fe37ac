"""What a simulation leaves behind: its figures as JSON, one page that needs nothing else, and the charts as PNG."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from lab.report.charts import Chart, Labels, lines, write_pngs
from lab.report.template import rendered
from lab.simulate.result import Result
from lab.simulate.tally import WINDOW_SECONDS

FILE: Final = "simulate.json"
PAGE: Final = "report.html"

Figure = Callable[[Result], float]

_BY_SIZE: Final[tuple[tuple[Labels, str, Figure], ...]] = (
    (
        Labels(
            "hot", "How much is found hot?", "The share of lookups that the asked instance answers from its memory."
        ),
        "% of lookups",
        lambda each: 100 * each.hit_rate,
    ),
    (
        Labels("trips", "How often is Redis asked?", "A pipeline is one trip; heartbeats and pulses are not in it."),
        "round trips per request",
        lambda each: each.trips_per_request,
    ),
    (
        Labels("reads", "How much is read there?", "Values of sessions, profiles and boards."),
        "values per request",
        lambda each: each.reads_per_request,
    ),
    (
        Labels("told", "How much does a write invalidate?", "Messages by which Redis tells who holds a copy of it."),
        "messages per write",
        lambda each: each.told_per_write,
    ),
    (
        Labels("busiest", "How evenly is the work spread?", "Requests of the busiest instance; 1 is evenly."),
        "times the mean",
        lambda each: each.imbalance,
    ),
    (
        Labels("memory", "What do the copies take?", "Of each instance's memory, on average."),
        "MB",
        lambda each: each.bytes_mean / 1e6,
    ),
)


class Kept(msgspec.Struct, frozen=True):
    """A simulation: the options it was given, a result for each fleet and routing, and what these say in sentences.

    `complete` is false if it was interrupted; the results are then those of the runs that were done.
    """

    complete: bool
    options: dict[str, Any]
    results: list[Result]
    words: list[str]


def write_report(kept: Kept, folder: Path) -> Path:
    """The figures, and of those that there are the page and its charts; returns the page. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    charts = charts_of(kept.results)
    write_pngs(charts, folder)
    page = folder / PAGE
    page.write_text(render(kept, charts), encoding="utf-8")
    return page


def render(kept: Kept, charts: Sequence[Chart]) -> str:
    """The page as HTML."""
    kinds = list(dict.fromkeys(felt.change for each in kept.results for felt in each.changes))
    felt = [{change.change: change for change in each.changes} for each in kept.results]
    return rendered("simulation_page.html", charts, kept=kept, kinds=kinds, felt=felt)


def charts_of(results: Sequence[Result]) -> list[Chart]:
    """Each figure against the size of the fleet, and the hit rate of the largest one over time; none of nothing."""
    if not results:
        return []
    routings = dict.fromkeys(each.routing for each in results)
    drawn = [
        lines(
            labels,
            {
                name: {float(each.instances): figure(each) for each in results if each.routing == name}
                for name in routings
            },
            "instances",
            unit,
            by_size=True,
        )
        for labels, unit, figure in _BY_SIZE
    ]
    largest = max(each.instances for each in results)
    there = [each for each in results if each.instances == largest]
    labels = Labels(
        "over-time",
        f"What happens to {largest:,} instances?",
        f"Everybody's lookups that are found hot, in every {WINDOW_SECONDS} s; dotted where something is done.",
    )
    rows = {
        each.routing: {
            float(place * WINDOW_SECONDS + WINDOW_SECONDS): 100 * rate for place, rate in enumerate(each.over_time)
        }
        for each in there
    }
    drawn.append(
        lines(labels, rows, "seconds", "% of lookups", marks={felt.at: felt.change for felt in there[0].changes})
    )
    return drawn
