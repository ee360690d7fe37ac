"""What docs/cache.md points at is there: tests, files, metrics, log lines, and a diagram for each race."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from cache import open_cache
from cache.hot import EXPANSION, OVERHEAD_BYTES
from cache.observer import LINK_STATES
from cache.prometheus import HotCacheCollector, PrometheusObserver

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "cache.md").read_text()
RACES = re.split(r"^### ", TEXT.split("\n## The races\n")[1].split("\n## ")[0], flags=re.MULTILINE)[1:]


def test_each_test_it_names_exists() -> None:
    """A reader who doubts a rule can run what shows it."""
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", TEXT))
    assert len(named) > 20
    missing = [
        f"{path}::{test}"
        for path, test in sorted(named)
        if not (ROOT / path).exists()
        or not re.search(rf"^(async )?def {test}\(", (ROOT / path).read_text(), re.MULTILINE)
    ]
    assert missing == []


@pytest.mark.parametrize("race", RACES, ids=lambda race: race.splitlines()[0].replace(" ", "-"))
def test_each_race_has_a_diagram_a_rule_and_a_test(race: str) -> None:
    """The wrong way and the right one side by side."""
    [diagram] = re.findall(r"```mermaid\nsequenceDiagram\n(.*?)```", race, re.DOTALL)
    assert "alt naive" in diagram
    assert "else here" in diagram
    assert ";" not in diagram  # it would end the line: Mermaid does not draw the rest
    assert re.search(r"^Rules?: ", race, re.MULTILINE)
    assert re.search(r"^Shown by `tests/", race, re.MULTILINE)


def test_each_file_and_page_it_names_exists() -> None:
    """Also what it links to."""
    for path in re.findall(r"`((?:cache|examples)/\w+\.py)`", TEXT):
        assert (ROOT / path).exists(), path
    for link in re.findall(r"\]\(([\w.]+)\)", TEXT):
        assert (ROOT / "docs" / link).exists(), link


@pytest.mark.asyncio
async def test_each_metric_it_names_exists() -> None:
    """By the name under which it is scraped. (No Redis is asked for that.)"""
    registry = CollectorRegistry()
    PrometheusObserver(registry, ("board",), lambda operation, result, seconds: None)
    async with open_cache("redis://127.0.0.1:1") as cache:
        registry.register(HotCacheCollector(cache, ("board",)))
        names = {f"{each.name}_total" if each.type == "counter" else each.name for each in registry.collect()}
    named = set(re.findall(r"`(hotseat_\w+)", TEXT))
    assert len(named) > 8
    assert named <= names


def test_each_log_line_it_explains_is_one_the_code_can_write() -> None:
    """Piece by piece, without what is filled in."""
    sources = "".join(path.read_text() for path in (ROOT / "cache").glob("*.py"))
    lines = re.findall(r"^\| `((?:hot copies|no hot copies|what Redis).*?)` \|", TEXT, re.MULTILINE)
    assert len(lines) >= 8
    for line in lines:
        for piece in re.split(r": |\(lost\)|\(suspect\)|lost|'board'|\(?\.\.\.\)?", line):
            assert piece.strip(" )") in sources, line


def test_the_states_and_weights_it_tells_are_the_codes() -> None:
    """Neither fewer nor more states; the bytes a copy is taken for."""
    table = TEXT.split("\n## The lease\n")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(LINK_STATES)
    assert f"{OVERHEAD_BYTES} bytes and four times" in TEXT
    assert EXPANSION == 4
