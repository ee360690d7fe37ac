"""What all our drawings share: the look, and how they are written, as SVG within a page and as PNG beside it.

A drawing is made without a display and without global state; the same figures give the same bytes.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

INK, PAPER, GRID = "#16253d", "#fffdf7", "#d8dde2"
COLOURS: Final = ("#1d4f91", "#b8291c", "#e0a030", "#5b8c5a", "#7a5c99", "#8a8f98")
DOTS_PER_INCH: Final = 144

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "legend.frameon": False,
    "svg.fonttype": "path",
    "text.parse_math": False,
    "svg.hashsalt": "hotseat",
}


@contextmanager
def styled_figure(width_inches: float, height_inches: float) -> Iterator[Figure]:
    """An empty figure; it has to be drawn on and written within the block."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width_inches, height_inches), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def as_svg(figure: Figure) -> str:
    """The element alone, without what makes it a file."""
    svg = _written(figure, "svg", metadata={"Date": None}).decode()
    return svg[svg.index("<svg") :]


def as_png(figure: Figure) -> bytes:
    return _written(figure, "png", dpi=DOTS_PER_INCH)


def as_pixels(figure: Figure) -> np.ndarray:
    """Rows of red, green and blue."""
    figure.set_dpi(DOTS_PER_INCH)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()  # type: ignore[no-untyped-call]


def _written(figure: Figure, form: str, **how: Any) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format=form, **how)
    return out.getvalue()
