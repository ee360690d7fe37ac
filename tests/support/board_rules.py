"""The rules of Grafana's dashboard-linter, on the JSON of a dashboard; each gives what is wrong, in sentences.

They go by the linter's names and definitions (github.com/grafana/dashboard-linter, docs/rules), its experimental ones
included, and none can be switched off. Where a rule leaves out some kinds of panels, ours does not.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import promql_parser as promql
from board_queries import RATE_INTERVAL, Found, asked_by_panels, matchers, panels, parsed, selectors, walk
from grafana_foundation_sdk.models import units

Board = dict[str, Any]
Rule = Callable[[Board], Iterator[str]]

DATA_SOURCES: Final = ("$datasource", "${datasource}")
UNITS: Final = {value for name, value in vars(units).items() if name[0].isupper() and isinstance(value, str)}
LABEL_QUERY: Final = re.compile(r"(label_values|label_names|metrics|query_result)\((.+)\)")


def template_datasource(board: Board) -> Iterator[str]:
    """There is one variable that names the data source."""
    sources = _variables(board, "datasource")
    if len(sources) != 1:
        yield f"{len(sources)} variables name a data source"
    for source in sources:
        if (source["name"], source["label"], source["query"]) != ("datasource", "Data source", "prometheus"):
            yield f"the data source is named {source['name']}, labelled {source['label']}, a {source['query']}"


def template_job(board: Board) -> Iterator[str]:
    """There is a variable for the job."""
    yield from _chooser(board, "job")


def template_instance(board: Board) -> Iterator[str]:
    """There is a variable for the instance."""
    yield from _chooser(board, "instance")


def template_required_variables(board: Board) -> Iterator[str]:
    """There is a variable for what else this project's boards choose by: the mode."""
    yield from _chooser(board, "mode")


def template_label_promql(board: Board) -> Iterator[str]:
    """What fills a variable is a question Grafana knows, over a proper selector."""
    for variable in _variables(board, "query"):
        query = _query(variable)
        match = LABEL_QUERY.fullmatch(query)
        if match is None:
            yield f"{variable['name']} is filled by {query}"
        elif not _parses(match[2].rsplit(",", 1)[0]):
            yield f"{variable['name']} asks for {match[2]}"


def template_on_time_change_reload(board: Board) -> Iterator[str]:
    """Variables are filled anew when the time range changes."""
    for variable in _variables(board, "query"):
        if variable["refresh"] != 2:
            yield f"{variable['name']} is refreshed {variable['refresh']}"


def template_unused(board: Board) -> Iterator[str]:
    """Each variable is used by some query of the board."""
    everything = "\n".join(each.expression for each in asked_by_panels(board))
    for variable in _variables(board, "query"):
        if not re.search(rf"\$({variable['name']}\b|\{{{variable['name']}[:}}])", everything):
            yield f"${variable['name']} is not used"


def uneditable_dashboard(board: Board) -> Iterator[str]:
    """What comes from code cannot be edited by hand."""
    if board.get("editable", True):
        yield "it is editable"


def panel_datasource(board: Board) -> Iterator[str]:
    """Every panel, target and mark asks the data source that was chosen."""
    askers = [
        *panels(board),
        *(target for panel in panels(board) for target in panel["targets"]),
        *board["annotations"]["list"],
    ]
    for asker in askers:
        source = asker.get("datasource") or {}
        if source.get("uid") not in DATA_SOURCES or source.get("type") != "prometheus":
            yield f"{asker.get('title') or asker.get('name') or asker.get('expr')} asks {source}"


def panel_title_description(board: Board) -> Iterator[str]:
    """Every panel says what it is."""
    for panel in panels(board):
        if not panel.get("title") or not panel.get("description"):
            yield f"panel {panel['id']} has the title {panel.get('title')!r}, the text {panel.get('description')!r}"


def panel_units(board: Board) -> Iterator[str]:
    """Every panel has a unit that Grafana knows, and so has every override of one."""
    for panel in panels(board):
        config = panel.get("fieldConfig", {})
        given = [config.get("defaults", {}).get("unit")]
        given += [
            one["value"]
            for override in config.get("overrides", [])
            for one in override["properties"]
            if one["id"] == "unit"
        ]
        for unit in given:
            if unit not in UNITS:
                yield f"{panel['title']} has the unit {unit}"


