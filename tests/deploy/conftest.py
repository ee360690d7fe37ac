"""A real HAProxy with the repository's haproxy.cfg before small web servers that do as they are told."""

import csv
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from fleet import running

from deploy.local import AppCommands, Programs, Stack, free_ports
from deploy.local.places import HAPROXY_CFG
from deploy.local.proxy import proxy_environ

AFFINITY_KEY = "a key for tests"
ANSWER_SECONDS = 10.0  # what a client waits for an answer, or for its next part


@dataclass(frozen=True)
class Reply:
    """What came back through the proxy. `seen` is what the server says it was asked, if it was asked."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float

    @property
    def seen(self) -> dict[str, str]:
        answer: dict[str, str] = json.loads(self.body)
        return answer

    @property
    def cookie(self) -> str | None:
        """The SRV cookie that was set, as a client sends it back."""
        return next(
            (value.split(";")[0] for value in self.headers.get_all("Set-Cookie") or [] if "SRV=" in value), None
        )


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._connections: set[socket.socket] = set()

    @property
    def connected(self) -> int:
        return len(self._connections)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        """As when a process dies: its connections end as well."""
        super().server_close()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """HAProxy closes health checks in the middle; that is no news."""


class StubServer:
    """Answers every request with the headers it got, unless told otherwise."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.readyz = 200
        self.dies_when_asked = False
        self.slow_seconds = 0.0
        self.set_cookie: str | None = None
        self.policy: str | None = None
        self.asked: list[str] = []
        self.leaves = False
        self._awake = threading.Event()
        self._awake.set()
        self._server = self._listen(0)
        self.port = self._server.server_address[1]

    def hang(self) -> None:
        """As after SIGSTOP: connections are taken, and nothing is answered, checks included, until `wake`."""
        self._awake.clear()

    def wake(self) -> None:
        self._awake.set()

    @property
    def connected(self) -> int:
        """How many connections are open."""
        return self._server.connected

    def close(self) -> None:
        """Connections are refused from now on."""
        self.wake()
        self._server.shutdown()
        self._server.server_close()

    def reopen(self) -> None:
        self._server = self._listen(self.port)

    def _listen(self, port: int) -> _QuietServer:
        server = _QuietServer(("127.0.0.1", port), self._handler())
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        stub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                stub._awake.wait()
                length = int(self.headers.get("Content-Length") or 0)
                while length > 0:
                    length -= len(self.rfile.read(min(length, 65_536)))
                if self.path == "/readyz":
                    self._answer(stub.readyz, b"{}")
                    return
                stub.asked.append(f"{self.command} {self.path}")
                if stub.dies_when_asked:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if self.path == "/events":
                    self._begin()
                time.sleep(stub.slow_seconds)
                seen = {"server": stub.name, **{name.lower(): value for name, value in self.headers.items()}}
                self._answer(200, json.dumps(seen).encode())

            do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class's names

            def _begin(self) -> None:
                """An answer that begins at once; its end is that of the connection."""
                self.close_connection = True
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")

            def _answer(self, status: int, body: bytes) -> None:
                if self.path == "/events":
                    self.wfile.write(body)
                    return
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("ETag", '"1"')  # as far as a shared cache is concerned, it may be kept
                if stub.leaves:
                    self.send_header("Connection", "close")  # which the base class obeys
                if stub.set_cookie:
                    self.send_header("Set-Cookie", stub.set_cookie)
                if stub.policy:
                    self.send_header("Content-Security-Policy", stub.policy)
                self.end_headers()
                self.wfile.write(body if self.command != "HEAD" else b"")

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                pass

        return Handler


