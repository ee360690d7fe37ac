"""haproxy.cfg: how long a server that hangs or is slow holds those who wait for it."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.local import slot_cookie
from deploy.local.places import HAPROXY_CFG

# Limits for tests; the 30 s of everything else stay, which no client here waits for.
HURRIED = {"server 3s": "server 300ms", "server 10s": "server 600ms", "server 15s": "server 900ms"}
SLOW_SECONDS = 1.5  # slower than those

STREAM = {"Accept": "text/event-stream"}
SMALL, LARGE = b"text=hello", bytes(20_000)


def belongs_to(name):
    return {"Cookie": f"SRV={slot_cookie('a key for tests', name)}"}


def asked_of(p):
    """What all servers together were asked."""
    return [asked for server in p.servers for asked in server.asked]


@pytest.fixture
def clients():
    """People who ask at the same time."""
    with ThreadPoolExecutor(24) as threads:
        yield threads


def test_a_server_that_hangs_is_down_before_its_reads_are_sent_again():
    """By the figures in the file: noticed after 2.6 s at most, the limit of a read is 3 s."""
    text = HAPROXY_CFG.read_text()
    inter, fastinter, fall = map(int, re.search(r"inter (\d+)ms fastinter (\d+)ms .* fall (\d+)", text).groups())
    check = int(re.search(r"timeout check (\d+)ms", text)[1])
    limit = 1000 * int(re.search(r"set-timeout server (\d+)s if METH_GET !", text)[1])
    assert inter + check + (fall - 1) * (fastinter + check) == 2600 < limit == 3000


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("hanging", [1, 2])
def test_reads_leave_a_server_that_hangs(proxy, clients, figures, hanging, method):
    """Whoever belongs to it gets an answer from another one after the limit of a read, with two of three hanging."""
    p = proxy(sticky=True)
    for server in p.servers[:hanging]:
        server.hang()
    asked = [clients.submit(p.ask, "/board", method, belongs_to(server.name)) for server in p.servers[:hanging]]
    for answer in (one.result() for one in asked):
        assert answer.status == 200
        assert answer.cookie
        assert answer.seconds > 2.9
        figures(f"{method} answered after {answer.seconds:.3f} s")


def test_requests_after_the_first_go_elsewhere_at_once(proxy, eventually):
    """Once it is down nobody waits for it, over a kept connection or a new one, to read or to write."""
    p = proxy(sticky=True)
    hanging = p.servers[1]
    kept = p.connect()
    assert p.ask(headers=belongs_to("web-2"), connection=kept).seen["server"] == "web-2"
    hanging.hang()
    eventually(lambda: p.state_of("web-2") == "DOWN", 20)
    before = list(hanging.asked)
    for method in ("GET", "POST"):
        for connection in (kept, None):
            answer = p.ask("/", method, belongs_to("web-2"), SMALL, connection=connection)
            assert (answer.status, answer.seen["server"] != "web-2") == (200, True)
    kept.close()
    hanging.wake()
    eventually(lambda: p.state_of("web-2") == "UP", 20)
    assert hanging.asked == before
    assert p.ask(headers=belongs_to("web-2")).seen["server"] == "web-2"


def test_requests_that_queue_behind_a_server_that_hangs_are_not_lost(proxy, clients, eventually, figures):
    """Nobody has seen them: when it is found down, all of them go elsewhere, writes as well."""
    p = proxy(sticky=True, instead={"maxconn 128 ": "maxconn 2 "})
    hanging = p.servers[0]
    hanging.hang()
    first = [clients.submit(p.ask, "/", "GET", belongs_to("web-1")) for _ in range(2)]
    eventually(lambda: p.in_flight("web-1") == 2)
    writes = [clients.submit(p.ask, "/", "POST", belongs_to("web-1"), SMALL) for _ in range(6)]
    eventually(lambda: p.queued("web-1") == 6 or p.state_of("web-1") == "DOWN")
    answers = [one.result() for one in writes + first]
    assert [answer.status for answer in answers] == [200] * 8
    assert "web-1" not in {answer.seen["server"] for answer in answers}
    assert sorted(asked_of(p)) == ["GET /"] * 2 + ["POST /"] * 6
    hanging.wake()
    figures(f"writes in the queue answered after {max(one.result().seconds for one in writes):.3f} s")


def test_with_all_hanging_waiting_ends_all_the_same(proxy, clients, eventually):
    """No answer is to be had, and that is said in bounded time; when one of them wakes it serves at once."""
    p = proxy(sticky=True, instead={"server 15s": "server 4s"})
    for server in p.servers:
        server.hang()
    reads = [clients.submit(p.ask, "/", "GET", belongs_to(server.name)) for server in p.servers]
    write = clients.submit(p.ask, "/api/v1/cards", "POST", None, SMALL)
    assert {one.result().status for one in reads} <= {503, 504}
    assert write.result().status == 504
    assert write.result().seen["status"] == 504
    assert p.ask("/").status == 503
    p.servers[0].wake()
    eventually(lambda: p.state_of("web-1") == "UP", 20)
    assert p.ask("/", headers=belongs_to("web-3")).status == 200


@pytest.mark.parametrize(
    ("asked", "status", "tries"),
    [
        (("/board", "GET", {}, None), 504, 4),
        (("/media/1", "GET", {}, None), 504, 4),
        (("/cards", "POST", {}, SMALL), 504, 1),
        (("/api/v1/me", "PUT", {}, SMALL), 504, 1),
        (("/cards", "POST", {}, LARGE), 200, 1),
        (("/anything", "GET", STREAM, None), 200, 1),
        (("/events", "GET", STREAM, None), 200, 1),
    ],
    ids=["page", "picture", "form", "api", "upload", "stream", "begun-stream"],
)
def test_each_kind_of_request_has_its_limit(proxy, eventually, asked, status, tries):
    """Servers slower than the limits: reads are tried four times, writes once; uploads and streams are waited for."""
    path, method, headers, body = asked
    p = proxy(instead=HURRIED)
    for server in p.servers:
        server.slow_seconds = SLOW_SECONDS
    answer = p.ask(path, method, headers, body)
    assert answer.status == status
    eventually(lambda: len(asked_of(p)) == tries)  # the last one may not have looked at it yet
    eventually(p.logged)
    assert int(str(p.logged()[-1]["retries"])) == tries - 1
    assert set(asked_of(p)) == {f"{method} {path}"}
    if status == 504:
        kind = "application/problem+json" if path.startswith("/api/") else "text/html; charset=utf-8"
        assert answer.headers["Content-Type"] == kind


def test_a_picture_may_take_longer_than_a_page(proxy):
    """Between both limits a picture is waited for, by its first server."""
    p = proxy(instead={**HURRIED, "server 10s": "server 8s"})
    for server in p.servers:
        server.slow_seconds = SLOW_SECONDS
    assert p.ask("/media/1").status == 200
    assert asked_of(p) == ["GET /media/1"]


@pytest.mark.chaos
def test_a_write_is_answered_in_words_after_its_limit(proxy, figures):
    """The real limit, 15 s: the server has the write, so nobody else gets it, and the page says what to do."""
    p = proxy(sticky=True)
    p.servers[0].hang()
    connection = p.connect()
    connection.timeout = 60
    answer = p.ask("/cards", "POST", belongs_to("web-1"), SMALL, connection=connection)
    connection.close()
    assert answer.status == 504
    assert b"look whether it arrived" in answer.body
    assert answer.seconds > 14.9
    assert not any(server.asked for server in p.servers)
    figures(f"504 after {answer.seconds:.3f} s")
