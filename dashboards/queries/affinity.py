"""Whether people are served where they were before, and if not, why."""

from dashboards.labels import MOVED, web
from dashboards.queries.counting import added, rate, total
from dashboards.queries.modes import in_mode

_OUTCOMES = "hotseat_affinity_total"


def outcomes() -> str:
    """The share of requests by where HAProxy sent them."""
    by_outcome, everything = _rate("outcome"), _rate()
    return f"{by_outcome} / on () group_left () ({everything} > 0)"


def moved() -> str:
    """Moves per second, by reason; cookies that had expired or were made up besides."""
    return _rate("outcome", matching=f'outcome=~"{MOVED}|expired|forged"')


def moved_in_all() -> str:
    """How many moves there were in the board's time range."""
    moves = web(_OUTCOMES, f'outcome=~"{MOVED}"')
    return f"round({added(total(moves))})"


def _rate(*by: str, matching: str = 'outcome!=""') -> str:
    return in_mode(rate(web(_OUTCOMES, matching)), *by)
