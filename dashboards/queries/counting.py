"""Rates, shares and quantiles, each in its one right form."""

from typing import Final

OVER: Final = "$__rate_interval"
WHOLE: Final = "$__range"
STEPS: Final = f"[{WHOLE}:$__interval]"  # the time range of the board, step by step


def rate(counter: str) -> str:
    """Per second; a restart of what counts does no harm."""
    return f"rate({counter}[{OVER}])"


def total(counter: str) -> str:
    """How much came in over the board's time range."""
    return f"increase({counter}[{WHOLE}])"


def added(expression: str, *by: str) -> str:
    """The sum over all series, or over those with the same values of `by`."""
    return f"sum by ({', '.join(by)}) ({expression})" if by else f"sum({expression})"


def largest(expression: str, *by: str) -> str:
    """The largest of all series, or of those with the same values of `by`."""
    return f"max by ({', '.join(by)}) ({expression})" if by else f"max({expression})"


def share(part: str, whole: str) -> str:
    """`part` of `whole`; nothing where `whole` is 0, since there is no answer then."""
    return f"{part} / ({whole} > 0)"


def quantile(q: float, buckets: str) -> str:
    """Of a histogram whose buckets are rates, added up by `le` and whatever tells histograms apart.

    Nothing where nothing was observed; PromQL itself would say that it is not a number.
    """
    return f"histogram_quantile({q}, {buckets}) >= 0"


def all_along(expression: str) -> str:
    """What `expression` adds up to over the board's time range, in steps."""
    return f"sum_over_time(({expression}){STEPS})"
