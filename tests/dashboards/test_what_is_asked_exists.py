"""Every series that a board asks for exists: in the application, in HAProxy's exporter, among the recorded rules."""

import asyncio
import re
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import promql_parser as promql
import pytest
from board_queries import asked, matchers, metric_names, selectors, walk
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from cache import open_cache
from dashboards.labels import PROXY_JOB, WEB_JOB
from dashboards.rules import RECORDING
from deploy.local import Programs, free_ports
from deploy.local.places import HAPROXY_CFG
from deploy.local.processes import STOP_ORDER
from webapp.app import route_methods
from webapp.metrics import Metrics
from webapp.redis_figures import RedisFigures
from webapp.settings import from_mapping

Board = dict[str, Any]
Series = tuple[str, dict[str, str]]
KEY = "0123456789abcdef0123456789abcdef"
ADDED_BY_SCRAPING = {"job", "instance"}
CHOSEN_BY_THE_READER = {"$job", "$instance", "$mode"}


@pytest.fixture(scope="module")
def of_the_application() -> list[Series]:
    """What a web process exposes in either mode, and what the worker does, before any of them did anything."""
    stores = {"REDIS_URL": "redis://x", "MONGODB_URL": "mongodb://x", "SECRET_KEYS": KEY, "AFFINITY_KEY": KEY}

    async def collect(mode: str, routes: dict[str, list[str]]) -> list[Metric]:
        async with open_cache("redis://127.0.0.1:1") as cache:
            metrics = Metrics(from_mapping({**stores, "STICKY_MODE": mode}), "0", routes)
            metrics.watch(cache)
            metrics.watch_redis(RedisFigures())  # the worker's
            return list(metrics.registry.collect())

    kinds = [("on", route_methods()), ("off", route_methods()), ("off", {})]
    return [series for mode, routes in kinds for series in _series(asyncio.run(collect(mode, routes)))]


@pytest.fixture(scope="module")
def of_haproxy(programs: Programs, eventually: Callable[..., None]) -> Iterator[list[Series]]:
    """What the real one exposes with the repository's haproxy.cfg."""
    port, admin_port = free_ports(2)
    environ = {"HTTP_PORT": str(port), "HAPROXY_ADMIN_PORT": str(admin_port)}
    command = [str(programs.need("haproxy")["haproxy"]), "-db", "-f", str(HAPROXY_CFG)]
    with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as haproxy:
        try:
            eventually(lambda: _read(admin_port))
            yield list(_series(text_string_to_metric_families(_read(admin_port))))
        finally:
            haproxy.kill()


@pytest.fixture(scope="module")
def of_the_rules() -> dict[str, set[str]]:
    """What is recorded, with its labels: those it is given, and those it is added up by."""
    added_up = re.compile(r"\bby \(([^)]*)\)")
    return {
        rule.record: {*rule.labels, *(label for by in added_up.findall(rule.expr) for label in by.split(", "))}
        for group in RECORDING
        for rule in group.rules
    }


def test_every_series_a_board_asks_for_exists(
    board: Board, of_the_application: list[Series], of_haproxy: list[Series], of_the_rules: dict[str, set[str]]
) -> None:
    """By its name and by every label and value that the query names."""
    known = [*of_the_application, *of_haproxy]
    missing = [
        (each.where, str(found.node))
        for each in asked(board)
        for found in selectors(each.expression)
        if found.node.name not in of_the_rules and not _exists(found.node, known)
    ]
    assert missing == []


def test_every_label_a_board_adds_up_by_exists(
    board: Board,
    of_the_application: list[Series],
    of_haproxy: list[Series],
    of_the_rules: dict[str, set[str]],
) -> None:
    """A sum by a label that nothing has would be one line, with no name."""
    labels = {name: set(of_rule) for name, of_rule in of_the_rules.items()}
    for name, of_series in [*of_the_application, *of_haproxy]:
        labels.setdefault(name, set()).update(_as_scraped(label) for label in of_series)
    missing = [
        (each.where, label)
        for each in asked(board)
        for found in walk(each.expression)
        if isinstance(found.node, promql.AggregateExpr) and found.node.modifier is not None
        for label in found.node.modifier.labels
        if label not in ADDED_BY_SCRAPING.union(*(labels.get(name, set()) for name in metric_names(each.expression)))
    ]
    assert missing == []


@pytest.mark.parametrize(
    "expression",
    [
        "hotseat_http_request_total",
        'hotseat_http_requests_total{status="500"}',
        'hotseat_http_requests_total{code="5xx"}',
        'hotseat_backend_calls_total{op!~".*"}',
        'hotseat_http_requests_total{status=~"5"}',
        'haproxy_server_status{state="STOPPED"}',
        'haproxy_frontend_http_responses_total{proxy="web"}',
    ],
)
def test_what_does_not_exist_is_noticed(
    expression: str, of_the_application: list[Series], of_haproxy: list[Series]
) -> None:
    """A name, a label or a value that is slightly wrong."""
    [found] = selectors(expression)
    assert not _exists(found.node, [*of_the_application, *of_haproxy])


def test_the_jobs_are_those_of_the_stack() -> None:
    """Each process is scraped under its kind as job, and the queries have the same names for them."""
    assert {WEB_JOB, PROXY_JOB} <= {kind for kinds in STOP_ORDER for kind in kinds}


def test_each_board_asks_for_what_it_is_about(board: Board) -> None:
    """None of them was emptied by mistake."""
    names = {name for each in asked(board) for name in metric_names(each.expression)}
    assert len(names) >= 10
    assert len(asked(board)) >= 15


def _as_scraped(label: str) -> str:
    return f"exported_{label}" if label in ADDED_BY_SCRAPING else label


def _series(families: Any) -> Iterator[Series]:
    for family in families:
        for sample in family.samples:
            yield sample.name, dict(sample.labels)


def _exists(selector: Any, known: list[Series]) -> bool:
    wanted = [
        (label, sign, value)
        for label, sign, value in matchers(selector)
        if label not in ADDED_BY_SCRAPING and value not in CHOSEN_BY_THE_READER
    ]
    return any(
        name == selector.name and all(_matches(labels.get(label), sign, value) for label, sign, value in wanted)
        for name, labels in known
    )


def _matches(has: str | None, sign: str, value: str) -> bool:
    if has is None:
        return False  # a label that is not there, though "" would match it, is a slip
    matched = re.fullmatch(value, has) is not None if "~" in sign else has == value
    return matched is not sign.startswith("!")


def _read(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
