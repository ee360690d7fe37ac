"""The page: the verdict on top, the charts that show it, every figure behind them, and how it was measured."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from lab.compare.results import PERCENTS, Result
from lab.compare.rungs import LADDER
from lab.compare.usage import PARTS
from lab.compare.verdict import verdict
from lab.report.charts import Chart, Labels, bars, over_time, percentiles, stacked, write_pngs
from lab.report.template import rendered

PAGE: Final = "report.html"
RESULT: Final = "result.json"
TITLES: Final = {rung.name: rung.title for rung in LADDER}
FAULTS: Final = {"kill": "an instance is killed", "restart": "all instances are restarted, one by one"}


def write_report(result: Result, folder: Path) -> Path:
    """Writes the figures, the page and its charts as PNG into the folder; the page. Raises OSError."""
    write_result(result, folder)
    charts = charts_of(result)
    write_pngs(charts, folder)
    page = folder / PAGE
    page.write_text(render(result, charts), encoding="utf-8")
    return page


def write_result(result: Result, folder: Path) -> None:
    """The figures alone; whoever reads the file meanwhile has those before or these. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / f"{RESULT}.new"
    half.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    half.replace(folder / RESULT)


def render(result: Result, charts: Sequence[Chart]) -> str:
    """The page as HTML."""
    return rendered("page.html", charts, result=result, verdict=verdict(result), titles=TITLES, parts=PARTS)


def charts_of(result: Result) -> list[Chart]:
    """Those for which there are figures."""
    there = result.measured()
    if not there:
        return []
    drawn = [*([] if result.outside else _of_meters(result, there)), _latency(result, there)]
    rates = {TITLES[rung]: rate.scaled(100) for rung in there if (rate := result.hot_rate(rung)) is not None}
    if result.outside and rates:
        labels = Labels(
            "hot", "What does memory answer?", "The share of lookups that was answered from memory, as shown."
        )
        drawn.append(bars(labels, rates, "% of lookups"))
    for failure in result.failures:
        what = FAULTS[failure.what]
        labels = Labels(
            f"{failure.what}-{failure.rung}",
            f"What happens when {what}?",
            f"{TITLES[failure.rung].capitalize()}: lookups answered from memory, second by second.",
        )
        drawn.append(over_time(labels, failure.moments, (failure.began, failure.ended), what))
    return drawn


def _of_meters(result: Result, there: Sequence[str]) -> list[Chart]:
    """What only a stack of the lab's own tells."""
    return [
        stacked(
            Labels(
                "cpu", "What does a request cost?", "CPU time per request by part; the line is the interval of the sum."
            ),
            {TITLES[rung]: {part: result.cpu_ms(rung, part).median for part in PARTS} for rung in there},
            {TITLES[rung]: result.cpu_ms(rung) for rung in there},
            "ms of CPU per request",
        ),
        bars(
            Labels("redis", "How often is Redis asked?", "Round trips to Redis per request, with their interval."),
            {TITLES[rung]: result.calls(rung, "redis") for rung in there},
            "round trips per request",
        ),
    ]


def _latency(result: Result, there: Sequence[str]) -> Chart:
    labels = Labels(
        "latency",
        "How long do people wait?",
        "From the moment a request was due to its whole answer; the median of all rounds.",
    )
    rows = {TITLES[rung]: {percent: result.latency_ms(rung, percent).median for percent in PERCENTS} for rung in there}
    return percentiles(labels, rows)
