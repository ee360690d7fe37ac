"""What can be wrong with what is asked of the dashboards, or with the Prometheus that is asked.

DrawingError
├── Misuse          a time, a variable or a dashboard that does not exist
├── NoPrometheus    nothing answers there, or something that is no Prometheus
└── QueryFailed     Prometheus refuses one query, or does not answer it in bounds
"""


class DrawingError(Exception):
    """A sentence for whoever called the command."""

    exit_code = 1


class Misuse(DrawingError):
    exit_code = 2


class NoPrometheus(DrawingError):
    pass


class QueryFailed(DrawingError):
    pass
