"""A dashboard with its answers: what each panel asks is asked, and named and ordered as its JSON says.

What fails is said in its panel and keeps no other panel from being drawn. Only a Prometheus that is gone ends it all.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from dashboards.drawing.board import COLUMNS, Annotation, Board, Panel, Target
from dashboards.drawing.errors import DrawingError, NoPrometheus
from dashboards.drawing.intervals import Span
from dashboards.drawing.look import Look, colour, look_of
from dashboards.drawing.prometheus import Prometheus, Sampled
from dashboards.drawing.variables import Choices, choose

WIDTH_POINTS: Final = 1440  # the width of a dashboard; a panel has room for as many values as it is wide
MOST_MARKS: Final = 60

_LABEL: Final = re.compile(r"\{\{\s*([^}]*?)\s*\}\}")


@dataclass(frozen=True)
class Series:
    """One line, bar, row or number of a panel; `name` is what its legend says."""

    name: str
    look: Look
    labels: Mapping[str, str]
    times: tuple[float, ...]
    values: tuple[float, ...]
    ref_id: str = "A"

    @property
    def numbers(self) -> list[float]:
        """Those values that are numbers."""
        return [value for value in self.values if not math.isnan(value)]

    def reduced(self, how: str = "lastNotNull") -> float:
        """All values in one; NaN if there is none."""
        reduce = _REDUCED.get(how, _REDUCED["lastNotNull"])
        return reduce(self.numbers) if self.numbers else math.nan


@dataclass(frozen=True)
class Mark:
    """Something that happened, from `start` to `end`."""

    start: float
    end: float
    title: str
    colour: str


@dataclass(frozen=True)
class Answered:
    """A panel and what it found. `problem`: why it could not be asked. `queries`: what was asked, with its step."""

    panel: Panel
    title: str
    description: str
    series: tuple[Series, ...] = ()
    problem: str = ""
    queries: tuple[tuple[str, float], ...] = ()

    @property
    def is_empty(self) -> bool:
        return not any(series.numbers for series in self.series)

    @property
    def nothing(self) -> str:
        """What stands in the place of values that are not there."""
        return self.panel.field_config.defaults.no_value or "Nothing in this time."


@dataclass(frozen=True)
class Evaluated:
    """A dashboard, ready to be drawn."""

    board: Board
    choices: Choices
    panels: tuple[Answered, ...]
    marks: tuple[Mark, ...]
    problems: tuple[str, ...] = field(default=())

    @property
    def span(self) -> Span:
        return self.choices.span


def evaluate(
    board: Board,
    prometheus: Prometheus,
    span: Span,
    wanted: Mapping[str, Sequence[str]],
    *,
    scrape_seconds: float,
    done: Callable[[], None] = lambda: None,
) -> Evaluated:
    """All panels of a dashboard, `done` after each. Raises NoPrometheus, and Misuse for what cannot be chosen."""
    choices = choose(board, wanted, prometheus, span, scrape_seconds)
    panels, problems = [], []
    for panel in board.all_panels():
        panels.append(_answered(panel, choices, prometheus))
        done()
    marks: list[Mark] = []
    for annotation in board.annotations.list:
        try:
            marks += _marks(annotation, choices, prometheus)
        except NoPrometheus:
            raise
        except DrawingError as error:
            problems.append(f"{annotation.name or 'A mark'}: {error}")
    marks.sort(key=lambda mark: mark.start)
    if len(marks) > MOST_MARKS:
        problems.append(f"{len(marks)} things happened; the last {MOST_MARKS} are marked.")
    problems += [f"{each.title or each.panel.type}: {each.problem}" for each in panels if each.problem]
    return Evaluated(board, choices, tuple(panels), tuple(marks[-MOST_MARKS:]), tuple(problems))


def _answered(panel: Panel, choices: Choices, prometheus: Prometheus) -> Answered:
    title, description = (choices.filled(text, choices.scrape_seconds) for text in (panel.title, panel.description))
    found: list[Series] = []
    queries: list[tuple[str, float]] = []
    try:
        for target in panel.asked:
            step = choices.step_of(target, _points(panel), finest=panel.interval)
            query = choices.query(target, step)
            queries.append((query, step))
            if target.is_instant:
                sampled = prometheus.at(query, choices.span.end)
            else:
                aligned = choices.span.aligned(step)
                sampled = prometheus.over(query, aligned.start, aligned.end, step)
            found += named(panel, target, query, sampled)
    except NoPrometheus:
        raise
    except DrawingError as error:
        return Answered(panel, title, description, problem=str(error), queries=tuple(queries))
    return Answered(panel, title, description, tuple(found), queries=tuple(queries))


def _points(panel: Panel) -> int:
    return panel.max_data_points or max(1, WIDTH_POINTS * panel.grid_pos.w // COLUMNS)


def named(panel: Panel, target: Target, query: str, sampled: Sequence[Sampled]) -> list[Series]:
    """Each series with the name and the look that the panel gives it."""
    varying = {
        label
        for each in sampled
        for label in each.labels
        if label != "__name__" and len({other.labels.get(label) for other in sampled}) > 1
    }
    series = []
    for each in sampled:
        name = _legend(target.legend_format, each.labels, varying, query)
        look = look_of(panel.field_config, name, target.ref_id)
        if look.name:
            name = _filled(look.name.replace("${__field.name}", name), each.labels)
        series.append(Series(name, look, each.labels, each.times, each.values, target.ref_id))
    return sorted(series, key=lambda one: _natural(one.name))


def _legend(form: str, labels: Mapping[str, str], varying: set[str], query: str) -> str:
    if form and form != "__auto":
        return _filled(form, labels)
    shown = {name: value for name, value in labels.items() if name in varying} if form else labels
    if len(shown) == 1 and form:
        return next(iter(shown.values()))
    metric = "" if form else labels.get("__name__", "")
    told = ", ".join(f'{name}="{value}"' for name, value in sorted(shown.items()) if name != "__name__")
    return f"{metric}{{{told}}}" if told else metric or labels.get("__name__", "") or query


def _filled(form: str, labels: Mapping[str, str]) -> str:
    return _LABEL.sub(lambda found: labels.get(found[1], ""), form).strip()


def _natural(name: str) -> list[tuple[int, int, str]]:
    """`web-10` comes behind `web-9`."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts if part]


