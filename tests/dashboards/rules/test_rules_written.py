"""The rules as they are committed: what Prometheus is given, what they read, and what the runbook says of them."""

import asyncio
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from ruled import Promtool, series_in

from cache import open_cache
from dashboards.rules import ALERTS, RECORDING, Alert, Record, written
from dashboards.rules.jobs import UNTIMED_ROUTES
from deploy.local import Programs, free_ports
from deploy.local.places import CHECKOUT, HAPROXY_CFG
from webapp.app import route_methods
from webapp.metrics import Metrics
from webapp.redis_figures import RedisFigures
from webapp.settings import from_mapping

GENERATED = CHECKOUT / "dashboards" / "generated"
RUNBOOK = (CHECKOUT / "docs" / "runbook.md").read_text()
SECTIONS = {part.partition("\n")[0]: part for part in RUNBOOK.split("\n## ")[1:]}
PARTS = ("**People**", "**Look**", "**Do**", "**It is nothing if**")
RECORDS = [rule for group in RECORDING for rule in group.rules if isinstance(rule, Record)]
TOLD = [rule for group in ALERTS for rule in group.rules if isinstance(rule, Alert)]
KEY = "0123456789abcdef0123456789abcdef"
# Prometheus's own.
OF_PROMETHEUS = {"up", "ALERTS"}
# Labels that Prometheus puts on what it scrapes; what has a label of the same name itself gets another.
OF_TARGETS = {"job", "instance"}

Samples = dict[str, list[dict[str, str]]]
"""Each series' labels, by its name."""


def test_what_is_committed_is_what_is_written() -> None:
    """Byte for byte; run `make dashboards` if not."""
    assert {file.name: file.read_text() for file in GENERATED.glob("*.yml")} == dict(written())
    assert written() == written()


def test_prometheus_takes_them(promtool: Promtool) -> None:
    """As its own tool says."""
    promtool.check(*GENERATED.glob("*.yml"))


def test_records_are_named_by_level_metric_and_operations() -> None:
    """And nothing is recorded twice under one name and labels."""
    for record in RECORDS:
        assert re.fullmatch(r"[a-z]+:[a-z0-9_]+:[a-z0-9_]+", record.record), record.record
    keys = [(record.record, tuple(sorted(record.labels.items()))) for record in RECORDS]
    assert len(keys) == len(set(keys))


def test_every_alert_says_what_it_is_and_leads_to_its_section() -> None:
    """A summary of one line, a description, a severity, and a link that leads somewhere."""
    assert len({alert.alert for alert in TOLD}) == 23
    for alert in TOLD:
        assert alert.summary.endswith("."), alert.alert
        assert len(alert.description) > 60, alert.alert
        assert alert.severity in {"page", "ticket"}
        file, _, anchor = alert.runbook_url.partition("#")
        assert (CHECKOUT / file).read_text() == RUNBOOK
        assert anchor in {heading.lower() for heading in SECTIONS}, alert.alert


def test_every_section_is_of_an_alert_and_has_its_four_parts() -> None:
    """What it means to people, where to look, what to do, and when it is nothing; in that order."""
    names = {alert.alert for alert in TOLD}
    assert set(SECTIONS) - names == {"Being told", "Recorded series"}
    for name in names:
        places = [SECTIONS[name].find(part) for part in PARTS]
        assert places == sorted(places), name
        assert min(places) > 0, name


def test_the_runbooks_table_has_each_alert_with_its_severities() -> None:
    """In the first screen."""
    rows = {
        name: set(severities.split(", "))
        for name, severities in re.findall(r"\| \[(\w+)\]\(#\w+\) \| (.*?) \|", RUNBOOK)
    }
    severities: dict[str, set[str]] = {}
    for alert in TOLD:
        severities.setdefault(alert.alert, set()).add(alert.severity)
    assert rows == severities


def test_the_runbook_lists_what_is_recorded() -> None:
    """Each series, its windows included, and no other."""
    listed = set()
    for row in re.findall(r"^\| (`[a-z]+:.*?) \|", SECTIONS["Recorded series"], re.MULTILINE):
        first, *windows = re.findall(r"`([^`]+)`", row)
        listed |= {first, *(f"{first.rpartition(':')[0]}:{window}" for window in windows)}
    assert listed == {record.record for record in RECORDS}


