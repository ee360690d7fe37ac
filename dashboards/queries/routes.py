"""Rate, errors, duration: what the application says of its requests, by route."""

from dashboards.labels import INSTANCE, STREAMS, web
from dashboards.queries.counting import largest, quantile, rate, share
from dashboards.queries.modes import in_mode

_REQUESTS = "hotseat_http_requests_total"
WAITING = web("hotseat_http_request_duration_seconds_bucket", f'route!="{STREAMS}"')
FAILED = 'status="5xx"'
SHOWN = 8  # routes of a picture: those that have most of what it shows


def requests() -> str:
    """Per second, of all."""
    return _rate()


def requests_by_route() -> str:
    """Per second, of the busiest routes."""
    return f"topk({SHOWN}, {_rate('route')} > 0)"


def requests_by_instance() -> str:
    """Per second, of each instance."""
    return _rate(INSTANCE)


def failing_share() -> str:
    """The share of all requests that ended in an error of ours."""
    return share(_rate(matching=FAILED), _rate())


def failing_by_route() -> str:
    """The share of a route's requests that ended in an error of ours, of the worst routes."""
    failed = share(_rate("route", matching=FAILED), _rate("route"))
    return f"topk({SHOWN}, {failed})"


def waiting(q: float) -> str:
    """How long a request takes at most, for a share `q` of them."""
    return quantile(q, in_mode(rate(WAITING), "le"))


def waiting_by_route(q: float) -> str:
    """The same for the slowest routes."""
    return f"topk({SHOWN}, {quantile(q, in_mode(rate(WAITING), 'le', 'route'))})"


def imbalance() -> str:
    """Requests of the busiest instance, as multiples of the average: 1 is even."""
    return f"{largest(requests_by_instance())} / (avg({requests_by_instance()}) > 0)"


def _rate(*by: str, matching: str = 'status!=""') -> str:
    return in_mode(rate(web(_REQUESTS, matching)), *by)
