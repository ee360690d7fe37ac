"""What each process uses of its machine, and what it is."""

from typing import Final

from dashboards.board import Panel, Query, Row, Threshold
from dashboards.boards.empty import NO_PROCESS
from dashboards.queries import processes

INSTANCE: Final = "{{instance}}"


def by_process() -> Row:
    """Event loop, processor, memory, requests in flight."""
    return Row(
        "Which process? Event loop, processor, memory, requests in flight",
        (
            Panel(
                "Are event loops late?",
                "How late an event loop wakes, 99 % of the time: everybody on that instance waits so long.",
                "lines",
                "s",
                (Query(processes.loop_lag(0.99), INSTANCE),),
                NO_PROCESS,
                width=6,
                thresholds=(Threshold(0.1, "red"),),
            ),
            Panel(
                "Who uses the processor?",
                "Processor seconds per second. A web process is one thread: at 1 it is full.",
                "lines",
                "percentunit",
                (Query(processes.processor(), INSTANCE),),
                NO_PROCESS,
                width=6,
                thresholds=(Threshold(0.9, "red"),),
            ),
            Panel(
                "Who uses memory?",
                "Resident memory of each process.",
                "lines",
                "bytes",
                (Query(processes.memory(), INSTANCE),),
                NO_PROCESS,
                width=6,
            ),
            Panel(
                "Who is working on how much?",
                "Requests being answered. HAProxy gives a process 128 at most; the rest waits there.",
                "lines",
                "none",
                (Query(processes.in_flight(), INSTANCE),),
                NO_PROCESS,
                width=6,
                thresholds=(Threshold(128, "red"),),
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
