"""The lines that are drawn where a figure breaks a promise; the numbers are those of the rules."""

from typing import Final

from dashboards.board import Threshold
from dashboards.rules.budgets import AVAILABILITY, SLOW_SECONDS

TOO_MANY_FAILURES: Final = Threshold(float(AVAILABILITY.budget), "red")
TOO_SLOW: Final = Threshold(float(SLOW_SECONDS), "red")
FAILURES_PROMISED: Final = f"{float(AVAILABILITY.budget) * 100:g} %"
LONGEST: Final = "5 s, the end of its last bucket, may be any longer time."
SECONDS_PROMISED: Final = f"{float(SLOW_SECONDS) * 1000:g} ms"
