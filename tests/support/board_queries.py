"""The queries of a generated dashboard, and what a parser finds in them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import promql_parser as promql

# What stands in for Grafana's variables, so that a parser reads them as what they will be; nobody writes these himself.
RATE_INTERVAL = timedelta(seconds=11277964)
STAND_INS = {
    "$__rate_interval": "11277964s",
    "$__range": "11277965s",
    "$__interval_ms": "11277966",
    "$__interval": "11277967s",
}
OF_GRAFANA = {timedelta(seconds=11277964), timedelta(seconds=11277965), timedelta(seconds=11277967)}

Node = promql.Expr


@dataclass(frozen=True)
class Asked:
    """One expression, and where it stands."""

    where: str
    expression: str


@dataclass(frozen=True)
class Found:
    """A node of an expression, and those it stands in, from the outermost."""

    node: Any
    within: tuple[Any, ...]


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """All but the headings of rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def asked_by_panels(board: dict[str, Any]) -> list[Asked]:
    """What is asked for pictures."""
    return [
        Asked(f"{panel['title']} {target['refId']}", target["expr"])
        for panel in panels(board)
        for target in panel.get("targets", [])
    ]


def asked(board: dict[str, Any]) -> list[Asked]:
    """The same and what is asked for marks."""
    marks = [Asked(mark["name"], mark["expr"]) for mark in board["annotations"]["list"]]
    return asked_by_panels(board) + marks


def plain(expression: str) -> str:
    """With Grafana's own variables filled in. Those of the board stand in strings, where they do no harm."""
    for variable, value in STAND_INS.items():
        expression = expression.replace(variable, value)
    return expression


def parsed(expression: str) -> Any:
    """Raises ValueError if it is no PromQL."""
    return promql.parse(plain(expression))


def walk(expression: str) -> list[Found]:
    """Every node of an expression."""
    return list(_below(parsed(expression), ()))


def selectors(expression: str) -> list[Found]:
    """Every `metric{...}` of an expression."""
    return [found for found in walk(expression) if isinstance(found.node, promql.VectorSelector)]


def metric_names(expression: str) -> set[str]:
    """What it asks for."""
    return {name for found in selectors(expression) if (name := found.node.name) is not None}


def matchers(selector: Any) -> set[tuple[str, str, str]]:
    """Of a selector: label, how, value."""
    return {
        (each.name, sign, each.value) for each in selector.matchers.matchers for kind, sign in _SIGNS if each.op == kind
    }


def _below(node: Any, within: tuple[Any, ...]) -> Iterator[Found]:
    yield Found(node, within)
    for child in _CHILDREN.get(type(node), lambda _: ())(node):
        yield from _below(child, (*within, node))


_CHILDREN: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    promql.AggregateExpr: lambda node: (node.expr, *([node.param] if node.param is not None else [])),
    promql.BinaryExpr: lambda node: (node.lhs, node.rhs),
    promql.Call: lambda node: tuple(node.args),
    promql.MatrixSelector: lambda node: (node.vector_selector,),
    promql.ParenExpr: lambda node: (node.expr,),
    promql.SubqueryExpr: lambda node: (node.expr,),
    promql.UnaryExpr: lambda node: (node.expr,),
}

_SIGNS = (
    (promql.MatchOp.Equal, "="),
    (promql.MatchOp.NotEqual, "!="),
    (promql.MatchOp.Re, "=~"),
    (promql.MatchOp.NotRe, "!~"),
)
