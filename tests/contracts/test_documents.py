"""What the documents say is so: settings, metrics, commands, pictures, and the code in the README."""

import asyncio
import contextlib
import io
import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from prometheus_client import Metric

from cache import open_cache
from deploy.local import RunningStore
from webapp.app import route_methods
from webapp.metrics import Metrics
from webapp.redis_figures import RedisFigures
from webapp.settings import RUNGS, from_mapping

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
METRICS = (ROOT / "docs" / "metrics.md").read_text()
KEY = "0123456789abcdef0123456789abcdef"
SETTINGS = from_mapping(
    {"REDIS_URL": "redis://x", "MONGODB_URL": "mongodb://x", "SECRET_KEYS": KEY, "AFFINITY_KEY": KEY}
)


def test_the_readme_lists_each_variable_of_the_example_with_its_default_and_meaning() -> None:
    """One text in two places, the same in both."""
    example = {
        match[1]: (match[2], match[3])
        for line in (ROOT / ".env.example").read_text().splitlines()
        if (match := re.fullmatch(r"([A-Z0-9_]+)=(\S*)\s*# (.*)", line))
    }
    table = {
        match[1]: (match[2], match[3])
        for match in re.finditer(r"\| `([A-Z0-9_]+)` \| `?([^`|]*?)`? ?\| (.*) \|", README)
    }
    assert len(example) > 35
    assert table == example


def test_every_default_of_the_example_is_the_applications_own() -> None:
    """Setting a variable to its documented default changes nothing."""
    shown = SETTINGS.shown()
    for line in (ROOT / ".env.example").read_text().splitlines():
        match = re.match(r"([A-Z0-9_]+)=(\S+)", line)
        if match and match[1] in shown and match[2] != "auto":
            given = shown[match[1]]
            assert given == match[2] or float(given) == float(match[2]), match[1]


def test_the_readme_lists_the_rungs_of_the_ladder() -> None:
    """Those that can be set, no others."""
    section = README.split("## The switch and its ladder")[1].split("##")[0]
    assert set(re.findall(r"\| (on|off) \| (on|off|naive) \| (\w+) \|", section)) == set(RUNGS)


def families(routes: dict[str, list[str]]) -> list[Metric]:
    """What a process exposes before its first request: a web process, or the worker, which has no routes."""

    async def collect() -> list[Metric]:
        async with open_cache("redis://127.0.0.1:1") as cache:
            metrics = Metrics(SETTINGS, "0", routes)
            metrics.watch(cache)
            if not routes:
                metrics.watch_redis(RedisFigures())
            return list(metrics.registry.collect())

    return asyncio.run(collect())


def all_families() -> list[Metric]:
    """Those of a web process, and what only the worker has."""
    web = families(route_methods())
    names = {family.name for family in web}
    return [*web, *(family for family in families({}) if family.name not in names)]


def test_each_metric_is_in_the_table_and_each_row_of_the_table_is_a_metric() -> None:
    """Name, kind, labels and meaning."""
    rows = set()
    for family in all_families():
        if not family.name.startswith("hotseat"):
            continue
        name = family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")
        labels = sorted({label for sample in family.samples for label in sample.labels if label != "le"})
        rows.add((name, family.type, ", ".join(f"`{label}`" for label in labels), family.documentation))
    assert set(re.findall(r"\| `(hotseat_\w+)` \| (\w+) \| (.*?) \| (.*) \|", METRICS)) == rows


def test_the_number_of_series_is_the_stated_one() -> None:
    """Of a web process and of the worker, before the first request; that none comes later is shown elsewhere."""
    [told] = re.findall(r"exactly ([\d,]+) per web process and\s+([\d,]+) for the worker", METRICS)
    for number, routes in zip(told, (route_methods(), {}), strict=True):
        assert sum(len(family.samples) for family in families(routes)) == int(number.replace(",", ""))


def test_every_metric_the_documents_ask_for_exists() -> None:
    """Queries can be pasted as they stand."""
    exposed = {name for family in all_families() for name in (family.name, *(each.name for each in family.samples))}
    assert set(re.findall(r"hotseat_\w+", METRICS)) <= exposed


def test_every_command_is_in_the_readme_and_the_other_way_round() -> None:
    """No command without a line, no line without a command."""
    registered = {entry.name for entry in entry_points(group="hotseat.commands")}
    section = README.split("## Commands")[1].split("##")[0]
    assert set(re.findall(r"`hotseat (\w+)", section)) == registered


def test_every_make_target_the_documents_name_exists() -> None:
    """What is typed from the README works."""
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"\bmake ([\w-]+)", README)) | set(
        re.findall(r"`make ([\w-]+)`", (ROOT / "CONTRIBUTING.md").read_text())
    )
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_picture_and_page_the_readme_links_is_there() -> None:
    """No broken picture for a first-time reader."""
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).exists(), link


@pytest.mark.parametrize("number", [0])
def test_the_code_in_the_readme_runs(number: int, redis_server: RunningStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """And prints what its comments say."""
    source = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[number]
    promised = re.findall(r"print\(.*\)  # (\w+)", source)
    source = source.replace("redis://127.0.0.1:6379", redis_server.url).replace("asyncio.run(main())", "")
    names: dict[str, object] = {}
    exec(compile(source, "README.md", "exec"), names)  # noqa: S102  # our own README
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        asyncio.run(names["main"]())  # type: ignore[operator]
    assert printed.getvalue().split() == promised
