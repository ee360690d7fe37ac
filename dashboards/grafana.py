"""A board in the words of Grafana; the only file that knows its SDK.

The same board always gives the same bytes. Where a picture covers the whole time range of a board Grafana asks once, at
the range's end; elsewhere it asks step by step.
"""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from string import ascii_uppercase
from typing import Any, Final

from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.board import Board, Event, Panel, Query, Row
from dashboards.labels import INSTANCE, JOB, MODE, chosen
from dashboards.rules.rule import RUNBOOK

TAG: Final = "hotseat"
DATA_SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
SCHEMA: Final = 41  # of Grafana 11.6
AT_ITS_END: Final = ("stat", "bars", "table")
_ALL: Final = models.VariableOption(selected=True, text=["All"], value=["$__all"])

_Builder = stat.Panel | timeseries.Panel | bargauge.Panel | statetimeline.Panel | table.Panel


def dashboard_json(board: Board) -> str:
    """The file that Grafana imports."""
    built = _dashboard(board).build()
    whole = json.loads(json.dumps(built, cls=JSONEncoder))
    for written, event in zip(whole["annotations"]["list"], board.events, strict=True):
        written.update(_beyond_the_sdk(event))
    return json.dumps(whole, indent=2, sort_keys=True) + "\n"


def _dashboard(board: Board) -> build.Dashboard:
    made = (
        build.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time(board.time_from, "now")
        .timezone("browser")
        .refresh(board.refresh)
        .variables(_variables())
        .annotations([_annotation(event) for event in board.events])
        .links(_links())
    )
    numbers = count(1)
    for row in board.rows:
        _add_row(made, row, numbers)
    return made


def _add_row(made: build.Dashboard, row: Row, numbers: Iterator[int]) -> None:
    made.with_row(build.Row(row.title).id(next(numbers)).datasource(DATA_SOURCE))
    for panel in row.panels:
        made.with_panel(_panel(panel).id(next(numbers)))


def _variables() -> list[Any]:
    return [
        build.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        _chooser(JOB, "Job", f"label_values(up, {JOB})"),
        _chooser(INSTANCE, "Instance", f'label_values(up{{{JOB}=~"${JOB}"}}, {INSTANCE})'),
        _chooser("mode", "Mode", f"label_values({chosen('hotseat_info')}, {MODE})"),
    ]


def _chooser(name: str, label: str, query: str) -> build.QueryVariable:
    return (
        build.QueryVariable(name)
        .label(label)
        .datasource(DATA_SOURCE)
        .query({"query": query, "refId": f"variable-{name}"})
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.NATURAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".+")
        .current(_ALL)
    )


def _links() -> list[Any]:
    others = (
        build.DashboardLink("Boards")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .include_vars(True)
        .keep_time(True)
    )
    runbook = (
        build.DashboardLink("Runbook")
        .type(models.DashboardLinkType.LINK)
        .icon("doc")
        .tooltip("What each alert means, how to look, what to do")
        .url(RUNBOOK)
        .target_blank(True)
    )
    return [others, runbook]


def _annotation(event: Event) -> build.AnnotationQuery:
    return (
        build.AnnotationQuery()
        .name(event.name)
        .datasource(DATA_SOURCE)
        .enable(True)
        .icon_color(event.colour)
        .expr(event.expression)
    )


def _beyond_the_sdk(event: Event) -> Mapping[str, object]:
    """What Grafana's Prometheus source reads of an annotation, and the SDK's model leaves out.

    Some releases look for the expression beside the name, others in a target.
    """
    return {
        "target": {"expr": event.expression, "interval": "", "refId": "Anno"},
        "titleFormat": event.title,
        "textFormat": event.text,
        "useValueForTime": event.at_value,
    }


