"""A small dashboard with a panel of each kind, over the figures of `recorded`."""

import json
from typing import Any

import msgspec

from dashboards.drawing.board import Board

KINDS = ("stat", "bargauge", "timeseries", "state-timeline", "table", "text", "row")


def panel(kind: str, *targets: dict[str, Any], title: str = "", **more: Any) -> dict[str, Any]:
    """One panel as Grafana writes it."""
    asked = [{"refId": letter, **target} for letter, target in zip("ABCD", targets, strict=False)]
    made = {
        "id": 1,
        "type": kind,
        "title": title or f"What does a {kind} say?",
        "description": f"A {kind}.",
        "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
        "targets": asked,
        "fieldConfig": {"defaults": {"unit": "reqps", "noValue": "Nobody asked."}, "overrides": []},
        "options": {},
    }
    defaults = more.pop("defaults", {})
    made["fieldConfig"]["defaults"].update(defaults)
    return {**made, **more}


def board(*panels: dict[str, Any], **more: Any) -> Board:
    """A dashboard of these panels."""
    written = {
        "uid": "sample",
        "title": "A sample",
        "description": "What it is for.",
        "panels": [
            {**each, "id": number, "gridPos": {**each["gridPos"], "y": 8 * number}}
            for number, each in enumerate(panels, 1)
        ],
        "templating": {"list": VARIABLES},
        "annotations": {"list": ANNOTATIONS},
        "links": [],
        "schemaVersion": 41,
        "unheardOf": {"is": "passed over"},
        **more,
    }
    return msgspec.json.decode(json.dumps(written).encode(), type=Board)


RATE = {
    "expr": 'sum by (instance) (rate(requests_total{job=~"$job"}[$__rate_interval]))',
    "legendFormat": "{{instance}}",
}
STATES = {
    "mappings": [
        {"type": "value", "options": {"0": {"text": "down", "color": "red"}, "1": {"text": "up", "color": "green"}}}
    ]
}
VARIABLES = [
    {"name": "datasource", "type": "datasource", "query": "prometheus"},
    {
        "name": "job",
        "type": "query",
        "label": "Job",
        "query": {"query": "label_values(up, job)", "refId": "v"},
        "multi": True,
        "includeAll": True,
        "allValue": ".+",
        "current": {"text": ["All"], "value": ["$__all"]},
    },
    {
        "name": "instance",
        "type": "query",
        "query": 'label_values(up{job=~"$job"}, instance)',
        "multi": True,
        "includeAll": True,
        "current": {},
    },
]
ANNOTATIONS = [
    {
        "name": "Kills",
        "enable": True,
        "expr": '1000 * began_seconds{job=~"$job"}',
        "titleFormat": "kill {{instance}}",
        "useValueForTime": True,
        "iconColor": "red",
    },
    {"name": "Downs", "enable": True, "target": {"expr": "up == bool 0"}, "titleFormat": "down {{instance}}"},
    {"name": "Nobody asks for these", "enable": False, "expr": "(", "titleFormat": ""},
]


def every_kind() -> Board:
    """A panel of each."""
    return board(
        panel("row", title="All kinds"),
        panel("stat", {**RATE, "instant": True}, options={"reduceOptions": {"calcs": ["lastNotNull"]}}),
        panel("bargauge", {**RATE, "instant": True}),
        panel("timeseries", RATE),
        panel("state-timeline", {"expr": "up", "legendFormat": "{{instance}}"}, defaults={"unit": "none", **STATES}),
        panel("table", {"expr": "held_bytes", "instant": True, "format": "table"}, defaults={"unit": "bytes"}),
        panel("text", options={"content": "**Read** the [runbook](https://example.org/runbook)."}),
    )
