"""What was promised and what is left of it, from the recorded rules.

The rules are recorded for the whole fleet, under a job and an instance of their own.
"""

from dashboards.labels import chosen
from dashboards.queries.counting import OVER


def kept(slo: str, window: str) -> str:
    """The share that was good."""
    return f"1 - {chosen(f'slo:failure_ratio:rate{window}', _is(slo))}"


def failing(window: str) -> str:
    """The share that was not, for each promise."""
    return chosen(f"slo:failure_ratio:rate{window}")


def budget_left() -> str:
    """The share of the error budget that would be left if the last three days were the whole period.

    Twice as much gone as there was is as bad as any more: a bad hour would press all else to the picture's upper edge.
    """
    return f"clamp_min({chosen('slo:error_budget_left:ratio_rate3d')}, -1)"


def burn(long: str, short: str) -> str:
    """How fast the budget is used over both windows, that is, over the one in which it is used more slowly.

    1 uses it up exactly at the end of the period.
    """
    over_long, over_short = (chosen(f"slo:burn_rate:rate{window}") for window in (long, short))
    return f"{over_long} < {over_short} or {over_short} <= {over_long}"


def events() -> str:
    """How much there is to judge by, per second."""
    return chosen("slo:events:rate5m")


def firing() -> str:
    """Alerts that are firing, each as 1."""
    firing = chosen("fleet:alerts_firing:info")
    return f"max by (alertname, severity) (max_over_time({firing}[{OVER}]))"


def _is(slo: str) -> str:
    return f'slo="{slo}"'
