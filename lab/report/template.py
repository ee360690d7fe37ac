"""How a page is made of its template: the same look and the same rules for the pages of every command."""

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from lab.report.charts import Chart


def rendered(template: str, charts: Sequence[Chart], **told: Any) -> str:
    """The template of that name in this package, as HTML. It is given `charts`, each with its drawing, and `told`."""
    environment = Environment(
        loader=PackageLoader("lab.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    drawn = [(chart, Markup(chart.svg)) for chart in charts]  # noqa: S704  # our own drawing
    return environment.get_template(template).render(charts=drawn, **told)
