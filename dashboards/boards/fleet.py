"""Fleet: what each route and each process does, and what it is short of."""

from typing import Final

from dashboards.board import Board, Panel, Query, Row, Threshold, Word
from dashboards.boards.events import EVENTS
from dashboards.queries import link, people, processes, proxy, routes, stores, tiers

_NO_REQUESTS: Final = "No requests in this time range."
_NO_PROXY: Final = "No word from HAProxy: choose its job and instance."
_NO_PROCESS: Final = "No word from any process in this time range."
_NO_COPIES: Final = "No hot copies: stickiness is off."
_INSTANCE: Final = "{{instance}}"


def board() -> Board:
    """The board of everyday."""
    return Board(
        uid="hotseat-fleet",
        title="3 Fleet",
        description="Is everything well, and if not, where? Rate, errors and duration by route; use, saturation and "
        "errors of processes, memory, link and stores; sessions and jobs.",
        rows=(
            _answer(),
            _routes(),
            _processes(),
            _copies(),
            _link(),
            _balance(),
            _slots(),
            _stores(),
            _redis(),
            _people(),
            _what_runs(),
        ),
        events=EVENTS,
    )


def _answer() -> Row:
    return Row(
        "Is everything well?",
        (
            Panel(
                "How busy?",
                "Requests per second of all web processes.",
                "stat",
                "reqps",
                (Query(routes.requests(), "requests"),),
                _NO_REQUESTS,
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
                _NO_REQUESTS,
                width=4,
                height=5,
                thresholds=(Threshold(0.001, "yellow"), Threshold(0.01, "red")),
                decimals=2,
            ),
            Panel(
                "Is it slow?",
                "p99 of the time from a request's headers to its answer's end, without streams. Promised: 250 ms.",
                "stat",
                "s",
                (Query(routes.waiting(0.99), "p99"),),
                _NO_REQUESTS,
                width=4,
                height=5,
                thresholds=(Threshold(0.1, "yellow"), Threshold(0.25, "red")),
                decimals=0,
            ),
            Panel(
                "Is it even?",
                "Requests of the busiest instance, as multiples of the average. 1 is even.",
                "stat",
                "none",
                (Query(routes.imbalance(), "busiest by average"),),
                _NO_REQUESTS,
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
                _NO_COPIES,
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


def _routes() -> Row:
    return Row(
        "Which route? Rate, errors, duration",
        (
            Panel(
                "Which routes are busiest?",
                f"Requests per second of the {routes.SHOWN} busiest routes.",
                "stacked",
                "reqps",
                (Query(routes.requests_by_route(), "{{route}}"),),
                _NO_REQUESTS,
                width=8,
            ),
            Panel(
                "Which routes fail?",
                f"The share of a route's requests that ended with a 5xx status; the {routes.SHOWN} worst. The line is "
                "what is promised for all: 0.1 %.",
                "lines",
                "percentunit",
                (Query(routes.failing_by_route(), "{{route}}"),),
                _NO_REQUESTS,
                width=8,
                thresholds=(Threshold(0.001, "red"),),
            ),
            Panel(
                "Which routes are slowest?",
                f"p99 of a route, without streams; the {routes.SHOWN} slowest. The line is what is promised for all: "
                "250 ms. Log-in and sign-up are slow on purpose: they hash passwords.",
                "lines",
                "s",
                (Query(routes.waiting_by_route(0.99), "{{route}}"),),
                _NO_REQUESTS,
                width=8,
                thresholds=(Threshold(0.25, "red"),),
            ),
        ),
    )


def _processes() -> Row:
    return Row(
        "Which process? Event loop, processor, memory, requests in flight",
        (
            Panel(
                "Are event loops late?",
                "How late an event loop wakes, 99 % of the time: everybody on that instance waits so long.",
                "lines",
                "s",
                (Query(processes.loop_lag(0.99), _INSTANCE),),
                _NO_PROCESS,
                width=6,
                thresholds=(Threshold(0.1, "red"),),
            ),
            Panel(
                "Who uses the processor?",
                "Processor seconds per second. A web process is one thread: at 1 it is full.",
                "lines",
                "percentunit",
                (Query(processes.processor(), _INSTANCE),),
                _NO_PROCESS,
                width=6,
                thresholds=(Threshold(0.9, "red"),),
            ),
            Panel(
                "Who uses memory?",
                "Resident memory of each process.",
                "lines",
                "bytes",
                (Query(processes.memory(), _INSTANCE),),
                _NO_PROCESS,
                width=6,
            ),
            Panel(
                "Who is working on how much?",
                "Requests being answered. HAProxy gives a process 128 at most; the rest waits there.",
                "lines",
                "none",
                (Query(processes.in_flight(), _INSTANCE),),
                _NO_PROCESS,
                width=6,
                thresholds=(Threshold(128, "red"),),
            ),
        ),
    )


def _copies() -> Row:
    return Row(
        "What do the hot copies do?",
        (
            Panel(
                "How full is memory?",
                "Bytes of hot copies by instance, and what each may hold (HOT_CACHE_BYTES).",
                "lines",
                "bytes",
                (Query(tiers.held_bytes(), _INSTANCE), Query(tiers.room(), "room")),
                _NO_PROCESS,
                width=8,
                colours=(("room", "red"),),
            ),
            Panel(
                "What is held?",
                "Hot copies of all instances, by region.",
                "stacked",
                "short",
                (Query(tiers.held_entries(), "{{region}}"),),
                _NO_PROCESS,
                width=8,
            ),
            Panel(
                "Why do copies go?",
                "Copies per second. capacity, expired, too_large: the cache gave them up. push: Redis said that they "
                "changed; own_write: this process changed them; flush, reconnect: they could have changed.",
                "stacked",
                "cps",
                (Query(tiers.given_up(), "{{reason}}"), Query(tiers.dropped(), "{{reason}}")),
                _NO_PROCESS,
                width=8,
            ),
        ),
    )


def _link() -> Row:
    return Row(
        "Can hot copies be trusted?",
        (
            Panel(
                "Which links are trusted?",
                "trusted: copies are answered. suspect: a heartbeat is overdue, Redis is asked. lost: the connection "
                "is gone. off: this Redis cannot be tracked; `hotseat status` says why.",
                "states",
                "none",
                (Query(link.states(), _INSTANCE),),
                _NO_COPIES,
                width=12,
                words=(
                    Word(1, "trusted", "green"),
                    Word(2, "suspect", "yellow"),
                    Word(3, "lost", "red"),
                    Word(4, "off", "text"),
                ),
                least=None,
            ),
            Panel(
                "How long is the lease still good?",
                "Seconds for which an instance may go on trusting its copies if no heartbeat is answered any more, at "
                "worst; B is the most. At 0 it asks Redis.",
                "lines",
                "s",
                (Query(link.lease(), _INSTANCE), Query(link.bound(), "B")),
                _NO_COPIES,
                width=12,
                colours=(("B", "red"),),
            ),
            Panel(
                "How soon are heartbeats answered?",
                "p99 of the time from a heartbeat to its answer.",
                "lines",
                "s",
                (Query(link.round_trip(0.99), "p99"),),
                _NO_COPIES,
                width=8,
            ),
            Panel(
                "Does word of changes arrive?",
                "Canaries per second: keys written through the other connection, by whether the tracked one was told "
                "of them. One that was missed ends the link.",
                "lines",
                "cps",
                (Query(link.canaries(), "{{result}}"),),
                _NO_COPIES,
                width=8,
                colours=(("landed", "green"), ("missed", "red")),
            ),
            Panel(
                "How many calls wait for Redis?",
                "Calls that wait for an answer, by instance. Past 8,192 they are refused.",
                "lines",
                "none",
                (Query(link.backlog(), _INSTANCE),),
                _NO_PROCESS,
                width=8,
                thresholds=(Threshold(8192, "red"),),
            ),
        ),
    )


def _balance() -> Row:
    return Row(
        "Is the load even?",
        (
            Panel(
                "How many requests does each get?",
                "Requests per second by instance.",
                "lines",
                "reqps",
                (Query(routes.requests_by_instance(), _INSTANCE),),
                _NO_REQUESTS,
                width=8,
            ),
            Panel(
                "How many people does each hold?",
                "People who were there within the last minute, by instance. One with more than its share sends some "
                "elsewhere when stickiness is on.",
                "lines",
                "none",
                (Query(processes.users(), _INSTANCE),),
                _NO_PROCESS,
                width=8,
            ),
            Panel(
                "How much does the busiest get?",
                "Requests of the busiest instance, as multiples of the average. 1 is even.",
                "lines",
                "none",
                (Query(routes.imbalance(), "busiest by average"),),
                _NO_REQUESTS,
                width=8,
                thresholds=(Threshold(2, "red"),),
                least=1,
            ),
        ),
    )


def _slots() -> Row:
    return Row(
        "What does HAProxy see?",
        (
            Panel(
                "What is answered at the door?",
                "Answers per second at HAProxy's door, by status.",
                "stacked",
                "reqps",
                (Query(proxy.answers(), "{{code}}"),),
                _NO_PROXY,
                width=8,
                colours=(("2xx", "green"), ("3xx", "blue"), ("4xx", "yellow"), ("5xx", "red")),
            ),
            Panel(
                "How soon does each slot answer?",
                "Time until a slot began to answer, on average over its last 1,024 requests.",
                "lines",
                "s",
                (Query(proxy.response_seconds(), "{{server}}"),),
                _NO_PROXY,
                width=8,
            ),
            Panel(
                "Does anybody wait for a slot?",
                "Requests that a slot is working on, and those that wait until one has room.",
                "lines",
                "none",
                (Query(proxy.sessions_by_slot(), "{{server}}"), Query(proxy.waiting_for_a_slot(), "waiting")),
                _NO_PROXY,
                width=8,
                colours=(("waiting", "red"),),
            ),
        ),
    )


def _stores() -> Row:
    return Row(
        "How are the stores?",
        (
            Panel(
                "How often are they asked?",
                "Round trips per second to each, of all processes.",
                "lines",
                "cps",
                (Query(stores.calls(), "{{backend}}"),),
                _NO_PROCESS,
                width=6,
            ),
            Panel(
                "How much goes to and fro?",
                "Bytes per second to and from each, of all processes.",
                "lines",
                "Bps",
                (Query(stores.bytes_moved(), "{{backend}} {{direction}}"),),
                _NO_PROCESS,
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


def _redis() -> Row:
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
                width=8,
                colours=(("used", "blue"), ("room", "red")),
            ),
            Panel(
                "How busy is Redis?",
                "Processor seconds per second. It works on one core: at 1 it is full.",
                "lines",
                "percentunit",
                (Query(stores.redis_processor(), "Redis"),),
                "The worker could not ask Redis.",
                width=8,
                thresholds=(Threshold(0.8, "red"),),
            ),
            Panel(
                "What does Redis refuse?",
                "Commands per second that Redis refused. OOM: it is full. READONLY: it is a replica. NOREPLICAS: it "
                "has lost its replicas. MISCONF: it cannot write to its disk.",
                "lines",
                "cps",
                (Query(stores.redis_refusals(), "{{code}}"),),
                _NO_PROCESS,
                width=8,
                colours=(("OOM", "red"),),
            ),
        ),
    )


def _people() -> Row:
    return Row(
        "What do people do, and what does the worker do for them?",
        (
            Panel(
                "What happens to sessions?",
                "Per second. started: log-ins. renewed: a new id. ended: log-outs and revocations. touched: noted that "
                "somebody is there; touch_saved: not yet worth noting; touch_lost: too late. refused: no such session.",
                "lines",
                "cps",
                (Query(people.sessions(), "{{event}}"),),
                _NO_PROCESS,
                width=6,
            ),
            Panel(
                "What is turned away, what was sent twice?",
                "Attempts to log in or sign up that were too many, and writes that had been done already.",
                "lines",
                "cps",
                (Query(people.throttled(), "too many log-ins"), Query(people.replays(), "sent twice")),
                _NO_PROCESS,
                width=6,
            ),
            Panel(
                "What does the worker get done?",
                "Jobs per second, by kind and by how they went.",
                "lines",
                "cps",
                (Query(people.jobs(), "{{job}}: {{result}}"),),
                "No job in this time range.",
                width=6,
            ),
            Panel(
                "How many exports wait?",
                "Exports that nobody has begun.",
                "lines",
                "none",
                (Query(people.queue_length(), "waiting"),),
                "No word from the worker.",
                width=6,
            ),
        ),
    )


def _what_runs() -> Row:
    return Row(
        "What runs?",
        (
            Panel(
                "What runs where, and since when?",
                "Each process with what it was started as.",
                "table",
                "dtdurations",
                (Query(processes.age(), ""),),
                _NO_PROCESS,
                width=24,
                columns=(
                    ("instance", "instance"),
                    ("version", "version"),
                    ("sticky_mode", "sticky"),
                    ("hot_cache", "hot copies"),
                    ("board_strategy", "board"),
                    ("Value", "running for"),
                ),
                least=None,
            ),
        ),
    )
