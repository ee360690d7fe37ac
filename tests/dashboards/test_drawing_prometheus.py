"""What Prometheus is asked: variables, steps, names, marks; and what is said when it does not answer. The real one."""

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sample_board as sample
from recorded import END, FAILED_AT, recorded

from dashboards.drawing import prometheus as asking
from dashboards.drawing.board import Board
from dashboards.drawing.errors import Misuse, NoPrometheus, QueryFailed
from dashboards.drawing.evaluating import Evaluated, evaluate
from dashboards.drawing.intervals import DEFAULT_SCRAPE_SECONDS, Span
from dashboards.drawing.prometheus import Prometheus
from dashboards.drawing.variables import choose
from deploy.local import Programs, free_ports

SPAN = Span(END - 900, END)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, programs: Programs) -> Iterator[str]:
    with recorded(tmp_path_factory.mktemp("recorded"), programs) as url:
        yield url


@pytest.fixture
def prometheus(url: str) -> Prometheus:
    return Prometheus(url)


@pytest.fixture
def evaluated(prometheus: Prometheus) -> Callable[..., Evaluated]:
    """`evaluated(board)` is that board over the last quarter of an hour."""

    def of(board: Board, **wanted: list[str]) -> Evaluated:
        return evaluate(board, prometheus, SPAN, wanted, scrape_seconds=prometheus.scrape_seconds())

    return of


def one(query: str, **more: Any) -> Board:
    return sample.board(sample.panel("timeseries", {"expr": query, "legendFormat": "{{instance}}"}), **more)


def test_it_tells_its_version_and_how_often_it_looks(prometheus: Prometheus) -> None:
    """From its own settings."""
    assert prometheus.check()[0].isdigit()
    assert prometheus.scrape_seconds() == 10


def test_a_query_over_time_has_a_value_at_each_step(evaluated: Callable[..., Evaluated]) -> None:
    """The rate of what rises by two a second is two."""
    [panel] = evaluated(one(sample.RATE["expr"])).panels
    assert [series.name for series in panel.series] == ["web-1", "web-2", "worker-1"]
    assert panel.series[0].values == pytest.approx([2.0] * 91)
    assert panel.series[0].times == tuple(END - 900 + 10 * number for number in range(91))
    assert "[40s]" in panel.queries[0][0]


def test_a_query_at_the_end_has_one_value(evaluated: Callable[..., Evaluated]) -> None:
    """As a stat or a table asks."""
    [panel] = evaluated(sample.board(sample.panel("stat", {"expr": "held_bytes", "instant": True}))).panels
    assert [(series.times, series.values) for series in panel.series] == [
        ((END,), (3 * 2.0**20,)),
        ((END,), (1.5 * 2.0**20,)),
    ]


def test_times_stand_in_queries_as_grafana_puts_them(evaluated: Callable[..., Evaluated]) -> None:
    """The range, the step, and so many points as the panel is wide."""
    query = "vector($__range_s) + $__interval_ms + 0 * sum(rate(requests_total[$__range])) + ${__range_ms}"
    found = evaluated(one(query))
    [(asked, step)] = found.panels[0].queries
    assert step == 10
    assert asked == "vector(900) + 10000 + 0 * sum(rate(requests_total[900s])) + 900000"
    narrow = {**sample.panel("timeseries", {"expr": "up[$__interval]"}), "maxDataPoints": 9}
    assert evaluated(sample.board(narrow)).panels[0].queries == (("up[2m]", 120.0),)
    coarse = sample.panel("timeseries", {"expr": "$__interval $__rate_interval", "interval": "1m"})
    assert evaluated(sample.board(coarse)).panels[0].queries == (("1m 4m", 60.0),)


