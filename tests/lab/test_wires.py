"""Wires in a process of their own: told what to be, counted, and gone with whoever started them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from statistics import median

import psutil
import pytest
from figures import Figures

from lab.errors import WiresGone
from lab.testbed.line import Line, Way
from lab.testbed.wires import Wires, open_wires

HOST = "127.0.0.1"
TURNS = 300
QUARTER_SECONDS = 0.25e-3
LATE_SECONDS = 0.9e-3  # with timers of whole milliseconds it would be 1.5 at least
TRIES = 10  # the machine may be busy with other tests

_OPEN_AND_WAIT = """
from lab.testbed.wires import open_wires
with open_wires() as wires:
    print(wires._process.pid, flush=True)
    input()
"""


@pytest.fixture(scope="module")
def echo_port() -> Iterator[int]:
    """A server that says back what it hears, in threads of this process."""
    server = socket.create_server((HOST, 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while data := _received(connection):
                connection.sendall(data)

    def listen() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionError:
        return b""


@pytest.fixture
def wires() -> Iterator[Wires]:
    with open_wires() as opened:
        yield opened


def round_trips(port: int, times: int = TURNS) -> list[float]:
    """Seconds of each, over one connection."""
    took = []
    with socket.create_connection((HOST, port), 5) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(times):
            before = time.perf_counter()
            connection.sendall(b"x" * 64)
            assert len(connection.recv(64)) == 64
            took.append(time.perf_counter() - before)
    return took


def test_a_quarter_of_a_millisecond_each_way_is_really_there(wires: Wires, echo_port: int, figures: Figures) -> None:
    """Half a millisecond more for a round trip, not a whole one as asyncio's timers would make of it."""
    port = wires.open("echo", HOST, echo_port)
    direct, plain = median(round_trips(echo_port)), median(round_trips(port))
    wires.change(["echo"], Line.both(Way(latency_seconds=QUARTER_SECONDS)))
    round_trips(port)  # it learns how late it is woken
    for _ in range(TRIES):
        took = sorted(round_trips(port))
        quick = took[len(took) // 10]
        if quick - direct <= 2 * QUARTER_SECONDS + LATE_SECONDS:
            break
    figures(
        f"round trip {direct * 1e6:.0f} us, {plain * 1e6:.0f} us through a wire,"
        f" {median(took) * 1e6:.0f} us with 250 us each way (its quickest tenth {quick * 1e6:.0f} us)"
    )
    assert 2 * QUARTER_SECONDS - 0.1e-3 <= quick - direct <= 2 * QUARTER_SECONDS + LATE_SECONDS


def test_several_wires_are_told_apart(wires: Wires, echo_port: int) -> None:
    """One is cut, the other is not; each counts its own."""
    ports = {name: wires.open(name, HOST, echo_port) for name in ("one", "two")}
    connections = {name: socket.create_connection((HOST, port), 5) for name, port in ports.items()}
    for connection in connections.values():
        connection.sendall(b"hello")
        assert connection.recv(5) == b"hello"
    assert wires.cut(["one"]) == 1
    with pytest.raises(ConnectionResetError):
        connections["one"].recv(1)
    connections["two"].sendall(b"hello")
    assert connections["two"].recv(5) == b"hello"
    counts = wires.counts()
    assert {name: (each.reset, each.passed_bytes) for name, each in counts.items()} == {"one": (1, 10), "two": (0, 20)}
    for connection in connections.values():
        connection.close()


def test_a_wire_can_be_pointed_elsewhere(wires: Wires, echo_port: int) -> None:
    """New connections lead there; before, there was nobody."""
    port = wires.open("echo", HOST, 1)
    with socket.create_connection((HOST, port), 5) as nobody:
        assert _received(nobody) == b""
    wires.point(["echo"], HOST, echo_port)
    assert len(round_trips(port, 1)) == 1


def test_a_process_that_died_is_told_of(wires: Wires) -> None:
    """Not waited for, and not taken for a silent one."""
    os.kill(wires._process.pid, signal.SIGKILL)
    wires._process.wait()
    with pytest.raises(WiresGone):
        wires.counts()


def test_the_process_ends_with_who_started_it(eventually: Callable[..., None]) -> None:
    """Even when that one is killed."""
    starter = subprocess.Popen(
        [sys.executable, "-c", _OPEN_AND_WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout
    assert starter.stdin
    pid = int(starter.stdout.readline())
    assert psutil.pid_exists(pid)
    starter.kill()
    starter.communicate()
    eventually(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_the_process_is_still_there_after_ctrl_c(echo_port: int) -> None:
    """It is needed until the site is down; the terminal's signal does not reach it."""
    with open_wires() as wires:
        assert os.getpgid(wires._process.pid) != os.getpgid(0)
        port = wires.open("echo", HOST, echo_port)
        assert round_trips(port, 1)
