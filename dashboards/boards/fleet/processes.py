"""What each process uses of its machine, and what it is."""

from dashboards.board import Panel, Query, Row, Threshold
from dashboards.boards.empty import NO_PROCESS
from dashboards.queries import processes


def by_process() -> Row:
    """Event loop, processor, memory, requests in flight."""
    return Row(
        "Which process? Event loop, processor, memory, requests in flight",
        (
            _of_each(
                "Are event loops late?",
                "How late an event loop wakes, 99 % of the time: everybody on that instance waits so long.",
                "s",
                processes.loop_lag(0.99),
                too_much=0.1,
            ),
            _of_each(
                "Who uses the processor?",
                "Processor seconds per second. A web process is one thread: at 1 it is full.",
                "percentunit",
                processes.processor(),
                too_much=0.9,
            ),
            _of_each("Who uses memory?", "Resident memory of each process.", "bytes", processes.memory()),
            _of_each(
                "Who is working on how much?",
                "Requests being answered. HAProxy gives a process 128 at most; the rest waits there.",
                "none",
                processes.in_flight(),
                too_much=128,
            ),
        ),
    )


def what_runs() -> Row:
    """Versions, modes, ages."""
    return Row(
        "What runs?",
        (
            Panel(
                "What runs where, and since when?",
                "Each process with what it was started as.",
                "table",
                "dtdurations",
                (Query(processes.age(), ""),),
                NO_PROCESS,
                width=24,
                height=7,
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


def _of_each(title: str, description: str, unit: str, expression: str, *, too_much: float | None = None) -> Panel:
    return Panel(
        title,
        description,
        "lines",
        unit,
        (Query(expression, "{{instance}}"),),
        NO_PROCESS,
        width=6,
        thresholds=() if too_much is None else (Threshold(too_much, "red"),),
    )
