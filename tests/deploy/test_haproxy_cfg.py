"""haproxy.cfg, proven against a real HAProxy: what a browser, a forger and a dying server meet in both modes."""

import re
import socket
import subprocess
import time

import pytest

from deploy.local import slot_cookie
from deploy.local.places import HAPROXY_CFG
from deploy.local.proxy import SECURE_COOKIE, proxy_environ
from deploy.local.settings import MOST_SLOTS

WRITES = ["POST", "PUT", "PATCH", "DELETE"]
BOTH_MODES = pytest.mark.parametrize("sticky", [False, True], ids=["stateless", "sticky"])


def check(haproxy, environ):
    """`haproxy -c` with warnings made errors."""
    return subprocess.run(
        [haproxy, "-c", "-dW", "-f", str(HAPROXY_CFG)], env=environ, capture_output=True, text=True, check=False
    )


@BOTH_MODES
def test_configuration_has_no_warning(haproxy, sticky, tmp_path):
    """HAProxy accepts the file without a word in both modes, with everything the stack sets."""
    (tmp_path / "state").write_text("1\n")
    environ = proxy_environ({1: "127.0.0.1:8001"}, sticky=sticky, affinity_key="key", secure=True)
    environ |= {"HAPROXY_SOCKET": str(tmp_path / "socket"), "HAPROXY_STATE_FILE": str(tmp_path / "state")}
    checked = check(haproxy, environ)
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr


def test_configuration_works_with_an_empty_environment(haproxy):
    """Outside the stack every missing variable has a default."""
    checked = check(haproxy, {})
    assert checked.returncode == 0, checked.stderr


def test_sticky_mode_without_keys_is_refused(haproxy):
    """Without cookie values nobody can guess there is no sticky mode, and the message says what is missing."""
    checked = check(haproxy, {"STICKY_MODE": "on", "AFFINITY_1": "only one"})
    assert checked.returncode != 0
    assert "AFFINITY_1 to AFFINITY_8" in checked.stderr


def test_every_slot_is_declared():
    """The file declares as many slots as the settings allow."""
    text = HAPROXY_CFG.read_text()
    assert [f"server web-{slot} " in text for slot in range(1, MOST_SLOTS + 2)] == [True] * MOST_SLOTS + [False]


def test_stateless_mode_spreads_and_sets_no_cookie(proxy):
    """Any server answers any request."""
    p = proxy()
    answers = [p.ask() for _ in range(6)]
    assert {answer.seen["server"] for answer in answers} == {"web-1", "web-2", "web-3"}
    assert not any(answer.headers.get("Set-Cookie") for answer in answers)


def test_sticky_mode_keeps_a_browser_on_its_server(proxy):
    """The cookie of the first answer brings every later request to the same server; others are spread."""
    p = proxy(sticky=True)
    first = p.ask()
    server = first.seen["server"]
    assert first.cookie
    assert first.cookie.split("=", 1)[1].split("|")[0] == slot_cookie("a key for tests", server)
    attributes = first.headers["Set-Cookie"]
    assert "HttpOnly" in attributes
    assert "SameSite=Lax" in attributes
    assert first.headers["Cache-Control"] == "private"
    later = [p.ask(headers={"Cookie": first.cookie}) for _ in range(12)]
    assert {answer.seen["server"] for answer in later} == {server}
    assert {p.ask().seen["server"] for _ in range(6)} == {"web-1", "web-2", "web-3"}


def test_affinity_cookie_is_secure_where_browsers_come_by_https(proxy):
    """With an https origin the cookie is never sent in the clear."""
    assert "; Secure" in proxy(sticky=True, AFFINITY_SECURE="secure").ask().headers["Set-Cookie"]


def test_affinity_cookie_is_bound_to_the_host_by_its_name_where_browsers_come_by_https(proxy):
    """Made, obeyed, shown to the application and kept from it under the name with the prefix; no other name counts."""
    p = proxy(sticky=True, AFFINITY_SECURE="secure", AFFINITY_COOKIE=SECURE_COOKIE)
    first = p.ask()
    assert re.fullmatch(r"__Host-SRV=[^;]+; path=/; HttpOnly; Secure; SameSite=Lax", first.headers["Set-Cookie"], re.I)
    later = [p.ask(headers={"Cookie": f"a=b; {first.cookie}"}).seen for _ in range(6)]
    assert {seen["server"] for seen in later} == {first.seen["server"]}
    assert {seen["x-affinity"] for seen in later} == {first.cookie.partition("=")[2]}
    assert {seen["cookie"].strip("; ") for seen in later} == {"a=b"}
    unprefixed = [p.ask(headers={"Cookie": first.cookie.removeprefix("__Host-")}).seen for _ in range(6)]
    assert {seen["server"] for seen in unprefixed} == {"web-1", "web-2", "web-3"}


