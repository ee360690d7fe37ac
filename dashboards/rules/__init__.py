"""Recording rules and alerts for Prometheus: what is promised, what is measured of it, and what a person is called for.

`written()` is what `dashboards/generated/` holds of them; the same every time, byte for byte.
"""

from collections.abc import Mapping

from dashboards.rules.budgets import BUDGET_ALERTS, LONG_WINDOWS, OBJECTIVES, SHORT_WINDOWS
from dashboards.rules.recording import OFTEN_ASKED
from dashboards.rules.rule import EVERY_SECONDS, Alert, Group, Record
from dashboards.rules.symptoms import SYMPTOMS
from dashboards.rules.writing import text_of

_OFTEN = f"{EVERY_SECONDS}s"

RECORDING = (
    Group("hotseat-fleet", _OFTEN, OFTEN_ASKED),
    Group("hotseat-slo", _OFTEN, (*OBJECTIVES, *SHORT_WINDOWS)),
    Group("hotseat-slo-long", "1m", LONG_WINDOWS),
)
ALERTS = (
    Group("hotseat-budgets", _OFTEN, BUDGET_ALERTS),
    Group("hotseat-symptoms", _OFTEN, SYMPTOMS),
)

__all__ = ["ALERTS", "RECORDING", "Alert", "Group", "Record", "written"]


def written() -> Mapping[str, str]:
    """Names of files and their texts: `recording.yml` and `alerts.yml`, for Prometheus's `rule_files`."""
    return {"recording.yml": text_of(RECORDING), "alerts.yml": text_of(ALERTS)}
