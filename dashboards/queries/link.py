"""The tracked link to Redis, on which hot copies live and die, and its lease."""

from dashboards.labels import INSTANCE, web
from dashboards.queries.counting import OVER, largest, quantile, rate, share
from dashboards.queries.modes import in_mode, of_chosen_mode

_STATE = "hotseat_link_state"


def states() -> str:
    """For each process that has a link: 1 trusted, 2 suspect, 3 lost, 4 off."""
    numbers = {"trusted": 1, "suspect": 2, "lost": 3, "off": 4}
    numbered = " or ".join(f"{number} * {_in(state)}" for state, number in numbers.items())
    return f"{in_mode(f'({numbered})', INSTANCE)} > 0"


def trusted_share() -> str:
    """Links that are trusted, of all there are."""
    return share(in_mode(_in("trusted")), in_mode(web(_STATE)))


def round_trip(q: float) -> str:
    """Seconds from a heartbeat to its answer."""
    return quantile(q, in_mode(rate(web("hotseat_link_round_trip_seconds_bucket")), "le"))


def backlog() -> str:
    """Calls to Redis that wait for an answer."""
    return largest(of_chosen_mode(web("hotseat_link_backlog")), INSTANCE)


def lease() -> str:
    """For how many seconds more an instance may trust its copies, at worst."""
    return (
        f"min by ({INSTANCE}) (min_over_time({web('hotseat_lease_seconds')}[{OVER}])) and on ({INSTANCE}) {_has_link()}"
    )


def bound() -> str:
    """B: for how many seconds a copy may be answered after its truth changed."""
    return largest(web("hotseat_staleness_bound_seconds"))


def canaries() -> str:
    """Canaries per second: keys written through the other link, by whether the tracked one was told."""
    return in_mode(rate(web("hotseat_link_canaries_total")), "result")


def _in(state: str) -> str:
    return web(_STATE, f'state="{state}"')


def _has_link() -> str:
    return f"({in_mode(web(_STATE), INSTANCE)} > 0)"
