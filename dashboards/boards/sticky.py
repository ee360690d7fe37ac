"""Sticky or stateless? Both modes side by side, and what the one saves over the other."""

from typing import Final

from dashboards.board import Board, Panel, Query, Row, Threshold
from dashboards.boards.both_modes import COLOURS, LEGEND, STATELESS, STICKY
from dashboards.boards.empty import NO_REQUESTS, NOT_HOT, TOO_FEW
from dashboards.boards.events import EVENTS
from dashboards.boards.promised import LONGEST, SECONDS_PROMISED, TOO_SLOW
from dashboards.queries import affinity, cost, link, modes, tiers

_TIERS: Final = (("memory", "green"), ("Redis", "yellow"), ("made anew", "red"))


def board() -> Board:
    """The board an engineer decides by."""
    return Board(
        uid="hotseat-sticky",
        title="1 Sticky or stateless?",
        description="Does it pay to keep users where their data is hot? Both modes over the same time range; switch "
        "with `hotseat sticky on` and `hotseat sticky off` while there are requests.",
        rows=(_answer(), _tiers(), _cost(), _waiting(), _freshness(), _affinity()),
        events=EVENTS,
    )


def _answer() -> Row:
    return Row(
        "Does stickiness pay?",
        (
            Panel(
                "What does stickiness save?",
                "The share of a request's calls to Redis that are not made when it is on: 1 minus calls per request "
                "when on by calls per request when off, each over the whole time range. Calls that no request causes "
                "(heartbeats, staleness checks, hand-over) are left out. The choice of a mode does not matter here.",
                "stat",
                "percentunit",
                (Query(cost.saved(cost.REDIS_CALLS), "Redis calls saved"),),
                "Needs requests in both modes.",
                width=6,
                height=5,
                base="red",
                thresholds=(Threshold(0, "yellow"), Threshold(0.3, "green")),
                decimals=0,
                least=None,
            ),
            _in_either_mode(
                "How many calls to Redis per request?",
                "Calls to Redis per request, over the whole time range, for each mode.",
                "none",
                cost.per_request_all_along(cost.REDIS_CALLS),
                decimals=2,
            ),
            _in_either_mode(
                "How much processor time per request?",
                "Processor time of the web processes per request, over the whole time range, for each mode. With few "
                "requests it is mostly what an idle process uses.",
                "s",
                cost.per_request_all_along(cost.PROCESSOR),
                decimals=2,
            ),
            _in_either_mode(
                "How long does 1 in 100 wait?",
                "p99 of the time from a request's headers to its answer's end, over the whole time range, for each "
                f"mode, without streams. Read from a histogram, so rough. {LONGEST}",
                "s",
                cost.waiting_all_along(0.99),
                decimals=1,
            ),
        ),
    )


def _in_either_mode(title: str, description: str, unit: str, expression: str, *, decimals: int) -> Panel:
    return Panel(
        title,
        description,
        "stat",
        unit,
        (Query(expression, LEGEND),),
        NO_REQUESTS,
        width=6,
        height=5,
        colours=COLOURS,
        decimals=decimals,
    )


def _tiers() -> Row:
    return Row(
        "Where do answers come from?",
        (
            _who_answers("Who answers when it is on?", modes.STICKY, "No lookups with stickiness on."),
            _who_answers("Who answers when it is off?", modes.STATELESS, "No lookups with stickiness off."),
        ),
    )


def _who_answers(title: str, which: str, empty: str) -> Panel:
    return Panel(
        title,
        "The share of lookups that was answered from the instance's own memory, from Redis, or had to be made anew.",
        "stacked",
        "percentunit",
        (
            Query(tiers.answered(tiers.FROM_MEMORY, which), "memory"),
            Query(tiers.answered(tiers.FROM_REDIS, which), "Redis"),
            Query(tiers.answered(tiers.MADE_ANEW, which), "made anew"),
        ),
        empty,
        colours=_TIERS,
        most=1,
    )


def _cost() -> Row:
    return Row(
        "What does a request cost?",
        (
            Panel(
                "How often does a request ask Redis?",
                "Calls to Redis per request, those aside that no request causes, while there is a request a second.",
                "lines",
                "none",
                (Query(cost.per_request(cost.REDIS_CALLS), LEGEND),),
                TOO_FEW,
                width=8,
                colours=COLOURS,
            ),
            Panel(
                "How much goes to and from Redis?",
                "Bytes between the web processes and Redis per request, heartbeats and staleness checks included, "
                "while there is a request a second.",
                "lines",
                "bytes",
                (Query(cost.per_request(cost.REDIS_BYTES, "direction"), f"{LEGEND}, {{{{direction}}}}"),),
                TOO_FEW,
                width=8,
                colours=(
                    (f"{STICKY}, received", "green"),
                    (f"{STICKY}, sent", "blue"),
                    (f"{STATELESS}, received", "orange"),
                    (f"{STATELESS}, sent", "red"),
                ),
            ),
            Panel(
                "What processor time does a request take?",
                "Processor time of the web processes per request, what they use by themselves included, while there "
                "is a request a second.",
                "lines",
                "s",
                (Query(cost.per_request(cost.PROCESSOR), LEGEND),),
                TOO_FEW,
                width=8,
                colours=COLOURS,
            ),
        ),
    )


