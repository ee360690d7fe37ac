"""The stack's own Prometheus has the rules and alerts, and can evaluate them on what it scrapes."""

from collections.abc import Callable

from told import groups_of

from dashboards.rules import ALERTS, RECORDING
from deploy.local import Stack

EVALUATED_WITHIN_SECONDS = 30.0  # every 15 s, and Prometheus spreads them over that
LONG = {group.name for group in RECORDING if group.interval != "15s"}


def test_prometheus_has_all_rules_and_each_can_be_evaluated(stack: Stack, eventually: Callable[..., None]) -> None:
    """As many as are written down, at the interval that is; none in error on the series of a real stack."""
    written = {group.name: len(group.rules) for group in (*RECORDING, *ALERTS)}
    assert {group["name"]: len(group["rules"]) for group in groups_of(stack)} == written
    assert {group["name"]: group["interval"] for group in groups_of(stack)} == {
        group.name: 60 if group.name in LONG else 15 for group in (*RECORDING, *ALERTS)
    }

    def all_well() -> bool:
        rules = [(group["name"], rule) for group in groups_of(stack) for rule in group["rules"]]
        wrong = [f"{rule['name']}: {rule.get('lastError')}" for _, rule in rules if rule["health"] == "err"]
        assert not wrong, wrong
        # The long windows are evaluated once a minute only.
        return all(rule["health"] == "ok" for name, rule in rules if name not in LONG)

    eventually(all_well, EVALUATED_WITHIN_SECONDS, 0.5)
