"""Sessions, log-ins, and what the worker does for people."""

from dashboards.labels import chosen, web
from dashboards.queries.counting import largest, rate
from dashboards.queries.modes import in_mode, of_chosen_mode


def sessions() -> str:
    """What happened to sessions, per second."""
    return in_mode(rate(web("hotseat_sessions_total")), "event")


def throttled() -> str:
    """Attempts to log in or sign up per second that were too many."""
    return in_mode(rate(web("hotseat_login_throttled_total")))


def replays() -> str:
    """Writes per second that had been done already."""
    return in_mode(rate(web("hotseat_idempotent_replays_total")))


def jobs() -> str:
    """Jobs per second that the worker ended, by kind and by how it went.

    Prometheus calls it exported_job: job is the kind of process for it.
    """
    return f"{in_mode(rate(chosen('hotseat_jobs_total')), 'exported_job', 'result')} > 0"


def queue_age() -> str:
    """For how long the oldest export has been waiting."""
    return largest(of_chosen_mode(chosen("hotseat_queue_age_seconds")))


def queue_length() -> str:
    """How many exports are waiting."""
    return largest(of_chosen_mode(chosen("hotseat_queue_length")))
