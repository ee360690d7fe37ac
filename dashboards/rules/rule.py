"""The two kinds of rules, and the groups in which Prometheus evaluates them one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

RUNBOOK = "docs/runbook.md"
EVERY_SECONDS = 15  # how often rules are evaluated, those over long windows apart

Severity = Literal["page", "ticket"]
"""Somebody is woken up, since people are being let down now; or somebody looks at it in the morning."""


@dataclass(frozen=True, slots=True)
class Record:
    """A series that is computed ahead, named level:metric:operation; `labels` are added to it."""

    record: str
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """Somebody is told once `expr` has given something for `lasts` ("0s": at once).

    `summary` is one line, `description` what is so and what it means; both are templates over `$labels` and `$value`.
    """

    alert: str
    expr: str
    lasts: str
    severity: Severity
    summary: str
    description: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """Its section of the runbook, whose heading is its name."""
        return self.alert.lower()

    @property
    def runbook_url(self) -> str:
        return f"{RUNBOOK}#{self.anchor}"


Rule = Record | Alert


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated every `interval`, in this order, so that later ones see what earlier ones recorded."""

    name: str
    interval: str
    rules: Sequence[Rule]
