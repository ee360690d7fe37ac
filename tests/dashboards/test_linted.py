"""The boards keep every rule of dashboard-linter, and each rule notices a board that does not."""

from collections.abc import Callable
from typing import Any

import pytest
from board_answers import Asker
from board_queries import asked, panels, plain
from board_rules import RULES

Board = dict[str, Any]
Spoil = Callable[[Board], None]

METRIC = 'hotseat_http_requests_total{job=~"$job", instance=~"$instance"}'


@pytest.mark.parametrize("rule", RULES)
def test_a_board_keeps_the_rule(board: Board, rule: str) -> None:
    """None is switched off, for no board, panel or query."""
    assert list(RULES[rule](board)) == []


def _variable(name: str, /, **changed: object) -> Spoil:
    def spoil(board: Board) -> None:
        [found] = [each for each in board["templating"]["list"] if each["name"] == name]
        found.update(changed)

    return spoil


def _without_variable(name: str) -> Spoil:
    def spoil(board: Board) -> None:
        board["templating"]["list"] = [each for each in board["templating"]["list"] if each["name"] != name]

    return spoil


def _panel(**changed: object) -> Spoil:
    return lambda board: panels(board)[-1].update(changed)


def _asks(expression: str) -> Spoil:
    return lambda board: panels(board)[-1]["targets"][0].update(expr=expression)


def _unit(unit: str | None) -> Spoil:
    return lambda board: panels(board)[-1]["fieldConfig"]["defaults"].update(unit=unit)


def _unit_of_one(unit: str) -> Spoil:
    override = {"matcher": {"id": "byName", "options": "x"}, "properties": [{"id": "unit", "value": unit}]}
    return lambda board: panels(board)[-1]["fieldConfig"].update(overrides=[override])


def _mark(**changed: object) -> Spoil:
    return lambda board: board["annotations"]["list"][0].update(changed)


def _forget(variable: str) -> Spoil:
    def spoil(board: Board) -> None:
        for panel in panels(board):
            for target in panel["targets"]:
                target["expr"] = target["expr"].replace(f'"${variable}"', '".+"')

    return spoil


FOREIGN = {"type": "prometheus", "uid": "P1809F7CD0C75ACF3"}
SPOILT = [
    ("template-datasource-rule", _without_variable("datasource")),
    ("template-datasource-rule", _variable("datasource", name="source")),
    ("template-datasource-rule", _variable("datasource", label="Source")),
    ("template-datasource-rule", _variable("datasource", query="loki")),
    ("template-job-rule", _without_variable("job")),
    ("template-job-rule", _variable("job", multi=False)),
    ("template-job-rule", _variable("job", allValue=".*")),
    ("template-job-rule", _variable("job", label="job")),
    ("template-job-rule", _variable("job", type="textbox")),
    ("template-job-rule", _variable("job", datasource=FOREIGN)),
    ("template-instance-rule", _without_variable("instance")),
    ("template-instance-rule", _variable("instance", includeAll=False)),
    ("template-required-variables-rule", _without_variable("mode")),
    ("template-label-promql-rule", _variable("job", query="label_value(up, job)")),
    ("template-label-promql-rule", _variable("job", query={"query": "label_values(up{, job)"})),
    ("template-on-time-change-reload-rule", _variable("instance", refresh=1)),
    ("template-unused-rule", _forget("mode")),
    ("uneditable-dashboard-rule", lambda board: board.update(editable=True)),
    ("uneditable-dashboard-rule", lambda board: board.pop("editable")),
    ("panel-datasource-rule", _panel(datasource=FOREIGN)),
    ("panel-datasource-rule", _panel(datasource=None)),
    ("panel-datasource-rule", lambda board: panels(board)[-1]["targets"][0].update(datasource=FOREIGN)),
    ("panel-datasource-rule", _mark(datasource=FOREIGN)),
    ("panel-title-description-rule", _panel(title="")),
    ("panel-title-description-rule", lambda board: panels(board)[-1].pop("description")),
    ("panel-units-rule", _unit(None)),
    ("panel-units-rule", _unit("furlongs")),
    ("panel-units-rule", _unit_of_one("furlongs")),
    ("panel-no-targets-rule", _panel(targets=[])),
    ("target-promql-rule", _asks("sum(up")),
    ("target-promql-rule", _asks("")),
    ("target-rate-interval-rule", _asks(f"sum(rate({METRIC}[5m]))")),
    ("target-rate-interval-rule", _asks(f"sum(irate({METRIC}[$__range]))")),
    ("target-job-rule", _asks('up{instance=~"$instance"}')),
    ("target-job-rule", _asks('up{job="$job", instance=~"$instance"}')),
    ("target-job-rule", _asks('1 - max_over_time(sum(up{job=~"web", instance=~"$instance"})[$__range:$__interval])')),
    ("target-instance-rule", _asks('up{job=~"$job"} and on (job) up{job=~"$job", instance=~"$instance"}')),
    ("target-counter-agg-rule", _asks(f"sum({METRIC})")),
    ("target-counter-agg-rule", _asks(f"max_over_time({METRIC}[$__rate_interval])")),
    ("target-histogram-rule", _asks(f"rate({METRIC.replace('_total', '_bucket')}[$__rate_interval])")),
]


@pytest.mark.parametrize(("rule", "spoil"), SPOILT, ids=[f"{rule}-{n}" for n, (rule, _) in enumerate(SPOILT)])
def test_a_rule_notices_a_board_that_breaks_it(board: Board, rule: str, spoil: Spoil) -> None:
    """Each in each way that it can be broken; so no rule is a rule in name alone."""
    spoil(board)
    assert list(RULES[rule](board)) != []


def test_every_rule_was_broken_once() -> None:
    """Above."""
    assert {rule for rule, _ in SPOILT} == set(RULES)


def test_prometheus_itself_can_read_every_query(board: Board, asker: Asker) -> None:
    """Those of panels and of marks; the parser above is another one."""
    assert asker.unread([plain(each.expression) for each in asked(board)]) == ""


def test_a_query_that_prometheus_cannot_read_is_noticed(asker: Asker) -> None:
    """Also one that is well formed and has a rate of what has no range."""
    assert "parse error" in asker.unread(["sum(up"])
    assert "expected type range vector" in asker.unread(["rate(up)"])
