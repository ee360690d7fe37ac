"""How large a test of the whole stack is: a short form for the ordinary run, the whole one for `make chaos`."""

from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Size:
    """`users` and their requests per second together, how long nothing is done to them, how often is done what the
    test does. `judged`: whether there are enough figures for a promise about milliseconds."""

    users: int
    rate: float
    calm_seconds: float
    times: int
    judged: bool


SHORT = Size(users=12, rate=40, calm_seconds=1.5, times=1, judged=False)
WHOLE = Size(users=40, rate=100, calm_seconds=8, times=10, judged=True)

_WHOLE = pytest.param(WHOLE, id="whole", marks=[pytest.mark.chaos, pytest.mark.timeout(900)])

in_both_sizes = pytest.mark.parametrize("size", [pytest.param(SHORT, id="short"), _WHOLE])
whole_only = pytest.mark.parametrize("size", [_WHOLE])