def test_variables_narrow_what_is_asked(evaluated: Callable[..., Evaluated]) -> None:
    """All of them by default; one or several as they are wanted; a later one knows only what an earlier one leaves."""
    board = one('up{job=~"$job", instance=~"${instance:regex}"}')
    assert [series.name for series in evaluated(board).panels[0].series] == ["web-1", "web-2", "worker-1"]
    narrowed = evaluated(board, job=["web"])
    assert narrowed.choices.chosen["instance"].values == ("web-1", "web-2")
    assert [series.name for series in narrowed.panels[0].series] == ["web-1", "web-2"]
    assert [each.name for each in evaluated(board, instance=["web-2"]).panels[0].series] == ["web-2"]
    two = evaluated(board, job=["web", "worker"]).panels[0]
    assert 'job=~"(web|worker)"' in two.queries[0][0]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("$job", ".+"),
        ("$instance", "(web-1|web-2|worker-1)"),
        ("[[instance:csv]]", "web-1,web-2,worker-1"),
        ("${instance:pipe}", "web-1|web-2|worker-1"),
        ("$nothing", "$nothing"),
        ("${datasource}", "prometheus"),
    ],
)
def test_a_variable_is_written_as_grafana_writes_it(prometheus: Prometheus, text: str, written: str) -> None:
    """All of a variable with an `allValue` is that value; a name that is none stays."""
    choices = choose(one("up"), {}, prometheus, SPAN, 10)
    assert choices.filled(text, 10) == written


def test_what_is_chosen_stands_for_itself_in_a_pattern(prometheus: Prometheus) -> None:
    """A dot is a dot, twice escaped: once for the pattern, once for the text it is in."""
    custom = {"name": "place", "type": "custom", "query": "a.b,c+d", "multi": True, "includeAll": True}
    plain = {"name": "one", "type": "custom", "query": 'say "x",y'}
    board = one("up", templating={"list": [custom, plain]})
    choices = choose(board, {"place": ["a.b"]}, prometheus, SPAN, 10)
    assert choices.filled('{place=~"$place", one="$one"}', 10) == r'{place=~"a\\.b", one="say \"x\""}'
    everything = choose(board, {}, prometheus, SPAN, 10)
    assert everything.filled("$place", 10) == r"(a\\.b|c\\+d)"


def test_a_value_that_there_is_not_is_refused(evaluated: Callable[..., Evaluated]) -> None:
    """With those there are."""
    with pytest.raises(Misuse, match="There is no instance web-9; Prometheus knows web-1, web-2, worker-1"):
        evaluated(one("up"), instance=["web-9"])


def test_what_happened_is_marked_by_its_name(evaluated: Callable[..., Evaluated]) -> None:
    """A moment that a value tells, once; a state as long as it lasted. What happened before is not marked."""
    marks = evaluated(one("up")).marks
    assert [(mark.title, mark.start, mark.end) for mark in marks] == [
        ("down web-2", FAILED_AT, FAILED_AT + 50),
        ("kill web-2", FAILED_AT + 60, FAILED_AT + 60),
    ]


def test_names_are_made_as_the_legend_says(evaluated: Callable[..., Evaluated]) -> None:
    """By a form; by what differs; else by everything."""
    forms = ("{{instance}} of {{job}}", "__auto", "")
    panels = [sample.panel("timeseries", {"expr": 'up{job="web"}', "legendFormat": form}) for form in forms]
    found = evaluated(sample.board(*panels)).panels
    assert [panel.series[0].name for panel in found] == ["web-1 of web", "web-1", 'up{instance="web-1", job="web"}']


def test_a_query_that_fails_leaves_the_others_alone(evaluated: Callable[..., Evaluated]) -> None:
    """Its panel says in Prometheus's words what is wrong."""
    found = evaluated(
        sample.board(sample.panel("timeseries", {"expr": "sum("}, title="Broken"), sample.panel("stat", sample.RATE))
    )
    assert "parse error" in found.panels[0].problem
    assert found.panels[1].series
    assert [problem.partition(":")[0] for problem in found.problems] == ["Broken"]


def test_marks_that_cannot_be_asked_for_are_told(evaluated: Callable[..., Evaluated]) -> None:
    """And every panel is there."""
    broken = {"list": [{"name": "Wrong", "enable": True, "expr": "sum("}]}
    found = evaluated(one("up", annotations=broken))
    assert found.problems[0].startswith("Wrong: ")
    assert found.panels[0].series


class _Answers(http.server.BaseHTTPRequestHandler):
    """Says to everything what the server was told to say."""

    def do_GET(self) -> None:
        self.server.asked.append(self)  # type: ignore[attr-defined]
        status, body = self.server.says  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if body is None:
            self.server.wait.wait(5)  # type: ignore[attr-defined]
            return
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - its name in the base class

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
        """Nobody wants to read it."""


