"""What a request costs, by mode: calls, bytes, processor time, waiting."""

from dashboards.labels import MODE, OF_NO_REQUEST, web
from dashboards.queries.counting import all_along, quantile, rate, share
from dashboards.queries.modes import CHOSEN, STATELESS, STICKY, told_apart
from dashboards.queries.routes import WAITING

ENOUGH = 1  # requests per second: of fewer one sees what processes do by themselves
REQUESTS = web("hotseat_http_requests_total")
REDIS_CALLS = web("hotseat_backend_calls_total", 'backend="redis"', f'op!~"{OF_NO_REQUEST}"')
REDIS_BYTES = web("hotseat_backend_bytes_total", 'backend="redis"')
PROCESSOR = web("process_cpu_seconds_total")


def per_request(counter: str, *by: str) -> str:
    """What one request adds to `counter`, for each mode, while there are enough of them to tell."""
    return f"{told_apart(rate(counter), *by)} / on ({MODE}) group_left () ({requests()} > {ENOUGH})"


def per_request_all_along(counter: str, which: str = CHOSEN) -> str:
    """The same as one figure for each mode, over the whole time range of the board."""
    return share(*(all_along(told_apart(rate(each), which=which)) for each in (counter, REQUESTS)))


def saved(counter: str) -> str:
    """The share of a request's cost that stickiness saves, over the whole time range; nothing until both modes ran."""
    sticky, stateless = (f"sum({per_request_all_along(counter, mode)})" for mode in (STICKY, STATELESS))
    return f"1 - {sticky} / ({stateless} > 0)"


def waiting(q: float) -> str:
    """How long a request takes at most, for a share `q` of them, for each mode."""
    return quantile(q, told_apart(rate(WAITING), "le"))


def waiting_all_along(q: float) -> str:
    """The same over the whole time range."""
    return quantile(q, all_along(told_apart(rate(WAITING), "le")))


def requests() -> str:
    """Per second, for each mode."""
    return told_apart(rate(REQUESTS))


def failing() -> str:
    """The share of requests that ended in an error of ours, for each mode."""
    return share(told_apart(rate(web("hotseat_http_requests_total", 'status="5xx"'))), requests())
