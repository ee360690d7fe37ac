"""What people do, and what the worker does for them."""

from dashboards.board import Panel, Query, Row
from dashboards.boards.empty import NO_PROCESS
from dashboards.queries import people


def people_and_worker() -> Row:
    """Sessions, log-ins, jobs, the queue."""
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
                NO_PROCESS,
                width=6,
            ),
            Panel(
                "What is turned away, what was sent twice?",
                "Attempts to log in or sign up that were too many, and writes that had been done already.",
                "lines",
                "cps",
                (Query(people.throttled(), "too many log-ins"), Query(people.replays(), "sent twice")),
                NO_PROCESS,
                width=6,
            ),
            Panel(
                "What does the worker get done?",
                "Jobs per second, by kind and by how they went.",
                "lines",
                "cps",
                (Query(people.jobs(), "{{exported_job}}: {{result}}"),),
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
