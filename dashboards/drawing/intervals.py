"""Times as Grafana and Prometheus write them, and how finely a panel asks: the same steps as Grafana's.

A step is the range divided by the points there is room for, rounded to a step that people can read, and never finer
than Prometheus scrapes. `$__rate_interval` is four scrapes or a step and a scrape, whichever is longer, so that a rate
always has two values to be made of (Grafana: "Prometheus template variables").
"""

import math
import re
from dataclasses import dataclass
from typing import Final

DEFAULT_SCRAPE_SECONDS: Final = 15.0  # Grafana's, if a data source does not say
MOST_POINTS: Final = 11_000  # Prometheus refuses more

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "y": 31_536_000.0}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])")
# Up to the first number of seconds, a step of the second; Grafana's table (RoundInterval).
_ROUNDED: Final = (
    (0.010, 0.001),
    (0.015, 0.010),
    (0.035, 0.020),
    (0.075, 0.050),
    (0.150, 0.100),
    (0.350, 0.200),
    (0.750, 0.500),
    (1.5, 1),
    (3.5, 2),
    (7.5, 5),
    (12.5, 10),
    (17.5, 15),
    (25, 20),
    (45, 30),
    (90, 60),
    (210, 120),
    (450, 300),
    (750, 600),
    (1050, 900),
    (1500, 1200),
    (2700, 1800),
    (5400, 3600),
    (9000, 7200),
    (16_200, 10_800),
    (32_400, 21_600),
    (86_400, 43_200),
    (604_800, 86_400),
    (1_814_400, 604_800),
)
_LONGEST: Final = 2_592_000.0


@dataclass(frozen=True)
class Span:
    """The time that is shown, in seconds since 1970."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start

    def aligned(self, step: float) -> "Span":
        """Both ends at multiples of the step, as Grafana asks."""
        return Span(math.floor(self.start / step) * step, math.floor(self.end / step) * step)


def seconds_of(text: str) -> float:
    """`15m` or `1h30m`; 0.0 for what is no duration."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return 0.0
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def written(seconds: float) -> str:
    """As Prometheus reads it, in the largest unit that divides it."""
    milliseconds = round(seconds * 1000)
    for unit in ("d", "h", "m", "s"):
        size = round(_UNITS[unit] * 1000)
        if milliseconds and milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


def step_seconds(span: Span, *, points: int, finest: float) -> float:
    """How far apart the values of a panel with room for so many points are."""
    exact = span.seconds / max(1, points)
    step = finest if exact < finest else rounded(exact)
    return max(step, rounded(2 * span.seconds / MOST_POINTS))  # twice, as rounding may almost halve it


def rate_seconds(step: float, scrape: float) -> float:
    return max(step + scrape, 4 * scrape)


def rounded(seconds: float) -> float:
    return next((float(step) for up_to, step in _ROUNDED if seconds <= up_to), _LONGEST)
