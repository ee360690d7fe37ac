"""Prometheus's own tool, which evaluates rules as Prometheus does."""

from pathlib import Path

import pytest
from ruled import Promtool

from deploy.local import Programs


@pytest.fixture
def promtool(programs: Programs, tmp_path: Path) -> Promtool:
    return Promtool(programs.need("promtool")["promtool"], tmp_path)
