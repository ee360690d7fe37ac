"""Failover: what a restart, a drain or a kill did to people, and how soon it was over."""

from typing import Final

from dashboards.board import Board, Panel, Query, Row, Threshold, Word
from dashboards.boards.empty import NO_PROCESS, NO_PROXY, NO_REQUESTS, NO_WEB, NOT_HOT
from dashboards.boards.events import EVENTS
from dashboards.boards.promised import FAILURES_PROMISED, LONGEST, SECONDS_PROMISED, TOO_MANY_FAILURES, TOO_SLOW
from dashboards.queries import affinity, processes, proxy, routes, stores, tiers

SLOT_STATES: Final = (Word(1, "serves", "green"), Word(2, "leaving", "yellow"), Word(3, "down", "red"))


def board() -> Board:
    """The board to look at while something breaks."""
    return Board(
        uid="hotseat-failover",
        title="2 Failover",
        description="Something was restarted, drained or killed: did anybody notice, who was moved, and is it over?",
        rows=(_answer(), _slots(), _noticed(), _moved(), _behind(), _away()),
        events=EVENTS,
        time_from="now-30m",
    )


def _answer() -> Row:
    return Row(
        "Did anybody notice?",
        (
            Panel(
                "How many requests failed?",
                "Answers with a 5xx status at HAProxy's door in this time range.",
                "stat",
                "none",
                (Query(proxy.failed_in_all(), "failed"),),
                NO_PROXY,
                width=6,
                height=5,
                thresholds=(Threshold(1, "yellow"), Threshold(100, "red")),
                decimals=0,
            ),
            Panel(
                "Do all slots serve now?",
                "Slots that serve, of all that are open. Closed slots do not count.",
                "stat",
                "percentunit",
                (Query(proxy.up_share(), "serving"),),
                NO_PROXY,
                width=6,
                height=5,
                base="red",
                thresholds=(Threshold(0.5, "yellow"), Threshold(1, "green")),
                decimals=0,
            ),
            Panel(
                "How many times was somebody moved?",
                "Requests in this time range that came out elsewhere than their browser belonged, because its instance "
                "was down, leaving, or had too many users. 0 when stickiness is off: nobody belongs anywhere.",
                "stat",
                "none",
                (Query(affinity.moved_in_all(), "moved"),),
                NO_WEB,
                width=6,
                height=5,
                base="blue",
                decimals=0,
            ),
            Panel(
                "What was the longest gap?",
                "The most seconds at a stretch for which HAProxy had no use of an open slot, and for which it had "
                "none at all to send anybody to. Others serve meanwhile, so the first is nobody's waiting.",
                "stat",
                "s",
                (Query(proxy.longest_gap_of_a_slot(), "one slot"), Query(proxy.longest_gap_of_all(), "all slots")),
                NO_PROXY,
                width=6,
                height=5,
                colours=(("one slot", "blue"),),
                thresholds=(Threshold(0.5, "red"),),
                decimals=0,
            ),
        ),
    )


def _slots() -> Row:
    return Row(
        "What happened, and when?",
        (
            Panel(
                "Which slot served when?",
                "Each open slot as HAProxy sees it. A restart does not show here: the successor is ready before the "
                "old process goes. A kill is red until the next process answers; a gap between two scrapes does not "
                "show, but is counted below.",
                "states",
                "none",
                (Query(proxy.states(), "{{server}}"),),
                NO_PROXY,
                width=24,
                height=7,
                words=SLOT_STATES,
                least=None,
            ),
        ),
    )


def _noticed() -> Row:
    return Row(
        "What reached people, and what was kept from them?",
        (
            Panel(
                "What share of requests failed?",
                "Answers with a 5xx status at HAProxy's door, of all answers. The line is what is promised: "
                f"{FAILURES_PROMISED}.",
                "lines",
                "percentunit",
                (Query(proxy.failing_share(), "failed"),),
                NO_PROXY,
                thresholds=(TOO_MANY_FAILURES,),
                colours=(("failed", "red"),),
            ),
            Panel(
                "What did HAProxy put right?",
                "Requests it sent again, and of those the ones that went to another slot; connections that could not "
                "be made; answers that broke off. Reads are sent again; writes only if nobody has seen them.",
                "lines",
                "cps",
                (
                    Query(proxy.retries(), "sent again"),
                    Query(proxy.redispatches(), "to another slot"),
                    Query(proxy.connection_errors(), "no connection"),
                    Query(proxy.broken_answers(), "broken off"),
                ),
                NO_PROXY,
                colours=(
                    ("sent again", "blue"),
                    ("to another slot", "purple"),
                    ("no connection", "yellow"),
                    ("broken off", "red"),
                ),
            ),
        ),
    )


