"""How much of itself each process uses, and what it is."""

from dashboards.labels import INSTANCE, MODE, PROCESS, chosen, web
from dashboards.queries.counting import largest, quantile, rate
from dashboards.queries.modes import in_mode, mode, of_chosen_mode


def loop_lag(q: float) -> str:
    """How late each event loop wakes, for a share `q` of its turns."""
    return quantile(q, in_mode(rate(chosen("hotseat_event_loop_lag_seconds_bucket")), "le", INSTANCE))


def processor() -> str:
    """Processor seconds per second: 1 is a core that does nothing else."""
    return in_mode(rate(chosen("process_cpu_seconds_total")), INSTANCE)


def memory() -> str:
    """Resident memory."""
    return in_mode(chosen("process_resident_memory_bytes"), INSTANCE)


def in_flight() -> str:
    """Requests being answered."""
    return in_mode(web("hotseat_requests_in_flight"), INSTANCE)


def users() -> str:
    """People who were here within the last minute."""
    return in_mode(web("hotseat_users"), INSTANCE)


def leaving() -> str:
    """For how long a process has been leaving; 0 if it is not."""
    return largest(of_chosen_mode(chosen("hotseat_drain_seconds")), INSTANCE)


def age() -> str:
    """How long each process has been running, with what runs there."""
    what = f"{MODE}, hot_cache, board_strategy, version"
    running = f"(time() - {chosen('process_start_time_seconds')})"
    return f"{running} * on ({PROCESS}) group_left ({what}) {mode()}"