def _panel(panel: Panel) -> _Builder:
    made = _BUILDERS[panel.shape](panel)
    made.title(panel.title).description(panel.description).datasource(DATA_SOURCE)
    made.span(panel.width).height(panel.height)
    made.unit(panel.unit).no_value(panel.empty)
    for letter, query in zip(ascii_uppercase, panel.queries, strict=False):
        made.with_target(_target(panel, query, letter))
    if panel.decimals is not None:
        made.decimals(panel.decimals)
    if panel.least is not None:
        made.min(panel.least)
    if panel.most is not None:
        made.max(panel.most)
    if panel.words:
        made.mappings([_words(panel)])
    made.thresholds(_thresholds(panel))
    for name, colour in panel.colours:
        fixed = {"mode": "fixed", "fixedColor": colour}
        made.override_by_name(name, [models.DynamicConfigValue(id_val="color", value=fixed)])
    return made


def _target(panel: Panel, query: Query, letter: str) -> prometheus.Dataquery:
    made = prometheus.Dataquery().expr(query.expression).legend_format(query.legend).ref_id(letter)
    made.datasource(DATA_SOURCE)
    if panel.shape == "table":
        made.format(PromQueryFormat.TABLE)
    return made.instant() if panel.shape in AT_ITS_END else made.range()


def _thresholds(panel: Panel) -> build.ThresholdsConfig:
    steps = [models.Threshold(value=None, color=panel.base)]
    steps += [models.Threshold(value=each.value, color=each.colour) for each in panel.thresholds]
    return build.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _words(panel: Panel) -> models.ValueMap:
    return models.ValueMap(
        options={
            f"{word.number:g}": models.ValueMappingResult(text=word.text, color=word.colour, index=index)
            for index, word in enumerate(panel.words)
        }
    )


def _stat(panel: Panel) -> _Builder:
    several = len(panel.queries) > 1 or "{{" in panel.queries[0].legend
    return (
        stat.Panel()
        .graph_mode(kinds.BigValueGraphMode.NONE)
        .color_mode(kinds.BigValueColorMode.VALUE if not panel.thresholds else kinds.BigValueColorMode.BACKGROUND)
        .text_mode(kinds.BigValueTextMode.VALUE_AND_NAME if several else kinds.BigValueTextMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .max_data_points(100)
    )


def _lines(panel: Panel) -> _Builder:
    made = (
        timeseries.Panel()
        .line_width(2)
        .fill_opacity(40 if panel.shape == "stacked" else 5)
        .show_points(kinds.VisibilityMode.NEVER)
        .span_nulls(False)
        .legend(
            common.VizLegendOptions()
            .display_mode(kinds.LegendDisplayMode.LIST)
            .placement(kinds.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI).sort(kinds.SortOrder.DESCENDING))
    )
    if panel.shape == "stacked":
        made.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
    if panel.thresholds:
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(kinds.GraphThresholdsStyleMode.DASHED))
    return made


def _bars(panel: Panel) -> _Builder:
    return (
        bargauge.Panel()
        .orientation(kinds.VizOrientation.HORIZONTAL)
        .display_mode(kinds.BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .max_data_points(100)
    )


def _states(panel: Panel) -> _Builder:
    return (
        statetimeline.Panel()
        .show_value(kinds.VisibilityMode.AUTO)
        .row_height(0.8)
        .merge_values(True)
        .line_width(0)
        .fill_opacity(70)
    )


def _table(panel: Panel) -> _Builder:
    organised = {
        "indexByName": {label: index for index, (label, _) in enumerate(panel.columns)},
        "renameByName": dict(panel.columns),
        "excludeByName": dict.fromkeys(("Time", JOB), True),
    }
    arranged = models.DataTransformerConfig(id_val="organize", options=organised)
    return table.Panel().align(kinds.FieldTextAlignment.AUTO).with_transformation(arranged)


_BUILDERS: Final = {
    "stat": _stat,
    "lines": _lines,
    "stacked": _lines,
    "bars": _bars,
    "states": _states,
    "table": _table,
}