def _moved() -> Row:
    return Row(
        "Who was moved, and are they warm again?",
        (
            Panel(
                "Why were people moved?",
                "Requests per second that came out elsewhere than their browser belonged. moved_down: its instance "
                "did not answer. moved_drain: it was leaving. moved_rebalance: it had too many users. expired, forged: "
                "the cookie was too old, or not one of ours.",
                "stacked",
                "reqps",
                (Query(affinity.moved(), "{{outcome}}"),),
                NO_WEB,
                colours=(
                    ("moved_down", "red"),
                    ("moved_drain", "yellow"),
                    ("moved_rebalance", "purple"),
                    ("expired", "text"),
                    ("forged", "orange"),
                ),
            ),
            Panel(
                "How deep did the hit rate dip, and is it back?",
                "Hits per lookup of the hot tier, for each instance.",
                "lines",
                "percentunit",
                (Query(tiers.memory_hit_rate(), "{{instance}}"),),
                NOT_HOT,
                most=1,
            ),
        ),
    )


def _behind() -> Row:
    return Row(
        "How hard was it on the rest?",
        (
            Panel(
                "How long do the slowest 1 in 100 wait?",
                "p99 of the time from a request's headers to its answer's end, without streams. The line is what is "
                f"promised: {SECONDS_PROMISED}. {LONGEST}",
                "lines",
                "s",
                (Query(routes.waiting(0.99), "p99"),),
                NO_REQUESTS,
                width=6,
                thresholds=(TOO_SLOW,),
            ),
            Panel(
                "What is Redis asked for?",
                "Calls to Redis per second, by what for. After a kill the moved users are read once each.",
                "stacked",
                "cps",
                (Query(stores.redis_calls_by_operation(), "{{op}}"),),
                "No calls to Redis in this time range.",
                width=6,
            ),
            Panel(
                "How much had to be made anew?",
                "Answers per second that neither memory nor Redis had, by region.",
                "lines",
                "cps",
                (Query(tiers.loads(), "{{region}}"),),
                "Nothing had to be made anew.",
                width=6,
            ),
            Panel(
                "How much was made hot ahead?",
                "Copies per second that a process preloaded when it began, from the names its forerunner left.",
                "lines",
                "cps",
                (Query(tiers.preloaded(), "{{instance}}"),),
                NO_WEB,
                width=6,
            ),
        ),
    )


def _away() -> Row:
    return Row(
        "Who was away, and for how long?",
        (
            Panel(
                "How long was each slot down?",
                "Seconds in this time range for which HAProxy had no use of an open slot.",
                "bars",
                "s",
                (Query(proxy.down_seconds(), "{{server}}"),),
                NO_PROXY,
                width=6,
                thresholds=(Threshold(1, "yellow"), Threshold(30, "red")),
                decimals=0,
            ),
            Panel(
                "How long has each process been leaving?",
                "Seconds since it was told to leave; 0 if it was not. It may take DRAIN_SECONDS (25).",
                "lines",
                "s",
                (Query(processes.leaving(), "{{instance}}"),),
                NO_PROCESS,
                width=6,
                thresholds=(Threshold(25, "red"),),
            ),
            Panel(
                "Are people shown old copies?",
                "Answers per second that were past their time, and marked so. outage: a copy stood in for a Redis that "
                "could not be reached. error: a value stood in for one that could not be made.",
                "lines",
                "cps",
                (Query(tiers.stale_answers(), "{{reason}}"),),
                NO_WEB,
                width=6,
            ),
            Panel(
                "Is a store away?",
                "Red while any process finds Redis, MongoDB or S3 away.",
                "states",
                "none",
                (Query(stores.away(), "{{backend}}"),),
                NO_PROCESS,
                width=6,
                words=(Word(0, "there", "green"), Word(1, "away", "red")),
                least=None,
            ),
        ),
    )
