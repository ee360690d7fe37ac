"""The variables of a dashboard: what there is to choose, what is chosen, and their place in a query.

As Grafana does it: a variable of which several may be chosen stands as a regular expression, escaped; `All` is its
`allValue` as it is, or everything there is. A name that is unknown stays as it is written.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dashboards.drawing.board import Board, Target, Variable
from dashboards.drawing.errors import DrawingError, Misuse
from dashboards.drawing.intervals import Span, rate_seconds, seconds_of, step_seconds, written
from dashboards.drawing.prometheus import Prometheus

ALL: Final = "$__all"

_NAMED: Final = re.compile(r"\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?::(\w+))?\}")
_LABEL_VALUES: Final = re.compile(r"^label_values\((?:(.+),\s*)?([a-zA-Z_]\w*)\s*\)\s*$", re.DOTALL)
_QUERY_RESULT: Final = re.compile(r"^query_result\((.+)\)\s*$", re.DOTALL)
_METACHARACTERS: Final = re.compile(r"[$^*{}\[\]+?.()|]")


@dataclass(frozen=True)
class Chosen:
    """What a variable is set to."""

    variable: Variable
    values: tuple[str, ...]
    is_all: bool = False

    @property
    def shown(self) -> str:
        return "All" if self.is_all else " + ".join(self.values)

    def written(self, form: str) -> str:
        """Within a query, in one of Grafana's forms; "" is that of Prometheus."""
        variable = self.variable
        if self.is_all and variable.all_value:
            return variable.all_value
        if form in ("raw", "text"):
            return self.shown if form == "text" else ",".join(self.values)
        if form in ("csv", "pipe"):
            return ("," if form == "csv" else "|").join(self.values)
        if not (variable.multi or variable.include_all):
            return "".join(self.values).replace("\\", "\\\\").replace('"', '\\"')
        escaped = [_METACHARACTERS.sub(r"\\\\\g<0>", value.replace("\\", "\\\\\\\\")) for value in self.values]
        return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


@dataclass(frozen=True)
class Choices:
    """All variables of a dashboard, and the times that stand in queries."""

    chosen: Mapping[str, Chosen]
    span: Span
    scrape_seconds: float

    def step_of(self, target: Target, points: int, *, finest: str | None = None) -> float:
        """How far apart the values of this query are."""
        asked = seconds_of(self.filled(target.interval or finest or "", self.scrape_seconds))
        return step_seconds(self.span, points=points, finest=asked or self.scrape_seconds)

    def query(self, target: Target, step: float) -> str:
        """What Prometheus is asked."""
        return self.filled(target.expr, step, scrape_seconds=seconds_of(target.interval) or self.scrape_seconds)

    def filled(self, text: str, step: float, *, scrape_seconds: float | None = None) -> str:
        """With values in the places of names."""
        times = self._times(step, scrape_seconds or self.scrape_seconds)

        def value(found: re.Match[str]) -> str:
            name, form = found[1] or found[2] or found[4], found[3] or found[5] or ""
            if name in times:
                return times[name]
            return self.chosen[name].written(form) if name in self.chosen else found[0]

        return _NAMED.sub(value, text)

    def _times(self, step: float, scrape: float) -> dict[str, str]:
        rate, seconds = rate_seconds(step, scrape), round(self.span.seconds)
        return {
            "__interval": written(step),
            "__interval_ms": str(round(step * 1000)),
            "__rate_interval": written(rate),
            "__rate_interval_ms": str(round(rate * 1000)),
            "__range": f"{seconds}s",
            "__range_s": str(seconds),
            "__range_ms": str(round(self.span.seconds * 1000)),
            "__from": str(round(self.span.start * 1000)),
            "__to": str(round(self.span.end * 1000)),
        }


def choose(
    board: Board, wanted: Mapping[str, Sequence[str]], prometheus: Prometheus, span: Span, scrape_seconds: float
) -> Choices:
    """What is wanted, else what the dashboard begins with, else all, else the first.

    One after the other, since a variable may stand in the query of a later one. Raises Misuse for a wanted value that
    there is not, and what Prometheus raises.
    """
    so_far: dict[str, Chosen] = {}
    for variable in board.templating.list:
        choices = Choices(so_far, span, scrape_seconds)
        so_far[variable.name] = _choose(variable, tuple(wanted.get(variable.name, ())), choices, prometheus)
    return Choices(so_far, span, scrape_seconds)


def _choose(variable: Variable, wanted: tuple[str, ...], choices: Choices, prometheus: Prometheus) -> Chosen:
    if variable.type == "datasource":
        return Chosen(variable, ("prometheus",))
    there = _there(variable, choices, prometheus)
    if wanted:
        missing = [value for value in wanted if value not in there]
        if missing and variable.type != "textbox":
            known = ", ".join(there) or "nothing"
            raise Misuse(f"There is no {variable.name} {missing[0]}; Prometheus knows {known}.")
        if len(wanted) > 1 and not variable.multi:
            raise Misuse(f"Of {variable.name} one can be chosen.")
        return Chosen(variable, wanted)
    current = variable.current.get("value", "")
    first = tuple(current) if isinstance(current, list) else (str(current),)
    if first and first != (ALL,) and all(value in there for value in first):
        return Chosen(variable, first)
    if variable.include_all:
        return Chosen(variable, tuple(there), is_all=True)
    return Chosen(variable, tuple(there[:1]))


def _there(variable: Variable, choices: Choices, prometheus: Prometheus) -> list[str]:
    asks = choices.filled(variable.asks, choices.scrape_seconds)
    if variable.type != "query":
        return [asks] if variable.type in ("constant", "textbox") else [each.strip() for each in asks.split(",")]
    found = _found(asks, choices.span, prometheus)
    if not variable.regex:
        return found
    pattern = re.compile(variable.regex.strip("/"))
    matched = [match for value in found if (match := pattern.search(value))]
    return list(dict.fromkeys(match[1] if pattern.groups else match[0] for match in matched))


def _found(asks: str, span: Span, prometheus: Prometheus) -> list[str]:
    if values := _LABEL_VALUES.match(asks):
        return prometheus.label_values(values[2], (values[1] or "").strip(), span.start, span.end)
    if result := _QUERY_RESULT.match(asks):
        found = prometheus.at(result[1], span.end)
        return [f"{_selector(each.labels)} {each.values[-1]:g}" for each in found if each.values]
    raise DrawingError(f"{asks!r} is no question for the values of a variable that is known here.")


def _selector(labels: Mapping[str, str]) -> str:
    told = ",".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    return f"{labels.get('__name__', '')}{{{told}}}"
