"""A real web process is told to leave, in each of the ways there are. No store is needed for that."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from deploy.local import free_ports
from deploy.local.readiness import http_status

KEY = "0123456789abcdef0123456789abcdef"
Eventually = Callable[..., None]
HALF = b'{"handle": "ada", '
REST = b'"password": "not hers"}'


@dataclass
class Process:
    """A web process, and what can be asked of it."""

    popen: subprocess.Popen[bytes]
    port: int
    admin_port: int

    def ready(self) -> int:
        """What the proxy's check is answered; 0 if it is not."""
        try:
            return http_status(f"http://127.0.0.1:{self.port}/readyz", 2)
        except OSError:
            return 0

    def tell(self, number: signal.Signals) -> None:
        os.kill(self.popen.pid, number)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def begin_to_send(self) -> socket.socket:
        """A request of which the rest is still to come."""
        connection = self.connect()
        length = len(HALF) + len(REST)
        connection.sendall(
            b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (length, HALF)
        )
        return connection


@pytest.fixture
def process(eventually: Eventually) -> Iterator[Process]:
    """One that is ready."""
    port, admin_port = free_ports(2)
    variables = {
        "PATH": "",
        "REDIS_URL": "redis://127.0.0.1:1",
        "MONGODB_URL": "mongodb://127.0.0.1:1",
        "SECRET_KEYS": KEY,
        "AFFINITY_KEY": KEY,
        "STICKY_MODE": "on",
        "DRAIN_SECONDS": "20",
        "PORT": str(port),
        "ADMIN_PORT": str(admin_port),
    }
    popen = subprocess.Popen([sys.executable, "-m", "hotseat", "web"], env=variables, stdout=subprocess.DEVNULL)
    found = Process(popen, port, admin_port)
    try:
        eventually(lambda: found.ready() == 200, 60)
        yield found
    finally:
        popen.kill()
        popen.wait()


def answer_on(connection: socket.socket) -> tuple[int, str]:
    """Status and headers."""
    held = b""
    while b"\r\n\r\n" not in held:
        data = connection.recv(65536)
        assert data, "the connection was closed without an answer"
        held += data
    head = held.partition(b"\r\n\r\n")[0].decode()
    return int(head.split()[1]), head


def ask(connection: socket.socket, path: str) -> tuple[int, str]:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    return answer_on(connection)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1], ids=["drain", "retire"])
def test_what_is_still_being_sent_is_answered(process: Process, eventually: Eventually, number: signal.Signals) -> None:
    """However late its last byte comes, within DRAIN_SECONDS; then the process ends well."""
    with process.begin_to_send() as connection:
        process.tell(number)
        eventually(lambda: process.ready() == 0, 20)  # it listens no more
        time.sleep(0.5)
        assert process.popen.poll() is None
        connection.sendall(REST)
        status, head = answer_on(connection)
    assert status == 503, "there is no store; but it is an answer"
    assert "Connection: close" in head
    assert process.popen.wait(10) == 0


def test_draining_goes_through_its_phases(process: Process, eventually: Eventually) -> None:
    """404 and then 503 to the proxy; all the while whoever comes is served, and told to go elsewhere."""
    with process.connect() as kept:
        assert "SRV=" not in ask(kept, "/login")[1]
        process.tell(signal.SIGTERM)
        eventually(lambda: process.ready() == 404, 5)
        status, head = ask(kept, "/login")
        assert (status, "Connection: close" in head) == (200, False)
        assert re.search(r"Set-Cookie: SRV=drain\.[\w-]{22}; HttpOnly; Path=/; SameSite=Lax", head)
        eventually(lambda: process.ready() == 503, 5)
        with process.connect() as another:
            status, head = ask(another, "/login")
            assert (status, "Connection: close" in head, "SRV=drain." in head) == (200, True, True)
    assert process.popen.wait(15) == 0


def test_retiring_moves_nobody(process: Process, eventually: Eventually) -> None:
    """Its successor has the slot: no check fails, no browser is told anything, and it is soon over."""
    with process.connect() as kept:
        ask(kept, "/login")
        process.tell(signal.SIGUSR1)
        told_at = time.monotonic()
        seen = set()
        while (status := process.ready()) and time.monotonic() < told_at + 10:
            seen.add(status)
        assert seen == {200}
        assert process.popen.wait(10) == 0


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (signal.SIGTERM, signal.SIGTERM),
        (signal.SIGTERM, signal.SIGINT),
        (signal.SIGUSR1, signal.SIGTERM),
        (signal.SIGINT, None),
    ],
    ids=["term twice", "interrupt", "retire and term", "interrupt alone"],
)
def test_a_second_signal_hurries_it(
    process: Process, first: signal.Signals, second: signal.Signals | None, eventually: Eventually
) -> None:
    """It waits for nobody any more, but a second for what is in flight; and that is cut off then."""
    with process.begin_to_send() as connection:
        process.tell(first)
        if second is not None:
            eventually(lambda: process.ready() == (404 if first is signal.SIGTERM else 200), 5)
            process.tell(second)
        assert process.popen.wait(15) == 0
        assert connection.recv(100) == b""