@pytest.fixture
def other() -> Iterator[http.server.ThreadingHTTPServer]:
    """A server that says `says` to everything; None: nothing at all."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.asked, server.wait = [], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.wait.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def address(server: http.server.ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def test_nothing_there_is_said_in_a_sentence() -> None:
    """With the address and the reason."""
    [port] = free_ports(1)
    with pytest.raises(NoPrometheus, match=rf"There is no Prometheus at http://127.0.0.1:{port} \(Connection refused"):
        Prometheus(f"http://127.0.0.1:{port}").check()


@pytest.mark.parametrize("url", ["localhost:9090", "ftp://x", "http://", "http://x:port", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    """Before anything is asked."""
    with pytest.raises(NoPrometheus, match="is no address of a Prometheus"):
        Prometheus(url)


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>hello</html>"), (404, b"not found"), (200, b'{"status": "ok"}'), (200, b"")]
)
def test_what_is_no_prometheus_is_told_from_one(
    other: http.server.ThreadingHTTPServer, status: int, body: bytes
) -> None:
    """Whatever it answers."""
    other.says = status, body  # type: ignore[attr-defined]
    with pytest.raises(NoPrometheus, match="is no Prometheus"):
        Prometheus(address(other)).check()


def test_no_answer_in_time_is_a_query_that_failed(other: http.server.ThreadingHTTPServer) -> None:
    """The others may still be answered."""
    other.says = 200, None  # type: ignore[attr-defined]
    with pytest.raises(QueryFailed, match=r"no answer within 0\.2 s"):
        Prometheus(address(other), seconds=0.2).at("up", END)


def test_an_answer_without_bounds_is_not_read(
    other: http.server.ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than so many bytes, no more than so many series."""
    monkeypatch.setattr(asking, "MOST_BYTES", 1 << 20)
    other.says = 200, b" " * ((1 << 20) + 1)  # type: ignore[attr-defined]
    with pytest.raises(QueryFailed, match="longer than 1 MiB"):
        Prometheus(address(other)).at("up", END)
    monkeypatch.setattr(asking, "MOST_SERIES", 1)
    other.says = (
        200,
        (  # type: ignore[attr-defined]
            b'{"status":"success","data":{"resultType":"vector","result":['
            b'{"metric":{},"value":[1,"2"]},{"metric":{"a":"b"},"value":[1,"NaN"]}]}}'
        ),
    )
    with pytest.raises(QueryFailed, match="It has 2 series"):
        Prometheus(address(other)).at("up", END)


def test_a_password_in_the_address_is_sent_and_never_shown(other: http.server.ThreadingHTTPServer) -> None:
    """As basic credentials, percent signs undone."""
    other.says = 500, b"{}"  # type: ignore[attr-defined]
    asked = Prometheus(address(other).replace("//", "//me:s%40crown@"))
    with pytest.raises(NoPrometheus) as refused:
        asked.check()
    assert "crown" not in str(refused.value) + asked.shown
    assert other.asked[0].headers["Authorization"] == "Basic bWU6c0Bjcm93bg=="  # type: ignore[attr-defined]


def test_one_that_does_not_tell_its_settings_is_taken_to_look_as_often_as_grafana_thinks(
    other: http.server.ThreadingHTTPServer,
) -> None:
    """Managed ones keep their settings to themselves."""
    other.says = 403, b"forbidden"  # type: ignore[attr-defined]
    assert Prometheus(address(other)).scrape_seconds() == DEFAULT_SCRAPE_SECONDS


def test_a_scalar_is_one_series_without_labels(prometheus: Prometheus) -> None:
    """`time()` and the like."""
    [found] = prometheus.at("scalar(vector(7))", END)
    assert (found.labels, found.values) == ({}, (7.0,))


def test_the_path_before_the_api_is_kept(other: http.server.ThreadingHTTPServer, tmp_path: Path) -> None:
    """For one behind a proxy, and Mimir's `/prometheus`."""
    other.says = 200, b'{"status":"success","data":{"version":"3.1"}}'  # type: ignore[attr-defined]
    assert Prometheus(f"{address(other)}/prometheus/").check() == "3.1"
    assert other.asked[0].path == "/prometheus/api/v1/status/buildinfo"  # type: ignore[attr-defined]
