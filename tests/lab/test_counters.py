"""What web processes count of themselves, and what their parts use."""

import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from deploy.local import ProcessStatus, free_ports
from lab.compare.counters import counts_of
from lab.compare.usage import Usage, part_of
from lab.errors import SiteTrouble

TEXT = """# TYPE hotseat_backend_calls counter
hotseat_backend_calls_total{backend="redis",op="read",result="ok"} %d
hotseat_backend_calls_total{backend="redis",op="lease",result="ok"} 100
hotseat_backend_calls_total{backend="mongodb",op="find",result="ok"} 7
# TYPE hotseat_cache_lookups counter
hotseat_cache_lookups_total{region="board",tier="hot",result="hit"} 5
hotseat_cache_lookups_total{region="board",tier="hot",result="miss"} 4
hotseat_cache_lookups_total{region="board",tier="redis",result="hit"} 3
hotseat_cache_lookups_total{region="board",tier="redis",result="miss"} 1
hotseat_cache_lookups_total{region="session",tier="hot",result="hit"} 9
"""


@pytest.fixture
def addresses() -> Iterator[list[str]]:
    """Two processes that count."""

    class Metrics(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.server.asked = getattr(self.server, "asked", 0) + 1  # type: ignore[attr-defined]
            body = (TEXT % (10 * self.server.asked)).encode()  # type: ignore[attr-defined]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    servers = [HTTPServer(("127.0.0.1", 0), Metrics) for _ in range(2)]
    threads = [Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
    for thread in threads:
        thread.start()
    yield [f"127.0.0.1:{server.server_port}" for server in servers]
    for server, thread in zip(servers, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()


def test_counts_are_of_all_processes_and_without_what_they_ask_by_themselves(addresses: list[str]) -> None:
    """Heartbeats go on whoever comes, so they are no request's."""
    before, after = counts_of(addresses), counts_of(addresses)
    assert before.calls("redis") == 20
    assert after.since(before).calls("redis") == 20
    assert after.since(before).calls("mongodb") == 0
    assert before.answered_by("board") == {"hot": 10, "redis": 6, "load": 2}
    assert before.total("hotseat_cache_lookups_total", tier="hot", result="hit") == 28


def test_a_process_that_does_not_answer_is_named() -> None:
    [port] = free_ports(1)
    with pytest.raises(SiteTrouble, match=f"127.0.0.1:{port}"):
        counts_of([f"127.0.0.1:{port}"])


def test_parts_are_known_by_the_names_of_their_processes() -> None:
    names = ("web-2", "redis", "mongodb", "s3", "haproxy", "worker-1", "prometheus", "")
    assert [part_of(name) for name in names] == ["web", "redis", "mongodb", "s3", "proxy", "worker", None, None]


def test_usage_is_what_was_spent_in_between() -> None:
    """Of one that is there, nothing of one that is not."""
    here = ProcessStatus("web-1", os.getpid(), "", "running", "sticky")
    gone = ProcessStatus("redis", 2**22 - 1, "", "running", "embedded")
    before = Usage.of([here, gone])
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    spent = Usage.of([here, gone]).since(before)
    assert spent["web"] >= 0.18
    assert (spent["redis"], spent["proxy"]) == (0, 0)
