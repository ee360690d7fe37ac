"""Rate, errors and duration by route; and how evenly requests fall on instances and slots."""

from dashboards.board import Panel, Query, Row, Threshold
from dashboards.boards.empty import NO_PROCESS, NO_PROXY, NO_REQUESTS
from dashboards.boards.promised import FAILURES_PROMISED, LONGEST, SECONDS_PROMISED, TOO_MANY_FAILURES, TOO_SLOW
from dashboards.queries import processes, proxy, routes


def by_route() -> Row:
    """Which route is busy, fails, is slow."""
    return Row(
        "Which route? Rate, errors, duration",
        (
            Panel(
                "Which routes are busiest?",
                f"Requests per second of the {routes.SHOWN} busiest routes.",
                "stacked",
                "reqps",
                (Query(routes.requests_by_route(), "{{route}}"),),
                NO_REQUESTS,
                width=8,
            ),
            Panel(
                "Which routes fail?",
                f"The share of a route's requests that ended with a 5xx status; the {routes.SHOWN} worst. The line is "
                f"what is promised for all: {FAILURES_PROMISED}.",
                "lines",
                "percentunit",
                (Query(routes.failing_by_route(), "{{route}}"),),
                NO_REQUESTS,
                width=8,
                thresholds=(TOO_MANY_FAILURES,),
            ),
            Panel(
                "Which routes are slowest?",
                f"p99 of a route, without streams; the {routes.SHOWN} slowest. The line is what is promised for all: "
                f"{SECONDS_PROMISED}. Log-in and sign-up are slow on purpose: they hash passwords. {LONGEST}",
                "lines",
                "s",
                (Query(routes.waiting_by_route(0.99), "{{route}}"),),
                NO_REQUESTS,
                width=8,
                thresholds=(TOO_SLOW,),
            ),
        ),
    )


def balance() -> Row:
    """Whether instances have alike much to do."""
    return Row(
        "Is the load even?",
        (
            Panel(
                "How many requests does each get?",
                "Requests per second by instance.",
                "lines",
                "reqps",
                (Query(routes.requests_by_instance(), "{{instance}}"),),
                NO_REQUESTS,
                width=8,
            ),
            Panel(
                "How many people does each hold?",
                "People who were there within the last minute, by instance. One with more than its share sends some "
                "elsewhere when stickiness is on.",
                "lines",
                "none",
                (Query(processes.users(), "{{instance}}"),),
                NO_PROCESS,
                width=8,
            ),
            Panel(
                "How much does the busiest get?",
                "Requests of the busiest instance, as multiples of the average. 1 is even.",
                "lines",
                "none",
                (Query(routes.imbalance(), "busiest by average"),),
                NO_REQUESTS,
                width=8,
                thresholds=(Threshold(2, "red"),),
                least=1,
            ),
        ),
    )


def slots() -> Row:
    """HAProxy's side of it."""
    return Row(
        "What does HAProxy see?",
        (
            Panel(
                "What is answered at the door?",
                "Answers per second at HAProxy's door, by status.",
                "stacked",
                "reqps",
                (Query(proxy.answers(), "{{code}}"),),
                NO_PROXY,
                width=8,
                colours=(("2xx", "green"), ("3xx", "blue"), ("4xx", "yellow"), ("5xx", "red")),
            ),
            Panel(
                "How soon does each slot answer?",
                "Time until a slot began to answer, on average over its last 1,024 requests.",
                "lines",
                "s",
                (Query(proxy.response_seconds(), "{{server}}"),),
                NO_PROXY,
                width=8,
            ),
            Panel(
                "Does anybody wait for a slot?",
                "Requests that a slot is working on, and those that wait until one has room.",
                "lines",
                "none",
                (Query(proxy.sessions_by_slot(), "{{server}}"), Query(proxy.waiting_for_a_slot(), "waiting")),
                NO_PROXY,
                width=8,
                colours=(("waiting", "red"),),
            ),
        ),
    )