@dataclass
class Proxy:
    """HAProxy and the servers behind slots 1, 2, 3."""

    port: int
    admin_port: int
    servers: list[StubServer]
    socket_file: Path
    state_file: Path
    log_file: Path
    config_file: Path
    environ: dict[str, str] = field(repr=False)
    process: subprocess.Popen[bytes] | None = None

    def ask(
        self,
        path: str = "/",
        method: str = "GET",
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        *,
        port: int | None = None,
        connection: http.client.HTTPConnection | None = None,
    ) -> Reply:
        """The answer, over a connection of its own unless one is given. Raises OSError or HTTPException without one."""
        own = connection or self.connect(port)
        started = time.monotonic()
        try:
            own.request(method, path, body=body, headers=headers or {})
            answer = own.getresponse()
            return Reply(answer.status, answer.headers, answer.read(), time.monotonic() - started)
        finally:
            if connection is None:
                own.close()

    def connect(self, port: int | None = None) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=ANSWER_SECONDS)

    def command(self, line: str) -> str:
        """Say something to the runtime socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.connect(str(self.socket_file))
            connection.sendall(line.encode() + b"\n")
            return b"".join(iter(lambda: connection.recv(65_536), b"")).decode()

    def server(self, name: str) -> StubServer:
        return next(server for server in self.servers if server.name == name)

    def state_of(self, name: str) -> str:
        """`UP`, `DRAIN`, `DOWN`, `MAINT`, as the statistics say it."""
        return self._statistics(name)["status"]

    def in_flight(self, name: str) -> int:
        """How many requests a server has; those that queue for it not counted."""
        return int(self._statistics(name)["scur"])

    def queued(self, name: str) -> int:
        return int(self._statistics(name)["qcur"])

    def _statistics(self, name: str) -> dict[str, str]:
        rows = csv.DictReader(self.command("show stat").removeprefix("# ").splitlines())
        return next(row for row in rows if (row["pxname"], row["svname"]) == ("web", name))

    def logged(self) -> list[dict[str, object]]:
        lines = self.log_file.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


ProxyFactory = Callable[..., Proxy]


@pytest.fixture
def successor_of() -> Iterator[Callable[[str], StubServer]]:
    """`successor_of("web-2")` is a second server of that name, on another port."""
    with ExitStack() as stack:

        def start(name: str) -> StubServer:
            successor = StubServer(name)
            stack.callback(successor.close)
            return successor

        yield start


@pytest.fixture
def haproxy(programs: Programs) -> str:
    return str(programs.need("haproxy")["haproxy"])


@pytest.fixture
def proxy(haproxy: str, tmp_path: Path) -> Iterator[ProxyFactory]:
    """`proxy(sticky=True)` is a HAProxy before three servers; with `like` a second one that takes over its state.

    `instead` names texts of haproxy.cfg and what stands in their places, for tests that cannot wait as long as people.
    With `replaces` the new one takes over the doors of a running one, which ends when its clients have their answers.
    """
    with ExitStack() as stack:

        def start(
            *,
            sticky: bool = False,
            like: Proxy | None = None,
            replaces: Proxy | None = None,
            instead: Mapping[str, str] = MappingProxyType({}),
            **more: str,
        ) -> Proxy:
            former = replaces or like
            servers = former.servers if former else [StubServer(f"web-{slot}") for slot in (1, 2, 3)]
            if former is None:
                for server in servers:
                    stack.callback(server.close)
            port, admin_port = (replaces.port, replaces.admin_port) if replaces else free_ports(2)
            number = len(list(tmp_path.glob("haproxy-*.log")))
            started = Proxy(
                port=port,
                admin_port=admin_port,
                servers=servers,
                socket_file=replaces.socket_file if replaces else tmp_path / f"haproxy-{number}.sock",
                state_file=former.state_file if former else tmp_path / "haproxy.state",
                log_file=tmp_path / f"haproxy-{number}.log",
                config_file=tmp_path / f"haproxy-{number}.cfg",
                environ={},
            )
            started.config_file.write_text(_altered(HAPROXY_CFG.read_text(), instead))
            if former is None:
                started.state_file.write_text("1\n")
            addresses = {slot: f"127.0.0.1:{server.port}" for slot, server in enumerate(servers, 1)}
            started.environ = {
                "PATH": os.environ["PATH"],
                **proxy_environ(addresses, sticky=sticky, affinity_key=AFFINITY_KEY, secure=False),
                "HTTP_PORT": str(port),
                "HAPROXY_ADMIN_PORT": str(admin_port),
                "HAPROXY_SOCKET": str(started.socket_file),
                "HAPROXY_STATE_FILE": str(started.state_file),
                **more,
            }
            takes_over = (
                ["-x", str(replaces.socket_file), "-sf", str(replaces.process.pid)]
                if replaces and replaces.process
                else []
            )
            stack.enter_context(_running([haproxy, "-db", "-f", str(started.config_file), *takes_over], started))
            return started

        yield start


def _altered(text: str, instead: Mapping[str, str]) -> str:
    for old, new in instead.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


class _running:  # noqa: N801 - used as a function
    def __init__(self, command: list[str], proxy: Proxy) -> None:
        self._command = command
        self._proxy = proxy

    def __enter__(self) -> None:
        with self._proxy.log_file.open("wb") as log:
            self._process = subprocess.Popen(self._command, env=self._proxy.environ, stdout=log, stderr=log)
        self._proxy.process = self._process
        deadline = time.monotonic() + 5
        while not self._answers():
            assert self._process.poll() is None, self._proxy.log_file.read_text()
            assert time.monotonic() < deadline, "HAProxy does not answer"
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            return self._proxy.ask("/", port=self._proxy.admin_port).status == 200
        except OSError:
            return False


@pytest.fixture(scope="session")
def stub_app() -> AppCommands:
    """The application's stand-in; see stub_app.py."""
    stub = (sys.executable, str(Path(__file__).with_name("stub_app.py")))
    return AppCommands((*stub, "web"), (*stub, "worker"), (*stub, "release"), code=())


