"""A dashboard as Grafana's JSON has it; of that what is needed to ask and to draw, all else is passed over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from dashboards.drawing.errors import Misuse

GENERATED: Final = Path(__file__).parents[1] / "generated"
PREFIX: Final = "hotseat-"
COLUMNS: Final = 24  # into which Grafana divides the width


class _Json(msgspec.Struct, rename="camel", frozen=True):
    pass


class Place(_Json, frozen=True):
    """Where a panel is, in columns and rows."""

    x: int = 0
    y: int = 0
    w: int = COLUMNS
    h: int = 8


class Target(_Json, frozen=True):
    """One query of a panel. Neither `range` nor `instant`: over time."""

    expr: str = ""
    ref_id: str = "A"
    legend_format: str = ""
    format: str = "time_series"
    interval: str = ""
    instant: bool = False
    range: bool = False
    hide: bool = False

    @property
    def is_instant(self) -> bool:
        return self.instant and not self.range


class Step(_Json, frozen=True):
    """From this value on, that colour; None: from the lowest on."""

    color: str = "green"
    value: float | None = None


class Thresholds(_Json, frozen=True):
    mode: str = "absolute"
    steps: tuple[Step, ...] = ()


class Defaults(_Json, frozen=True):
    """How the values of a panel are shown."""

    unit: str = ""
    decimals: float | None = None
    min: float | None = None
    max: float | None = None
    no_value: str = ""
    display_name: str = ""
    thresholds: Thresholds = Thresholds()
    mappings: tuple[dict[str, Any], ...] = ()
    color: dict[str, Any] = {}
    custom: dict[str, Any] = {}


class Matcher(_Json, frozen=True):
    id: str
    options: Any = None


class Property(_Json, frozen=True):
    id: str
    value: Any = None


class Override(_Json, frozen=True):
    matcher: Matcher
    properties: tuple[Property, ...] = ()


class FieldConfig(_Json, frozen=True):
    defaults: Defaults = Defaults()
    overrides: tuple[Override, ...] = ()


class Transformation(_Json, frozen=True):
    id: str
    options: dict[str, Any] = {}


class Link(_Json, frozen=True):
    """To a dashboard or to any address."""

    title: str = ""
    url: str = ""


class Panel(_Json, frozen=True):
    """One panel; a row is one too, and holds others while it is collapsed."""

    type: str
    id: int = 0
    title: str = ""
    description: str = ""
    grid_pos: Place = Place()
    targets: tuple[Target, ...] = ()
    field_config: FieldConfig = FieldConfig()
    options: dict[str, Any] = {}
    transformations: tuple[Transformation, ...] = ()
    links: tuple[Link, ...] = ()
    max_data_points: int | None = None
    interval: str | None = None
    panels: tuple["Panel", ...] = ()

    @property
    def asked(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets if target.expr and not target.hide)


class Variable(_Json, frozen=True):
    """`query` is a text or an object with a `query`; `current` what Grafana begins with."""

    name: str
    type: str
    label: str | None = None
    query: Any = ""
    regex: str = ""
    multi: bool = False
    include_all: bool = False
    all_value: str | None = None
    current: dict[str, Any] = {}

    @property
    def asks(self) -> str:
        return str(self.query.get("query", "") if isinstance(self.query, dict) else self.query)


class Templating(_Json, frozen=True):
    list: tuple[Variable, ...] = ()


class Annotation(_Json, frozen=True):
    """A query whose values above 0 are events. The query is here or in `target`, by the release of Grafana."""

    name: str = ""
    enable: bool = True
    expr: str = ""
    target: Target | None = None
    title_format: str = ""
    text_format: str = ""
    icon_color: str = "red"
    step: str = ""
    use_value_for_time: bool = False

    @property
    def asks(self) -> str:
        return self.expr or (self.target.expr if self.target else "")


class Annotations(_Json, frozen=True):
    list: tuple[Annotation, ...] = ()


class Board(_Json, frozen=True):
    """A dashboard."""

    uid: str
    title: str
    description: str = ""
    panels: tuple[Panel, ...] = ()
    templating: Templating = Templating()
    annotations: Annotations = Annotations()
    links: tuple[Link, ...] = ()

    def all_panels(self) -> Iterator[Panel]:
        """Rows, and what is in them, in the order in which they are read."""
        for panel in self.panels:
            yield panel
            yield from panel.panels


def load_board(file: Path) -> Board:
    """Raises Misuse for a file that is no dashboard."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Board)
    except (OSError, msgspec.DecodeError) as error:
        raise Misuse(f"{file} is no dashboard: {error}") from error


def load_boards(folder: Path = GENERATED) -> dict[str, Board]:
    """All of a folder by the names of their files (`sticky` for `hotseat-sticky`), in the order of their titles.

    Raises Misuse if there are none.
    """
    boards = {file.stem.removeprefix(PREFIX): load_board(file) for file in folder.glob("*.json")}
    found = dict(sorted(boards.items(), key=lambda named: named[1].title))
    if not found:
        raise Misuse(f"There are no dashboards in {folder}; run: make dashboards")
    return found
