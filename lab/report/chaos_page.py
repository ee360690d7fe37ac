"""The page of a run of faults: the promises on top, each fault, what people noticed over time, and the proofs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from lab.chaos.results import PROMISES, ChaosResult, Scenario
from lab.chaos.timeline import Moment
from lab.checker.verdict import TITLES
from lab.report import chaos_words as words
from lab.report.charts import Chart, Labels, Span, over_faults, write_pngs
from lab.report.template import rendered

PAGE: Final = "chaos.html"
RESULT: Final = "chaos.json"


def write_chaos(result: ChaosResult, folder: Path) -> Path:
    """Writes the figures, the page and its charts as PNG into the folder; the page. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RESULT).write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    charts = chaos_charts(result)
    write_pngs(charts, folder)
    page = folder / PAGE
    page.write_text(render_chaos(result, charts), encoding="utf-8")
    return page


def render_chaos(result: ChaosResult, charts: Sequence[Chart]) -> str:
    """The page as HTML."""
    return rendered(
        "chaos_page.html",
        charts,
        result=result,
        words=words,
        promises=PROMISES,
        titles=TITLES,
        numbers=_numbers(result),
    )


def chaos_charts(result: ChaosResult) -> list[Chart]:
    """Two for each mode, where there are figures: how long people waited, and what memory answered."""
    numbers, drawn = _numbers(result), []
    for mode, moments in result.timelines.items():
        spans = [_span(each, numbers) for each in result.of(mode)]
        crosses = [each.at for each in moments if each.failed]
        note = "The numbers are those of the faults below; a cross is a second in which requests failed."
        if any(each.p50_ms is not None for each in moments):
            labels = Labels(f"waits-{mode}", f"How long did people wait? ({mode})", f"Second by second. {note}")
            lines = {
                "half of the answers": _line(moments, "p50_ms"),
                "99 of 100": _line(moments, "p99_ms"),
            }
            drawn.append(over_faults(labels, lines, spans, crosses, "ms", logarithmic=True))
        if any(each.hot_rate for each in moments):
            labels = Labels(f"hot-{mode}", f"What did memory answer? ({mode})", f"Of all lookups. {note}")
            lines = {"answered from memory": [(at, 100 * rate) for at, rate in _line(moments, "hot_rate")]}
            drawn.append(over_faults(labels, lines, spans, crosses, "% answered from memory"))
    return drawn


def _numbers(result: ChaosResult) -> dict[str, int]:
    """A number for each fault, the same in all modes."""
    return {name: number for number, name in enumerate(dict.fromkeys(each.name for each in result.scenarios), 1)}


def _span(scenario: Scenario, numbers: dict[str, int]) -> Span:
    return Span(scenario.began, scenario.over, str(numbers[scenario.name]))


def _line(moments: Sequence[Moment], field: str) -> list[tuple[float, float]]:
    return [(each.at, value) for each in moments if (value := getattr(each, field)) is not None]
