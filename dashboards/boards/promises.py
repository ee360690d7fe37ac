"""Promises: what people were promised, what they got, and how long the budget for errors will last."""

from typing import Final

from dashboards.board import Board, Panel, Query, Row, Threshold, Word
from dashboards.boards.both_modes import COLOURS, LEGEND
from dashboards.boards.empty import NO_REQUESTS
from dashboards.boards.events import EVENTS
from dashboards.queries import cost, objectives

_NOTHING_YET: Final = "Nothing to judge by yet, or the fleet is not among the instances chosen."
_SLO: Final = "{{slo}}"
_COLOURS: Final = (("availability", "green"), ("latency", "blue"), ("freshness", "purple"))
_BUDGET: Final = (Threshold(0, "yellow"), Threshold(0.25, "green"))
# How long, and what for: the pairs of windows that alerts look at.
_WINDOWS: Final = (
    ("1h", "5m", "pages at 14.4: a month's budget would be gone in two days"),
    ("6h", "30m", "pages at 6: gone in five days"),
    ("1d", "2h", "writes a ticket at 3: gone in ten days"),
    ("3d", "6h", "writes a ticket at 1: gone at the month's end"),
)


def board() -> Board:
    """The board of those who answer for the site."""
    return Board(
        uid="hotseat-promises",
        title="4 Promises",
        description="Three promises: 99.9 % of requests are answered without an error of ours, 99 % within 250 ms, and "
        "hot reads are fresh within B. Recorded for the whole fleet, so leave job and instance at All.",
        rows=(_answer(), _alerts(), _budget(), _kept(), _by_mode(), _burn()),
        events=EVENTS,
        time_from="now-6h",
        refresh="1m",
    )


def _answer() -> Row:
    return Row(
        "Are the promises kept?",
        (
            _now("Are requests answered?", objectives.AVAILABILITY, 0.999, "without a 5xx status at HAProxy's door"),
            _now("Are they answered in time?", objectives.LATENCY, 0.99, "within 250 ms"),
            _now("Are hot reads fresh?", objectives.FRESHNESS, 0.9999, "fresh within B, of those that were checked"),
            Panel(
                "What is left of the budget?",
                "The share of the error budget that would be left if the last three days were the whole period. Below "
                "0 more went wrong than was allowed.",
                "stat",
                "percentunit",
                (Query(objectives.budget_left(), _SLO),),
                _NOTHING_YET,
                width=6,
                height=6,
                base="red",
                thresholds=_BUDGET,
                decimals=0,
                least=None,
            ),
        ),
    )


def _now(title: str, slo: str, promised: float, what: str) -> Panel:
    return Panel(
        title,
        f"The share of the last hour's requests that were {what}. Promised: {promised * 100:g} %."
        if slo != objectives.FRESHNESS
        else f"The share of the last hour's hot reads that were {what}. Promised: {promised * 100:g} %.",
        "stat",
        "percentunit",
        (Query(objectives.kept(slo, "1h"), slo),),
        _NOTHING_YET,
        width=6,
        height=6,
        base="red",
        thresholds=(Threshold(promised, "green"),),
        decimals=3,
        least=None,
    )


def _kept() -> Row:
    return Row(
        "What share went wrong?",
        (
            Panel(
                "What share goes wrong just now?",
                "The share of events that broke a promise, over five minutes.",
                "lines",
                "percentunit",
                (Query(objectives.failing("5m"), _SLO),),
                _NOTHING_YET,
                colours=_COLOURS,
            ),
            Panel(
                "How much is there to judge by?",
                "Events per second that count: requests at the door, timed requests, checked hot reads.",
                "lines",
                "cps",
                (Query(objectives.events(), _SLO),),
                _NOTHING_YET,
                colours=_COLOURS,
            ),
        ),
    )


def _by_mode() -> Row:
    return Row(
        "Does it matter to the promises whether people are kept where they are?",
        (
            Panel(
                "What share fails in either mode?",
                "The share of requests that ended with a 5xx status of the application's, for each mode.",
                "lines",
                "percentunit",
                (Query(cost.failing(), LEGEND),),
                NO_REQUESTS,
                colours=COLOURS,
                thresholds=(Threshold(0.001, "red"),),
            ),
            Panel(
                "How long do the slowest 1 in 100 wait in either mode?",
                "p99 of the time from a request's headers to its answer's end, without streams, for each mode. The "
                "line is what is promised: 250 ms.",
                "lines",
                "s",
                (Query(cost.waiting(0.99), LEGEND),),
                NO_REQUESTS,
                colours=COLOURS,
                thresholds=(Threshold(0.25, "red"),),
            ),
        ),
    )


def _budget() -> Row:
    return Row(
        "How long will the budget last?",
        (
            Panel(
                "How does the budget go?",
                "The share of the error budget that would be left if the three days before were the whole period.",
                "lines",
                "percentunit",
                (Query(objectives.budget_left(), _SLO),),
                _NOTHING_YET,
                width=24,
                colours=_COLOURS,
                thresholds=(Threshold(0, "green"),),
                base="red",
                least=None,
                most=1,
            ),
        ),
    )


def _burn() -> Row:
    return Row(
        "How fast is it used?",
        tuple(
            Panel(
                f"Does it burn over {long}, and still over {short}?",
                f"How fast the error budget is used: 1 uses it up exactly at the end of the period. An alert {what}; "
                "both windows have to be above it.",
                "lines",
                "none",
                (
                    Query(objectives.burn(long), f"{_SLO} {long}"),
                    Query(objectives.burn(short), f"{_SLO} {short}"),
                ),
                _NOTHING_YET,
                thresholds=(threshold,),
            )
            for (long, short, what), threshold in zip(
                _WINDOWS,
                (Threshold(14.4, "red"), Threshold(6, "red"), Threshold(3, "orange"), Threshold(1, "orange")),
                strict=True,
            )
        ),
    )


def _alerts() -> Row:
    return Row(
        "What is alerting?",
        (
            Panel(
                "Which alerts are firing?",
                "Each alert while it fires; the runbook says what to do. Empty is good.",
                "states",
                "none",
                (Query(objectives.firing(), "{{alertname}} ({{severity}})"),),
                "No alert is firing.",
                width=24,
                height=6,
                words=(Word(1, "firing", "red"),),
                least=None,
            ),
        ),
    )
