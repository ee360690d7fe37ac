"""What a stack's Prometheus says of its rules and alerts."""

import json
import urllib.request
from typing import Any

from deploy.local import Stack


def groups_of(stack: Stack) -> list[dict[str, Any]]:
    """Its groups of rules, as `/rules` shows them."""
    groups: list[dict[str, Any]] = _asked(stack, "rules")["groups"]
    return groups


def told(stack: Stack, *states: str) -> set[str]:
    """The names of the alerts in one of these states; without any: of all that are firing or about to."""
    alerts = _asked(stack, "alerts")["alerts"]
    return {alert["labels"]["alertname"] for alert in alerts if not states or alert["state"] in states}


def _asked(stack: Stack, what: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://{stack.admin_address('prometheus')}/api/v1/{what}", timeout=5) as answer:
        data: dict[str, Any] = json.load(answer)["data"]
        return data
