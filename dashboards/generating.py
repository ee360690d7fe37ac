"""What `make dashboards` writes: file name by file name, the same bytes each time."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dashboards.boards import boards
from dashboards.grafana import dashboard_json
from dashboards.rules import written

GENERATED: Final = Path(__file__).with_name("generated")


def generated() -> Mapping[str, str]:
    """Name and text of each file."""
    return {**{f"{board.uid}.json": dashboard_json(board) for board in boards()}, **written()}


def write(folder: Path = GENERATED) -> None:
    """Writes them, and removes what is no longer generated."""
    files = generated()
    folder.mkdir(exist_ok=True)
    for stray in set(folder.iterdir()) - {folder / name for name in files}:
        stray.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)