@BOTH_MODES
def test_browsers_that_come_by_https_are_told_to_come_no_other_way(proxy, sticky):
    """By answers of the application and of the proxy itself, refusals among them; where they come by http by none."""
    p = proxy(sticky=sticky, AFFINITY_SECURE="secure")
    for path in ("/", "/metrics"):
        assert p.ask(path).headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Strict-Transport-Security" not in proxy(sticky=sticky).ask().headers


def test_what_the_proxy_answers_itself_is_as_inert_as_the_rest(proxy):
    """The application's own policy goes through untouched."""
    p = proxy()
    refused = p.ask("/metrics").headers
    assert refused["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in refused["Content-Security-Policy"]
    assert "sandbox" in refused["Content-Security-Policy"]
    for server in p.servers:
        server.policy = "default-src 'self'"
    assert p.ask().headers.get_all("Content-Security-Policy") == ["default-src 'self'"]


def test_application_sees_the_claim_and_not_the_cookie(proxy):
    """The affinity cookie is taken out of the request, other cookies stay, and X-Affinity tells the claim."""
    p = proxy(sticky=True)
    cookie = p.ask().cookie
    seen = p.ask(headers={"Cookie": f"session=abc; {cookie}"}).seen
    assert seen["cookie"].strip("; ") == "session=abc"
    assert seen["x-affinity"] == cookie.removeprefix("SRV=")
    assert seen["x-slot"] == seen["server"]


@pytest.mark.parametrize("forged", ["web-2", "unset-2", "2", "x" * 22])
def test_forged_cookie_is_not_obeyed(proxy, forged):
    """A value that was not issued is balanced like no cookie, replaced, and shown to the application as claimed."""
    p = proxy(sticky=True)
    answers = [p.ask(headers={"Cookie": f"SRV={forged}"}) for _ in range(6)]
    assert {answer.seen["server"] for answer in answers} == {"web-1", "web-2", "web-3"}
    assert all(answer.cookie for answer in answers)
    assert {answer.seen["x-affinity"] for answer in answers} == {forged}


def test_application_can_move_a_browser(proxy):
    """A cookie that the application sets itself goes through, and is obeyed if it names a slot."""
    p = proxy(sticky=True)
    for server in p.servers:
        server.set_cookie = f"SRV={slot_cookie('a key for tests', 'web-3')}; Path=/; HttpOnly"
    moved = p.ask().cookie
    for server in p.servers:
        server.set_cookie = None
    assert {p.ask(headers={"Cookie": moved}).seen["server"] for _ in range(6)} == {"web-3"}


@BOTH_MODES
def test_nobody_outside_speaks_in_the_proxys_name(proxy, sticky):
    """Headers that only the proxy may set are dropped or replaced, whatever the client sends."""
    names = ["X-Affinity", "X-Slot", "X-Real-IP", "X-Request-ID", "X-Forwarded-For", "X-Forwarded-Proto"]
    names += ["X-Forwarded-Host", "X-Forwarded-Port", "Forwarded"]
    seen = proxy(sticky=sticky).ask(headers=dict.fromkeys(names, "outside")).seen
    assert "outside" not in seen.values()
    assert "x-affinity" not in seen
    assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("127.0.0.1", "http")


def test_request_id_is_made_here_and_told_to_all(proxy, eventually):
    """Application, client and log have the same id."""
    p = proxy()
    answer = p.ask("/cards?secret=1")
    assert len(answer.seen["x-request-id"]) == 36
    assert answer.headers["X-Request-ID"] == answer.seen["x-request-id"]
    eventually(p.logged)
    assert p.logged()[-1]["request_id"] == answer.seen["x-request-id"]


def test_log_is_json_whatever_the_client_sends(proxy, eventually):
    """Quotes and backslashes in path and host leave the line valid; the query is not logged."""
    p = proxy()
    p.ask('/a"b\\c?secret=1', headers={"Host": 'x"y'})
    eventually(p.logged)
    line = p.logged()[-1]
    assert line["log"] == "proxy"
    assert line["path"] == '/a"b\\c'
    assert line["host"] == 'x"y'
    assert line["status"] in {200, 400}
    assert "secret" not in p.log_file.read_text()


def test_log_tells_what_became_of_the_affinity(proxy, eventually):
    """The persistence flags distinguish a new browser, a valid cookie, and one whose server is gone."""
    p = proxy(sticky=True)
    first = p.ask()
    p.ask(headers={"Cookie": first.cookie})
    p.server(first.seen["server"]).close()
    p.ask(headers={"Cookie": first.cookie})
    eventually(lambda: len(p.logged()) == 3)
    new, kept, moved = (str(line["ended"]) for line in p.logged())
    assert (new, kept) == ("--NI", "--VN")
    # V: found dead by this request and redispatched; D: found dead by a health check before.
    assert moved in {"--VI", "--DI"}
    p.server(first.seen["server"]).reopen()


@pytest.mark.parametrize(
    "path", ["/metrics", "/healthz", "/readyz", "/admin", "/admin/x", "//metrics", "/Metrics", "/%6detrics", "/readyz/"]
)
def test_the_inside_is_not_reachable(proxy, path):
    """Paths of the inside answer 404 at the proxy, however they are spelled."""
    p = proxy()
    assert p.ask(path).status == 404
    assert not any(server.asked for server in p.servers)


def test_exporter_and_statistics_are_on_the_admin_port(proxy):
    """Operator and Prometheus find them on their own port, bound to loopback."""
    p = proxy()
    assert b"haproxy_server_status" in p.ask("/metrics", port=p.admin_port).body
    assert b"Statistics Report" in p.ask("/", port=p.admin_port).body
    assert 'bind "127.0.0.1:${HAPROXY_ADMIN_PORT' in HAPROXY_CFG.read_text()


@pytest.mark.parametrize("method", WRITES)
def test_write_in_flight_is_never_replayed(proxy, method):
    """A server that dies with a write in its hands may have done it: 502 for the client, nothing for the others."""
    p = proxy()
    for server in p.servers:
        server.dies_when_asked = True
    page = p.ask("/cards", method, body=b"text=hello")
    assert page.status == 502
    assert page.headers["Content-Type"].startswith("text/html")
    assert b"Lost in the post" in page.body
    assert [asked for server in p.servers for asked in server.asked] == [f"{method} /cards"]
    answer = p.ask("/api/v1/cards", method, body=b"{}")
    assert (answer.status, answer.seen["status"]) == (502, 502)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_read_in_flight_is_sent_to_another_server(proxy, method):
    """A server that dies before it answered a read is not noticed by the client."""
    p = proxy(sticky=True)
    first = p.ask()
    dying = p.server(first.seen["server"])
    dying.dies_when_asked = True
    answer = p.ask("/board", method, headers={"Cookie": first.cookie})
    assert answer.status == 200
    assert dying.asked[-1] == f"{method} /board"
    assert answer.cookie
    assert answer.cookie.split("|")[0] != first.cookie.split("|")[0]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_refused_connection_moves_the_browser_at_once(proxy, method):
    """A server that is gone costs its browsers milliseconds, not seconds; a write it never saw may go elsewhere too."""
    p = proxy(sticky=True)
    first = p.ask()
    gone = p.server(first.seen["server"])
    gone.close()
    answer = p.ask(method=method, headers={"Cookie": first.cookie}, body=b"x" if method == "POST" else None)
    assert answer.status == 200
    assert answer.seen["server"] != gone.name
    assert answer.seconds < 1  # HAProxy's own way takes 2 s
    gone.reopen()


def test_large_body_passes_and_a_too_large_one_is_refused(proxy):
    """A picture of 11 MiB goes through; above 12 MiB the answer is 413 and the server is not bothered."""
    p = proxy()
    assert p.ask("/media", "POST", body=bytes(11 * 2**20)).status == 200
    asked = [list(server.asked) for server in p.servers]
    refused = p.ask("/media", "POST", headers={"Content-Length": str(13 * 2**20)})
    assert refused.status == 413
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.seen["status"] == 413
    assert [server.asked for server in p.servers] == asked


def test_body_of_unknown_length_is_refused(proxy):
    """A chunked body could not be measured at the door: 411."""
    p = proxy()
    refused = p.ask("/media", "POST", headers={"Transfer-Encoding": "chunked"}, body=b"1\r\nx\r\n0\r\n\r\n")
    assert refused.status == 411


def test_draining_server_keeps_its_browsers_and_gets_no_new_ones(proxy, eventually):
    """404 from /readyz: whoever is pinned there is still served there, everybody else goes elsewhere."""
    p = proxy(sticky=True)
    first = p.ask()
    name = first.seen["server"]
    p.server(name).readyz = 404
    eventually(lambda: p.state_of(name).startswith("DRAIN") or p.state_of(name).startswith("NOLB"))
    assert p.ask(headers={"Cookie": first.cookie}).seen["server"] == name
    assert name not in {p.ask().seen["server"] for _ in range(6)}


def test_closing_server_loses_its_browsers_within_a_second(proxy, eventually):
    """503 from /readyz: down, its browsers are balanced anew, without one failed request."""
    p = proxy(sticky=True)
    first = p.ask()
    name = first.seen["server"]
    p.server(name).readyz = 503
    eventually(lambda: p.state_of(name) == "DOWN", 1.5)
    moved = p.ask(headers={"Cookie": first.cookie})
    assert (moved.status, moved.seen["server"] != name) == (200, True)
    p.server(name).readyz = 200
    eventually(lambda: p.state_of(name) == "UP", 1.5)


def test_empty_pool_answers_in_words(proxy, eventually):
    """With no server left a person gets a page, a program gets JSON, both are told when to come back."""
    p = proxy()
    for server in p.servers:
        server.readyz = 503
    eventually(lambda: {p.state_of(server.name) for server in p.servers} == {"DOWN"}, 2)
    page, answer = p.ask("/board"), p.ask("/api/v1/board")
    assert (page.status, answer.status) == (503, 503)
    assert page.headers["Content-Type"].startswith("text/html")
    assert b"Back in a moment" in page.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.seen["status"] == 503
    assert {page.headers["Retry-After"], answer.headers["Retry-After"]} == {"2"}
    assert page.headers["X-Request-ID"]


def test_slot_is_opened_at_run_time_and_survives_a_replaced_proxy(proxy, eventually):
    """A declared slot gets an address through the runtime socket; the state file carries it into the next HAProxy."""
    p = proxy(sticky=True)
    assert p.state_of("web-4") == "MAINT"
    p.command(f"set server web/web-4 addr 127.0.0.1 port {p.servers[0].port}")
    p.command("set server web/web-4 state ready")
    eventually(lambda: p.state_of("web-4") == "UP")
    cookie = {"Cookie": f"SRV={slot_cookie('a key for tests', 'web-4')}"}
    assert p.ask(headers=cookie).seen["x-slot"] == "web-4"
    p.state_file.write_text(p.command("show servers state"))
    successor = proxy(sticky=True, like=p)
    eventually(lambda: successor.state_of("web-4") == "UP")
    assert successor.ask(headers=cookie).seen["x-slot"] == "web-4"


@BOTH_MODES
def test_request_without_one_host_is_refused(proxy, sticky):
    """One host, or no answer from behind."""
    p = proxy(sticky=sticky)
    with socket.create_connection(("127.0.0.1", p.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


@pytest.mark.soak
@pytest.mark.parametrize(
    "beginning",
    [b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"],
    ids=["headers", "body"],
)
def test_slow_client_is_cut_off(proxy, beginning):
    """What trickles in is answered 408 after ten seconds, however regularly a byte comes; no server is bothered."""
    p = proxy()
    with socket.create_connection(("127.0.0.1", p.port), timeout=5) as connection:
        started = time.monotonic()
        connection.sendall(beginning)
        connection.settimeout(0.5)
        answer = b""
        while not answer and time.monotonic() - started < 15:
            connection.sendall(b"a")
            try:
                answer = connection.recv(100)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408")
        assert 9 < time.monotonic() - started < 12
    assert not any(server.asked for server in p.servers)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_first_refused_connection_takes_a_server_down_for_all(proxy, method):
    """Checks would notice a minute later. Of two that died at once none is tried twice, and nobody fails."""
    slow_checks = {"inter 300ms fastinter 100ms": "inter 60s fastinter 60s"}
    p = proxy(instead=slow_checks)
    *dying, living = p.servers
    for server in dying:
        server.close()
    answers = [p.ask("/", method) for _ in range(len(p.servers))]
    assert [answer.status for answer in answers] == [200] * len(p.servers)
    assert {answer.seen["server"] for answer in answers} == {living.name}
    assert [p.state_of(server.name) for server in dying] == ["DOWN", "DOWN"]