def panel_no_targets(board: Board) -> Iterator[str]:
    """Every panel asks something."""
    for panel in panels(board):
        if not panel.get("targets"):
            yield f"{panel['title']} asks nothing"


def target_promql(board: Board) -> Iterator[str]:
    """What is asked is PromQL."""
    for each in asked_by_panels(board):
        if not _parses(each.expression):
            yield f"{each.where}: {each.expression}"


def target_rate_interval(board: Board) -> Iterator[str]:
    """Rates are over $__rate_interval, which is long enough at any zoom."""
    for where, found in _nodes(board):
        rated = isinstance(found.node, promql.MatrixSelector) and _calls(found.within[-1:]) & {"rate", "irate"}
        if rated and found.node.range != RATE_INTERVAL:
            yield f"{where}: a rate over {found.node.range}"


def target_job(board: Board) -> Iterator[str]:
    """Every selector heeds the job that was chosen."""
    yield from _heeds(board, "job")


def target_instance(board: Board) -> Iterator[str]:
    """Every selector heeds the instance that was chosen."""
    yield from _heeds(board, "instance")


def target_counter_agg(board: Board) -> Iterator[str]:
    """A counter is never shown as it stands."""
    for where, found in _nodes(board):
        if _named(found, "_total") and not _calls(found.within[-2:-1]) & {"rate", "irate", "increase"}:
            yield f"{where}: {found.node.name} itself"


def target_histogram(board: Board) -> Iterator[str]:
    """Buckets serve a quantile."""
    for where, found in _nodes(board):
        if _named(found, "_bucket") and "histogram_quantile" not in _calls(found.within):
            yield f"{where}: {found.node.name} itself"


RULES: Final[Mapping[str, Rule]] = {
    "template-datasource-rule": template_datasource,
    "template-job-rule": template_job,
    "template-instance-rule": template_instance,
    "template-required-variables-rule": template_required_variables,
    "template-label-promql-rule": template_label_promql,
    "template-on-time-change-reload-rule": template_on_time_change_reload,
    "template-unused-rule": template_unused,
    "uneditable-dashboard-rule": uneditable_dashboard,
    "panel-datasource-rule": panel_datasource,
    "panel-title-description-rule": panel_title_description,
    "panel-units-rule": panel_units,
    "panel-no-targets-rule": panel_no_targets,
    "target-promql-rule": target_promql,
    "target-rate-interval-rule": target_rate_interval,
    "target-job-rule": target_job,
    "target-instance-rule": target_instance,
    "target-counter-agg-rule": target_counter_agg,
    "target-histogram-rule": target_histogram,
}


def _variables(board: Board, kind: str) -> list[dict[str, Any]]:
    return [each for each in board["templating"]["list"] if each["type"] == kind]


def _query(variable: dict[str, Any]) -> str:
    query = variable["query"]
    return str(query["query"] if isinstance(query, dict) else query)


def _chooser(board: Board, name: str) -> Iterator[str]:
    found = [each for each in board["templating"]["list"] if each["name"] == name]
    if not found:
        yield f"there is no ${name}"
    for each in found:
        wanted = {"type": "query", "label": name.title(), "multi": True, "allValue": ".+", "includeAll": True}
        for key, value in wanted.items():
            if each.get(key) != value:
                yield f"${name} has the {key} {each.get(key)!r}, not {value!r}"
        if each.get("datasource", {}).get("uid") not in DATA_SOURCES:
            yield f"${name} asks {each.get('datasource')}"


def _heeds(board: Board, name: str) -> Iterator[str]:
    for each in asked_by_panels(board):
        if _parses(each.expression):
            for found in selectors(each.expression):
                if (name, "=~", f"${name}") not in matchers(found.node):
                    yield f"{each.where}: {found.node.name} for any {name}"


def _nodes(board: Board) -> Iterator[tuple[str, Found]]:
    for each in asked_by_panels(board):
        if _parses(each.expression):
            for found in walk(each.expression):
                yield each.where, found


def _named(found: Found, ending: str) -> bool:
    return isinstance(found.node, promql.VectorSelector) and (found.node.name or "").endswith(ending)


def _calls(nodes: tuple[Any, ...]) -> set[str]:
    return {node.func.name for node in nodes if isinstance(node, promql.Call)}


def _parses(expression: str) -> bool:
    try:
        parsed(expression)
    except ValueError:
        return False
    return True
