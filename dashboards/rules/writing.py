"""Groups of rules as the YAML that Prometheus reads; only what rules need of YAML, so no library is needed.

Every scalar is a JSON string, which YAML takes as it is; expressions are literal blocks, to be read by people.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from dashboards.rules.rule import Alert, Group, Rule

_HEAD = "# Written by `make dashboards` from dashboards/rules; not to be edited here.\ngroups:\n"


def text_of(groups: Sequence[Group]) -> str:
    """One file of rules."""
    return _HEAD + "".join(f"{line}\n" for group in groups for line in _group(group))


def _group(group: Group) -> Iterator[str]:
    yield f"  - name: {group.name}"
    yield f"    interval: {group.interval}"
    yield "    rules:"
    for rule in group.rules:
        yield from _rule(rule)


def _rule(rule: Rule) -> Iterator[str]:
    if isinstance(rule, Alert):
        yield f"      - alert: {rule.alert}"
        yield from _block("expr", rule.expr)
        if rule.lasts != "0s":
            yield f"        for: {rule.lasts}"
        yield from _mapping("labels", {"severity": rule.severity, **rule.labels})
        yield from _mapping(
            "annotations",
            {"summary": rule.summary, "description": rule.description, "runbook_url": rule.runbook_url},
        )
    else:
        yield f"      - record: {rule.record}"
        yield from _block("expr", rule.expr)
        yield from _mapping("labels", rule.labels)


def _block(name: str, text: str) -> Iterator[str]:
    yield f"        {name}: |-"
    for line in text.strip().splitlines():
        yield f"          {line}"


def _mapping(name: str, values: Mapping[str, str]) -> Iterator[str]:
    if values:
        yield f"        {name}:"
        for key, value in values.items():
            yield f"          {key}: {json.dumps(value, ensure_ascii=False)}"
