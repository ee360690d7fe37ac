"""The round trip that `--rtt` adds is measured, not believed."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from lab.compare.round_trips import measure_round_trip, round_trip_ms
from lab.errors import SiteTrouble
from lab.testbed.line import Line, Way
from lab.testbed.wires import open_wires


@contextmanager
def redis_like(answer: bytes) -> Iterator[int]:
    """Answers each PING so; its port."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection, contextlib.suppress(ConnectionResetError):
                while connection.recv(4096):
                    if not answer:
                        break
                    connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def site_of(address: str, wires: Any) -> Any:
    return SimpleNamespace(stack=SimpleNamespace(address=lambda name: address), wires=wires)


@pytest.mark.parametrize("answer", [b"+PONG\r\n", b"-NOAUTH Authentication required.\r\n"])
def test_what_is_added_is_really_there(answer: bytes) -> None:
    """Each way two milliseconds, beside what is there without; with a password wanted or not."""
    with redis_like(answer) as port, open_wires() as wires:
        wires.open("web-1-mongodb", "127.0.0.1", 1)
        wires.open("web-1-redis", "127.0.0.1", port)
        wires.change(["web-1-redis"], Line.both(Way(latency_seconds=0.002)))
        found = measure_round_trip(site_of(f"127.0.0.1:{port}", wires))
    assert found is not None
    assert found.added_ms is not None
    assert found.added_ms >= 4.0
    assert 0 < found.plain_ms < 4.0


def test_without_a_wire_there_is_one_figure() -> None:
    with redis_like(b"+PONG\r\n") as port:
        found = measure_round_trip(site_of(f"redis://127.0.0.1:{port}/0", SimpleNamespace(names=["clients"])))
    assert found is not None
    assert (found.plain_ms > 0, found.added_ms) == (True, None)


@pytest.mark.parametrize("address", ["rediss://redis.example:6379", "redis+sentinel://a:1,b:1/main", "redis://a:1,b:2"])
def test_where_it_cannot_be_asked_nothing_is_said(address: str) -> None:
    assert measure_round_trip(site_of(address, SimpleNamespace(names=[]))) is None


def test_a_redis_that_is_not_there_is_told() -> None:
    with pytest.raises(SiteTrouble, match=r"Redis at 127.0.0.1:1 cannot be asked for its round trip"):
        round_trip_ms("127.0.0.1", 1)
    with redis_like(b"") as port, pytest.raises(SiteTrouble, match="it closed the connection"):
        round_trip_ms("127.0.0.1", port)