@pytest.fixture(scope="module")
def stub_environ(clean_environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment for a stack of stand-ins; STUB_FAULTS is the folder of their faults."""
    return {**clean_environ, "HTTP_PORT": "0", "STUB_FAULTS": str(tmp_path_factory.mktemp("faults"))}


@pytest.fixture(scope="module")
def shared_stack(
    tmp_path_factory: pytest.TempPathFactory, stub_environ: dict[str, str], stub_app: AppCommands
) -> Iterator[Stack]:
    """One running stack of stand-ins for all tests of a module."""
    environ = {**stub_environ, "HOTSEAT_WEB_FSIZE": "0"}
    with running(Stack(tmp_path_factory.mktemp("shared"), environ, app=stub_app)) as stack:
        yield stack


@pytest.fixture
def stack(tmp_path: Path, stub_environ: dict[str, str], stub_app: AppCommands) -> Iterator[Stack]:
    """A stack of stand-ins for one test, not yet up."""
    own = Stack(tmp_path / "run", stub_environ, app=stub_app)
    try:
        yield own
    finally:
        own.down()
        for fault in Path(stub_environ["STUB_FAULTS"]).iterdir():
            fault.unlink()


class Load:
    """A few busy users of a stack, each on a connection kept alive, with cookies; every other request is a POST.

    A failure is an answer that is none, or a status of 400 and more. `seen` are the answers of the stand-ins, in order.
    """

    def __init__(self, url: str, users: int = 6, path: str = "/", methods: tuple[str, ...] = ("POST", "GET")) -> None:
        self._methods = methods
        self._port = int(url.rsplit(":", 1)[1])
        self._path = path
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.answers = 0
        self.failures: list[str] = []
        self.seen: list[dict[str, str]] = []
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(users)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        self.goes_on(len(self._threads))
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(10)

    def goes_on(self, answers: int = 60) -> None:
        """Returns after that many more answers."""
        wanted, deadline = self.answers + answers, time.monotonic() + 20
        while self.answers < wanted:
            assert time.monotonic() < deadline, "the load does not go on"
            time.sleep(0.01)

    def _visit(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=15)
        cookie: dict[str, str] = {}
        number = 0
        while not self._over.is_set():
            method = self._methods[number % len(self._methods)]
            number += 1
            try:
                connection.request(method, self._path, body=b"x" * 100 if method == "POST" else None, headers=cookie)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                self._note(f"{method} {error!r}")
                connection.close()
                continue
            for value in answer.headers.get_all("Set-Cookie") or []:
                if value.startswith("SRV="):
                    cookie = {"Cookie": value.split(";")[0]}
            self._note(f"{method} {answer.status}" if answer.status >= 400 else None, body)
            self._over.wait(0.01)
        connection.close()

    def _note(self, failure: str | None, body: bytes = b"") -> None:
        with self._lock:
            if failure:
                self.failures.append(failure)
                return
            self.answers += 1
            if body.startswith(b"{"):
                self.seen.append(json.loads(body))


@pytest.fixture
def load() -> type[Load]:
    """`with load(stack.url) as users:` keeps users busy; `users.failures` must stay empty."""
    return Load


@pytest.fixture
def fault(stub_environ: dict[str, str]) -> Iterator[Callable[..., Path]]:
    """`fault("web-2.crash", "1")` sets a fault of the stand-ins for the rest of the test."""
    files: list[Path] = []

    def set_fault(name: str, text: str = "") -> Path:
        files.append(Path(stub_environ["STUB_FAULTS"]) / name)
        files[-1].write_text(text)
        return files[-1]

    yield set_fault
    for file in files:
        file.unlink(missing_ok=True)
