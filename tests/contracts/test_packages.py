"""Who may import whom is looked at (`make lint`) only where folders are packages."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("package", ["cache", "webapp", "dashboards", "deploy/local", "lab"])
def test_every_folder_with_modules_is_a_package(package: str) -> None:
    """import-linter passes over any other, and over what is imported there, without a word."""
    folders = {file.parent for file in (ROOT / package).rglob("*.py")}
    assert [f"{each.relative_to(ROOT)}" for each in sorted(folders) if not (each / "__init__.py").exists()] == []
