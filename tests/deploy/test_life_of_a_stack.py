"""Up and down: what must be true afterwards, however it went."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from fleet import run_dir

from deploy.local import Misuse, Stack, StackError, StartFailed
from deploy.local.leftovers import find_leftovers
from deploy.local.ports import is_free
from deploy.local.readiness import http_status

pytestmark = pytest.mark.stack


def ports(stack):
    return [int(found.address.rstrip("/").rsplit(":", 1)[1]) for found in stack.status()]


def assert_nothing_is_left(stack, used_ports=()):
    assert find_leftovers(run_dir(stack)) == []
    assert [port for port in used_ports if not is_free(port)] == []
    assert not (run_dir(stack) / "stack.json").exists()
    assert not (run_dir(stack) / "sockets").exists()
    assert list(run_dir(stack).rglob("*.pid")) == []
    assert stack.status() == []


def fault(environ, name, text):
    (Path(environ["STUB_FAULTS"]) / name).write_text(text)


def redis_says(stack, command):
    host, port = stack.address("redis").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(command)
        return connection.recv(100)


def supervisor_of(stack):
    return next(left.process for left in find_leftovers(run_dir(stack)) if left.name == "supervisord")


def leave_alone(stack):
    pass


def kill_the_supervisor(stack):
    """Its children are orphans then, two of them frozen."""
    stack.pause("web-2")
    stack.pause("redis")
    supervisor_of(stack).kill()


def freeze_the_supervisor(stack):
    supervisor_of(stack).suspend()


def up_and_down(stack, disturbances):
    temporary = set(Path(tempfile.gettempdir()).iterdir())
    for number, disturb in enumerate(disturbances):
        started = time.monotonic()
        stack.up()
        ready = time.monotonic()
        used = ports(stack)
        if number:
            assert redis_says(stack, b"GET number\r\n").endswith(f"{number - 1}\r\n".encode())
        redis_says(stack, f"SET number {number}\r\n".encode())
        disturb(stack)
        leaving = time.monotonic()
        stack.down()
        assert ready - started < 15
        assert time.monotonic() - leaving < 10
        assert_nothing_is_left(stack, used)
    appeared = set(Path(tempfile.gettempdir()).iterdir()) - temporary
    assert not [file for file in appeared if "hotseat" in file.name or "nx_27017" in file.name]


def test_three_times_up_and_down_leaves_nothing_but_data(stack):
    """No process, port or temporary file is left, even if supervisord was killed or frozen; Redis keeps its data."""
    up_and_down(stack, [leave_alone, kill_the_supervisor, freeze_the_supervisor])


@pytest.mark.soak
def test_twenty_times_up_and_down_leaves_nothing_but_data(stack):
    """The same for longer."""
    up_and_down(stack, ([leave_alone] * 4 + [kill_the_supervisor]) * 4)


def test_taken_port_is_named_and_nothing_is_left(tmp_path, stub_environ, stub_app):
    """Which variable, who has it, what to do; not even the run directory is made."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        stack = Stack(tmp_path / "run", {**stub_environ, "HTTP_PORT": str(port)}, app=stub_app)
        with pytest.raises(Misuse, match=rf"Port {port} \(HTTP_PORT\) is taken by .*pid {os.getpid()}.*HTTP_PORT=\d+"):
            stack.up()
    assert Misuse.exit_code == 2
    assert not (tmp_path / "run").exists()


def test_failing_release_takes_everything_down(stack, stub_environ):
    """The stores were up already; its last words and its exit code are handed on."""
    fault(stub_environ, "release.crash", "1")
    with pytest.raises(StartFailed) as failed:
        stack.up()
    assert (failed.value.process, failed.value.last_lines) == ("release", ["this goes wrong"])
    assert_nothing_is_left(stack)


def test_web_process_that_refuses_its_settings_ends_up_at_once(stack, stub_environ):
    """Exit code 2 of a web process is exit code 2 of `up`, without waiting for any deadline."""
    fault(stub_environ, "web-2.crash", "2")
    started = time.monotonic()
    with pytest.raises(StartFailed, match=r"web-2 ended while it was starting \(exit code 2\)") as failed:
        stack.up()
    assert time.monotonic() - started < 10
    assert failed.value.exit_code == 2
    assert failed.value.last_lines[-1] == "this goes wrong"
    assert_nothing_is_left(stack)


def test_up_cleans_after_a_crashed_stack(stack):
    """An orphaned stack is replaced by a working one."""
    stack.up()
    former = {found.pid for found in stack.status()}
    supervisor_of(stack).kill()
    stack.up()
    assert not former & {found.pid for found in stack.status()}
    assert {left.process.pid for left in find_leftovers(run_dir(stack))} == {
        *(found.pid for found in stack.status()),
        int((run_dir(stack) / "supervisord.pid").read_text()),
    }