def _marks(annotation: Annotation, choices: Choices, prometheus: Prometheus) -> list[Mark]:
    if not (annotation.enable and annotation.asks):
        return []
    target = annotation.target or Target()
    step = choices.step_of(target, WIDTH_POINTS, finest=annotation.step)
    aligned = choices.span.aligned(step)
    query = choices.filled(annotation.asks, step)
    marks: list[Mark] = []
    for each in prometheus.over(query, aligned.start, aligned.end, step):
        form = annotation.title_format or annotation.text_format
        title = _filled(form, each.labels) or annotation.name or "something"
        moments = sorted(_moments(annotation, each))
        shown = [moment for moment in moments if choices.span.start <= moment <= choices.span.end]
        marks += [Mark(first, last, title, colour(annotation.icon_color)) for first, last in _regions(shown, step)]
    return marks


def _moments(annotation: Annotation, found: Sampled) -> set[float]:
    if annotation.use_value_for_time:
        return {value / 1000 for value in found.values if not math.isnan(value)}
    return {moment for moment, value in zip(found.times, found.values, strict=True) if value > 0}


def _regions(moments: Sequence[float], step: float) -> list[tuple[float, float]]:
    """Events that are no more than a step apart are one that lasts."""
    regions: list[tuple[float, float]] = []
    for moment in moments:
        if regions and regions[-1][1] + step >= moment:
            regions[-1] = regions[-1][0], moment
        else:
            regions.append((moment, moment))
    return regions


_REDUCED: Final[dict[str, Callable[[list[float]], float]]] = {
    "lastNotNull": lambda values: values[-1],
    "last": lambda values: values[-1],
    "firstNotNull": lambda values: values[0],
    "first": lambda values: values[0],
    "mean": lambda values: sum(values) / len(values),
    "max": max,
    "min": min,
    "sum": sum,
    "count": lambda values: float(len(values)),
    "range": lambda values: max(values) - min(values),
    "diff": lambda values: values[-1] - values[0],
}
