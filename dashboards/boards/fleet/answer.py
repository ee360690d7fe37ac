"""Is everything well? The numbers to look at first."""

from dashboards.board import Panel, Query, Row, Threshold
from dashboards.boards.empty import NO_COPIES, NO_REQUESTS
from dashboards.boards.promised import LONGEST, SECONDS_PROMISED, TOO_SLOW
from dashboards.queries import link, people, routes


def answer() -> Row:
    """Six numbers."""
    return Row(
        "Is everything well?",
        (
            Panel(
                "How busy?",
                "Requests per second of all web processes.",
                "stat",
                "reqps",
                (Query(routes.requests(), "requests"),),
                NO_REQUESTS,
                width=4,
                height=5,
                base="blue",
            ),
            Panel(
                "Is it failing?",
                "The share of requests that ended with a 5xx status.",
                "stat",
                "percentunit",
                (Query(routes.failing_share(), "failing"),),
                NO_REQUESTS,
                width=4,
                height=5,
                thresholds=(Threshold(0.001, "yellow"), Threshold(0.01, "red")),
                decimals=2,
            ),
            Panel(
                "Is it slow?",
                "p99 of the time from a request's headers to its answer's end, without streams. Promised: "
                f"{SECONDS_PROMISED}. {LONGEST}",
                "stat",
                "s",
                (Query(routes.waiting(0.99), "p99"),),
                NO_REQUESTS,
                width=4,
                height=5,
                thresholds=(Threshold(0.1, "yellow"), TOO_SLOW),
                decimals=0,
            ),
            Panel(
                "Is it even?",
                "Requests of the busiest instance, as multiples of the average. 1 is even.",
                "stat",
                "none",
                (Query(routes.imbalance(), "busiest by average"),),
                NO_REQUESTS,
                width=4,
                height=5,
                thresholds=(Threshold(1.5, "yellow"), Threshold(2, "red")),
                decimals=1,
            ),
            Panel(
                "Are links trusted?",
                "The share of processes with a tracked link to Redis that may trust their hot copies.",
                "stat",
                "percentunit",
                (Query(link.trusted_share(), "trusted"),),
                NO_COPIES,
                width=4,
                height=5,
                base="red",
                thresholds=(Threshold(0.5, "yellow"), Threshold(1, "green")),
                decimals=0,
            ),
            Panel(
                "Is the worker behind?",
                "How long the oldest export has been waiting.",
                "stat",
                "s",
                (Query(people.queue_age(), "waiting"),),
                "No word from the worker.",
                width=4,
                height=5,
                thresholds=(Threshold(60, "yellow"), Threshold(300, "red")),
                decimals=0,
            ),
        ),
    )