def test_down_needs_no_plan_that_it_understands(stack):
    """One of another version of these commands: said so, and down leaves nothing all the same."""
    stack.up()
    (run_dir(stack) / "stack.json").write_text('{"url": "http://127.0.0.1:1", "processes": [{"name": "web-1"}]}')
    with pytest.raises(StackError, match="written by another version of this command; run: hotseat down"):
        stack.status()
    stack.down()
    assert_nothing_is_left(stack)


def test_long_run_directory_gets_its_sockets_elsewhere(tmp_path, stub_environ, stub_app):
    """A path too long for a unix socket works, and the folder among the temporary files goes with the stack."""
    stack = Stack(tmp_path / ("long" * 20) / "run", stub_environ, app=stub_app)
    stack.up()
    sockets = stack._run_dir.sockets
    assert sockets.parent == Path(tempfile.gettempdir())
    assert sockets.stat().st_mode & 0o077 == 0
    stack.down()
    assert not sockets.exists()
    assert_nothing_is_left(stack)


def test_external_store_is_used_and_not_started(tmp_path, stub_environ, stub_app, redis_server):
    """With REDIS_URL set no redis-server is started; the table shows it without its password; nobody can kill it."""
    url = redis_server.url.replace("redis://", "redis://:secret@")
    stack = Stack(tmp_path / "run", {**stub_environ, "REDIS_URL": url}, app=stub_app)
    try:
        stack.up()
        redis = stack.status()[0]
        assert (redis.name, redis.pid, redis.state, redis.mode) == ("redis", None, "external", "external")
        assert "secret" not in redis.address
        assert stack.environ_of("web-1")["REDIS_URL"] == url
        with pytest.raises(Misuse, match="not run by this stack"):
            stack.kill("redis")
    finally:
        stack.down()
    assert psutil.pid_exists(redis_server.pid)


class Command:
    """`hotseat up` in a process of its own, with stand-ins for the application."""

    def __init__(self, directory, environ, *arguments):
        self.output = directory / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("stub_up.py")), *arguments],
                env={**environ, "HOTSEAT_RUN_DIR": str(directory / "run")},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def says(self, text):
        return text in self.output.read_text()

    def end(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def command(tmp_path, stub_environ):
    commands = []

    def start(*arguments, **environ):
        commands.append(Command(tmp_path, {**stub_environ, **environ}, *arguments))
        return commands[-1]

    yield start
    for started in commands:
        started.end()


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGINT, id="ctrl-c"),
        pytest.param(signal.SIGTERM, id="term", marks=pytest.mark.soak),
        pytest.param(signal.SIGHUP, id="hangup", marks=pytest.mark.soak),
    ],
)
def test_foreground_up_stops_everything_when_it_is_told_to(command, stack, eventually, number):
    """It shows where to browse, follows the logs with prefixes, and takes all of it along when it goes."""
    up = command()
    eventually(lambda: up.says("Browse http://"), 20)
    assert http_status(stack.url) == 200
    eventually(lambda: up.says("was asked"), 3)
    assert any(line.startswith("web-") and " | web-" in line for line in up.output.read_text().splitlines())
    up.process.send_signal(number)
    assert up.process.wait(10) == 0
    assert_nothing_is_left(stack)


def test_foreground_up_ends_when_somebody_else_takes_the_stack_down(command, stack, eventually):
    """`down` from elsewhere: the one that follows the logs says so and leaves."""
    up = command()
    eventually(lambda: up.says("Browse http://"), 20)
    stack.down()
    assert up.process.wait(10) == 0
    assert up.says("The stack was stopped.")


def test_down_ends_an_up_that_is_still_starting(command, stack, stub_environ, eventually):
    """`down` in the middle: the starting process takes its own things down, and nothing appears later."""
    fault(stub_environ, "release.slow", "")
    up = command()
    eventually(lambda: up.says("preparing the database"), 20)
    with pytest.raises(Misuse, match="is being started, changed or stopped by pid"):
        stack.up()
    stack.down()
    assert up.process.wait(10) == 130
    assert_nothing_is_left(stack)


def test_detached_up_returns_and_the_stack_stays(command, stack):
    """The table, the address, and back to the prompt; another `up` of it changes nothing."""
    up = command("--detach")
    assert up.process.wait(20) == 0
    assert up.says(f"Browse {stack.url}")
    pids = [found.pid for found in stack.status()]
    assert len(pids) == 9
    stack.up()
    assert [found.pid for found in stack.status()] == pids
    stack.down()
    stack.down()
    with pytest.raises(StackError, match="No stack is running"):
        stack.names()
