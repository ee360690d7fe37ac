"""The dashboards as they are committed."""

import json
from pathlib import Path
from typing import Any

import pytest
from board_answers import Asker

from dashboards.generating import GENERATED
from deploy.local import Programs

BOARDS = sorted(path.stem for path in GENERATED.glob("*.json"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "board" in metafunc.fixturenames:
        metafunc.parametrize("board", BOARDS, indirect=True)


@pytest.fixture
def board(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each of the four in turn, as Grafana would read it; the test may change it."""
    text = (GENERATED / f"{request.param}.json").read_text()
    read: dict[str, Any] = json.loads(text)
    return read


@pytest.fixture
def asker(programs: Programs, tmp_path: Path) -> Asker:
    """Of the real PromQL."""
    return Asker(programs.need("promtool")["promtool"], tmp_path)