def test_every_command_of_the_runbook_exists() -> None:
    """What is typed at night works."""
    registered = {entry.name for entry in entry_points(group="hotseat.commands")}
    named = set(re.findall(r"(?:`|^ {4})hotseat ([a-z]+)", RUNBOOK, re.MULTILINE))
    assert named <= registered
    assert len(named) > 10


def test_every_query_of_the_runbook_reads_what_exists(exposed: Samples) -> None:
    """Pasted as it stands, it asks for something that is there."""
    sections = "".join(text for name, text in SECTIONS.items() if name != "Being told")
    read = {name for query in re.findall(r"^ {4}(.*)$", sections, re.MULTILINE) for name in series_in(query)}
    assert len(read) > 15
    assert read <= known(exposed)


def test_every_rule_reads_what_exists(exposed: Samples) -> None:
    """Series of the application, of HAProxy, of Prometheus, or recorded before."""
    for rule in (*RECORDS, *TOLD):
        assert series_in(rule.expr) <= known(exposed), rule.expr
        assert series_in(rule.expr) or rule.expr.startswith("vector("), rule.expr


def test_every_value_that_is_selected_exists(exposed: Samples) -> None:
    """A state, a reason or a route that nothing ever has would make a rule that is never true."""
    selected = [found for rule in (*RECORDS, *TOLD) for found in selectors(rule.expr) if found[0] in exposed]
    assert len(selected) > 30
    for name, label, operator, value in selected:
        values = {labels.get(own_name(name, label), "") for labels in exposed[name]}
        if label in OF_TARGETS:
            continue
        for one in value.split("|") if "~" in operator else [value]:
            assert one in values, f"{name}{{{label}{operator}{value}}}"
    assert set(UNTIMED_ROUTES) <= set(route_methods())


def selectors(expr: str) -> Iterator[tuple[str, str, str, str]]:
    """Each matcher of an expression: series, label, operator, value."""
    for name, matchers in re.findall(r"([a-z_]\w*)\{([^}]*)\}", expr):
        for label, operator, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', matchers):
            yield name, label, operator, value


def own_name(series: str, label: str) -> str:
    """What the application calls a label that Prometheus had to rename."""
    return label.removeprefix("exported_") if series.startswith("hotseat_") else label


def known(exposed: Samples) -> set[str]:
    return set(exposed) | {record.record for record in RECORDS} | OF_PROMETHEUS


@pytest.fixture(scope="module")
def exposed(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Samples:
    """What a web process exposes before its first request, and what HAProxy does."""
    with proxy_metrics(programs.need("haproxy")["haproxy"], tmp_path_factory.mktemp("haproxy")) as text:
        return samples(text) | samples(asyncio.run(application_metrics()))


async def application_metrics() -> str:
    settings = {"REDIS_URL": "redis://x", "MONGODB_URL": "mongodb://x", "SECRET_KEYS": KEY, "AFFINITY_KEY": KEY}
    async with open_cache("redis://127.0.0.1:1") as cache:
        metrics = Metrics(from_mapping(settings), "0", route_methods())
        metrics.watch(cache)
        metrics.watch_redis(RedisFigures())
        return generate_latest(metrics.registry).decode()


def samples(text: str) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels)
    return found


@contextmanager
def proxy_metrics(program: Path, folder: Path) -> Iterator[str]:
    """The exporter of a HAProxy with the repository's configuration and no server behind it."""
    port, admin_port = free_ports(2)
    environ = {"PATH": os.environ["PATH"], "HTTP_PORT": str(port), "HAPROXY_ADMIN_PORT": str(admin_port)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "-db", "-f", HAPROXY_CFG], env=environ, stdout=log, stderr=log)
    try:
        yield fetched(f"http://127.0.0.1:{admin_port}/metrics")
    finally:
        process.kill()
        process.wait()


def fetched(url: str) -> str:
    deadline = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own HAProxy
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_the_series_of_an_expression_are_found() -> None:
    """Neither functions nor labels, values and words; or the tests above would look at nothing."""
    expr = 'sum by (a, b) (rate(x_total{c="d{e}"}[5m])) / on (f) group_left () (g:h:i offset 30m > 0) unless y and 2e3'
    assert series_in(expr) == {"x_total", "g:h:i", "y"}
