"""Promises: what people were promised, what they got, and how long the budget for errors will last."""

from collections.abc import Mapping
from typing import Final

from dashboards.board import Board, Colour, Panel, Query, Row, Threshold, Word
from dashboards.boards.both_modes import COLOURS, LEGEND
from dashboards.boards.empty import NO_REQUESTS
from dashboards.boards.events import EVENTS
from dashboards.boards.promised import LONGEST, SECONDS_PROMISED, TOO_MANY_FAILURES, TOO_SLOW
from dashboards.queries import cost, objectives
from dashboards.rules.budgets import AVAILABILITY, BURNS, FRESHNESS, LATENCY, Burn, Slo
from dashboards.rules.rule import Severity

_NOTHING_YET: Final = "Nothing to judge by yet, or the fleet is not among the instances chosen."
_SLO: Final = "{{slo}}"
_COLOURS: Final = (("availability", "green"), ("latency", "blue"), ("freshness", "purple"))
_BUDGET: Final = (Threshold(0, "yellow"), Threshold(0.25, "green"))
_SEVERITIES: Final[Mapping[Severity, tuple[str, Colour]]] = {
    "page": ("wakes somebody up", "red"),
    "ticket": ("is looked at in the morning", "orange"),
}


def board() -> Board:
    """The board of those who answer for the site."""
    return Board(
        uid="hotseat-promises",
        title="4 Promises",
        description="Are requests answered without an error of ours and in time, are hot reads fresh, and what is left "
        "of the budget for errors? Recorded for the whole fleet, so leave job and instance at All.",
        rows=(_answer(), _alerts(), _budget(), _kept(), _by_mode(), _burn()),
        events=EVENTS,
        time_from="now-6h",
        refresh="1m",
    )


def _answer() -> Row:
    return Row(
        "Are the promises kept?",
        (
            _now("Are requests answered?", AVAILABILITY, "requests that got no 5xx status at HAProxy's door"),
            _now("Are they answered in time?", LATENCY, f"requests that took {SECONDS_PROMISED} at most"),
            _now("Are hot reads fresh?", FRESHNESS, "checked hot reads that were fresh within B"),
            Panel(
                "What is left of the budget?",
                "The share of the error budget that would be left if the last three days were the whole period. Below "
                "0 more went wrong than was allowed; -100 % is twice as much, or worse.",
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


def _now(title: str, slo: Slo, what: str) -> Panel:
    promised = float(slo.objective)
    return Panel(
        title,
        f"The share of the last hour's {what}. Promised: {promised * 100:g} %.",
        "stat",
        "percentunit",
        (Query(objectives.kept(slo.name, "1h"), slo.name),),
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
                thresholds=(TOO_MANY_FAILURES,),
            ),
            Panel(
                "How long do the slowest 1 in 100 wait in either mode?",
                "p99 of the time from a request's headers to its answer's end, without streams, for each mode. The "
                f"line is what is promised: {SECONDS_PROMISED}. {LONGEST}",
                "lines",
                "s",
                (Query(cost.waiting(0.99), LEGEND),),
                NO_REQUESTS,
                colours=COLOURS,
                thresholds=(TOO_SLOW,),
            ),
        ),
    )


def _budget() -> Row:
    return Row(
        "How long will the budget last?",
        (
            Panel(
                "How does the budget go?",
                "The share of the error budget that would be left if the three days before were the whole period; "
                "-100 % is twice as much gone as there was, or worse.",
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
    return Row("How fast is it used?", tuple(_burning(burn) for burn in BURNS))


def _burning(burn: Burn) -> Panel:
    what, colour = _SEVERITIES[burn.severity]
    return Panel(
        f"Does it burn over {burn.long}, and still over {burn.short}?",
        "How fast the error budget is used, the lower of both windows: 1 uses it up exactly at the end of the period. "
        f"Past {burn.rate} it {what}.",
        "lines",
        "none",
        (Query(objectives.burn(burn.long, burn.short), _SLO),),
        _NOTHING_YET,
        colours=_COLOURS,
        thresholds=(Threshold(float(burn.rate), colour),),
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
