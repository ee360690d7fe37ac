"""Redis, MongoDB and S3, as the application and as Redis itself see them."""

from dashboards.board import Panel, Query, Row, Threshold
from dashboards.boards.empty import NO_PROCESS
from dashboards.queries import link, stores


def calls() -> Row:
    """Round trips to all three."""
    return Row(
        "How are the stores?",
        (
            Panel(
                "How often are they asked?",
                "Round trips per second to each, of all processes.",
                "lines",
                "cps",
                (Query(stores.calls(), "{{backend}}"),),
                NO_PROCESS,
                width=6,
            ),
            Panel(
                "How much goes to and fro?",
                "Bytes per second to and from each, of all processes.",
                "lines",
                "Bps",
                (Query(stores.bytes_moved(), "{{backend}} {{direction}}"),),
                NO_PROCESS,
                width=6,
            ),
            Panel(
                "Do they fail?",
                "The share of round trips that failed.",
                "lines",
                "percentunit",
                (Query(stores.failing_share(), "{{backend}}"),),
                "No round trips in this time range.",
                width=6,
                thresholds=(Threshold(0.01, "red"),),
            ),
            Panel(
                "How long do they take?",
                "p99 of a round trip.",
                "lines",
                "s",
                (Query(stores.seconds(0.99), "{{backend}}"),),
                "No round trips in this time range.",
                width=6,
            ),
        ),
    )


def redis() -> Row:
    """What Redis tells of itself."""
    return Row(
        "How is Redis itself?",
        (
            Panel(
                "How full is Redis?",
                "What Redis says it occupies, and may occupy. Full, it refuses writes: people can read and not write.",
                "lines",
                "bytes",
                (Query(stores.redis_memory(), "used"), Query(stores.redis_room(), "room")),
                "The worker could not ask Redis.",
                width=6,
                colours=(("used", "blue"), ("room", "red")),
            ),
            Panel(
                "How busy is Redis?",
                "Processor seconds per second. It works on one core: at 1 it is full.",
                "lines",
                "percentunit",
                (Query(stores.redis_processor(), "Redis"),),
                "The worker could not ask Redis.",
                width=6,
                thresholds=(Threshold(0.8, "red"),),
            ),
            Panel(
                "What does Redis refuse?",
                "Commands per second that Redis refused. OOM: it is full. READONLY: it is a replica. NOREPLICAS: it "
                "has lost its replicas. MISCONF: it cannot write to its disk.",
                "lines",
                "cps",
                (Query(stores.redis_refusals(), "{{code}}"),),
                NO_PROCESS,
                width=6,
                colours=(("OOM", "red"),),
            ),
            Panel(
                "How many calls wait for Redis?",
                "Calls that wait for an answer, by instance. Past 8,192 they are refused.",
                "lines",
                "none",
                (Query(link.backlog(), "{{instance}}"),),
                NO_PROCESS,
                width=6,
                thresholds=(Threshold(8192, "red"),),
            ),
        ),
    )
