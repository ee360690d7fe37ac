"""The client of HAProxy's runtime socket."""

import os
import socket
import threading
import time

import pytest

from deploy.local import StackError
from deploy.local.runtime import Runtime


@pytest.fixture
def runtime(proxy):
    """A HAProxy and its runtime socket."""
    started = proxy()
    return started, Runtime(started.socket_file)


def test_slots_are_pointed_opened_and_closed(runtime):
    """What was set is what is told, and requests go there."""
    started, slots = runtime
    spare = started.servers[0]
    assert slots.slots()["web-4"].admin == "maint"
    slots.point("web-4", f"127.0.0.1:{spare.port}")
    slots.point("web-4", f"127.0.0.1:{spare.port}")  # again: no change is no error
    slots.set_state("web-4", "ready")
    assert (slots.slots()["web-4"].address, slots.slots()["web-4"].admin) == (f"127.0.0.1:{spare.port}", "ready")
    slots.set_state("web-4", "drain")
    assert slots.slots()["web-4"].admin == "drain"
    for name in ("web-1", "web-2", "web-3"):
        slots.set_state(name, "maint")
    slots.set_state("web-4", "ready")
    assert started.ask("/").seen["server"] == spare.name
    assert slots.statistics("web-4")["status"].startswith("UP")
    assert slots.statistics("web-1")["status"] == "MAINT"


def test_refusals_are_told_in_its_words(runtime):
    """HAProxy answers with text and no status; every answer is looked at."""
    _, slots = runtime
    with pytest.raises(StackError, match=r"did not point web-9 to 127\.0\.0\.1:1: .*[Nn]o such server"):
        slots.point("web-9", "127.0.0.1:1")
    with pytest.raises(StackError, match="did not point web-1"):
        slots.point("web-1", "127.0.0.1:not-a-port")
    with pytest.raises(StackError, match="did not set web-9 to ready"):
        slots.set_state("web-9", "ready")
    with pytest.raises(StackError, match="did not set web-1 to asleep"):
        slots.set_state("web-1", "asleep")
    with pytest.raises(StackError, match="no server web-9"):
        slots.statistics("web-9")
    with pytest.raises(StackError, match="does not tell the state of its servers"):
        slots.servers_state("nothing")


def test_process_is_told_by_its_pid(runtime):
    """By which a successor is told from the one before it."""
    started, slots = runtime
    assert slots.pid() != os.getpid()
    assert slots.servers_state().startswith("1\n# be_id")
    assert started.port


def test_socket_that_is_not_there_or_does_not_answer(tmp_path, monkeypatch):
    """One sentence, and not for ever."""
    monkeypatch.setattr("deploy.local.runtime.CALL_SECONDS", 0.2)
    file = tmp_path / "haproxy.sock"
    with pytest.raises(StackError, match=rf"runtime socket {file} does not answer \(No such file"):
        Runtime(file).slots()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.bind(str(file))
        with pytest.raises(StackError, match="does not answer"):
            Runtime(file).pid()
        silent.listen()
        with pytest.raises(StackError, match=r"does not answer \(no answer in time\)"):
            Runtime(file).pid()


def test_socket_that_never_stops_answering_is_left(tmp_path, monkeypatch):
    """Neither memory nor time without bound."""
    monkeypatch.setattr("deploy.local.runtime.MOST_BYTES", 1000)
    file = tmp_path / "haproxy.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(file))
        server.listen()

        def flood():
            connection, _ = server.accept()
            with connection:
                for _ in range(1000):
                    try:
                        connection.sendall(b"x" * 1000)
                    except OSError:
                        return

        thread = threading.Thread(target=flood)
        thread.start()
        with pytest.raises(StackError, match="does not stop answering"):
            Runtime(file).slots()
        thread.join(5)
        assert not thread.is_alive()


def test_socket_that_trickles_is_left_in_time(tmp_path, monkeypatch):
    """The deadline is for the whole answer, not for each part of it."""
    monkeypatch.setattr("deploy.local.runtime.CALL_SECONDS", 0.3)
    file = tmp_path / "haproxy.sock"
    over = threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(file))
        server.listen()

        def trickle():
            connection, _ = server.accept()
            with connection:
                while not over.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=trickle)
        thread.start()
        started = time.monotonic()
        with pytest.raises(StackError, match="no answer in time"):
            Runtime(file).slots()
        over.set()
        thread.join(5)
    assert time.monotonic() - started < 5