def _waiting() -> Row:
    return Row(
        "How long do people wait?",
        (
            Panel(
                "How many requests are there to judge by?",
                "Requests per second in each mode. Compare stretches that are alike.",
                "lines",
                "reqps",
                (Query(cost.requests(), LEGEND),),
                NO_REQUESTS,
                width=8,
                colours=COLOURS,
            ),
            Panel(
                "How long does every second one wait at most?",
                "p50 of the time from a request's headers to its answer's end, without streams.",
                "lines",
                "s",
                (Query(cost.waiting(0.5), LEGEND),),
                NO_REQUESTS,
                width=8,
                colours=COLOURS,
            ),
            Panel(
                "How long do the slowest 1 in 100 wait?",
                f"p99 of the same. The line is what is promised: {SECONDS_PROMISED}. {LONGEST}",
                "lines",
                "s",
                (Query(cost.waiting(0.99), LEGEND),),
                NO_REQUESTS,
                width=8,
                colours=COLOURS,
                thresholds=(TOO_SLOW,),
            ),
        ),
    )


def _freshness() -> Row:
    return Row(
        "Is what comes from memory fresh?",
        (
            Panel(
                "How many nines of hot hits were fresh?",
                "2 says that 99 % were fresh, 3 that 99.9 % were. Of the hot hits in this time range some were "
                "compared with Redis; what that tells of the rest, with 95 % confidence, grows with the number of "
                "checks: 3,000 without a stale one give 3.",
                "stat",
                "none",
                (Query(tiers.freshness_nines(), "nines"),),
                "No hot hit was checked yet.",
                width=6,
                base="red",
                thresholds=(Threshold(1, "yellow"), Threshold(2, "green")),
                decimals=1,
            ),
            Panel(
                "What came of the checks?",
                "fresh: the same as in Redis. overtaken: Redis had a newer one, and the copy was dropped in time, as "
                "promised. stale: it was still trusted after B; the promise was broken. unknown: Redis did not answer.",
                "stacked",
                "cps",
                (Query(tiers.checks(), "{{result}}"),),
                "No hot hit was checked.",
                width=9,
                colours=(("fresh", "green"), ("overtaken", "blue"), ("stale", "red"), ("unknown", "text")),
            ),
            Panel(
                "How soon does a copy hear of a write?",
                "Time from a write to the arrival of its invalidation, half and 99 % of them. B is how long a copy may "
                "be answered after its truth changed.",
                "lines",
                "s",
                (
                    Query(tiers.invalidation_lag(0.5), "half"),
                    Query(tiers.invalidation_lag(0.99), "99 %"),
                    Query(link.bound(), "B"),
                ),
                "No invalidation: hot copies are off.",
                width=9,
                colours=(("half", "green"), ("99 %", "yellow"), ("B", "red")),
            ),
        ),
    )


def _affinity() -> Row:
    return Row(
        "Are people served where they belong?",
        (
            Panel(
                "Where did HAProxy send requests?",
                "The share of requests by outcome. kept: where the browser belongs. new: it belonged nowhere yet. "
                "moved: elsewhere, because its instance was down, was leaving, or had too many users. expired, forged: "
                "its cookie was too old, or not one of ours. When stickiness is off nobody belongs anywhere.",
                "stacked",
                "percentunit",
                (Query(affinity.outcomes(), "{{outcome}}"),),
                "Nobody belongs anywhere: stickiness is off.",
                colours=_OUTCOMES,
                most=1,
            ),
            Panel(
                "How much of memory's lookups were hits?",
                "Hits per lookup of the hot tier, for each instance. A process that has just begun starts warm if it "
                "could preload, and cold if not.",
                "lines",
                "percentunit",
                (Query(tiers.memory_hit_rate(), "{{instance}}"),),
                NOT_HOT,
                most=1,
            ),
        ),
    )


_OUTCOMES: Final = (
    ("kept", "green"),
    ("new", "blue"),
    ("moved_down", "red"),
    ("moved_drain", "yellow"),
    ("moved_rebalance", "purple"),
    ("expired", "text"),
    ("forged", "orange"),
)
