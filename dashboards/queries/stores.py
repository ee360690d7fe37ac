"""Redis, MongoDB and S3, as the application sees them."""

from dashboards.labels import chosen
from dashboards.queries.counting import added, largest, quantile, rate, share
from dashboards.queries.modes import in_mode, of_chosen_mode

_CALLS = "hotseat_backend_calls_total"


def calls() -> str:
    """Round trips per second."""
    return _rate("backend")


def redis_calls_by_operation() -> str:
    """Round trips to Redis per second, by what for."""
    calls = rate(chosen(_CALLS, 'backend="redis"'))
    return f"{in_mode(calls, 'op')} > 0"


def failing_share() -> str:
    """The share of round trips that failed."""
    return share(_rate("backend", 'result="error"'), _rate("backend"))


def seconds(q: float) -> str:
    """How long a round trip takes at most, for a share `q` of them."""
    return quantile(q, in_mode(rate(chosen("hotseat_backend_call_duration_seconds_bucket")), "le", "backend"))


def away() -> str:
    """1 while anybody finds the service away, 0 while all find it there."""
    return largest(of_chosen_mode(chosen("hotseat_outage_state")), "backend")


def bytes_moved() -> str:
    """Bytes per second to and from each service."""
    return in_mode(rate(chosen("hotseat_backend_bytes_total")), "backend", "direction")


def redis_memory() -> str:
    """What Redis itself says it occupies."""
    return largest(chosen("hotseat_redis_memory_bytes"))


def redis_room() -> str:
    """How much it may occupy, where it has a limit."""
    return f"{largest(chosen('hotseat_redis_memory_limit_bytes'))} > 0"


def redis_processor() -> str:
    """Processor seconds per second of Redis: it has one core to itself at most."""
    return largest(rate(chosen("hotseat_redis_cpu_seconds_total")))


def redis_refusals() -> str:
    """Commands per second that Redis refused, and why."""
    return added(rate(chosen("hotseat_redis_refusals_total")), "code")


def _rate(by: str, *matchers: str) -> str:
    return in_mode(rate(chosen(_CALLS, *matchers)), by)
