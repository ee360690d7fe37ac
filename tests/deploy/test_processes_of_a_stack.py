"""What can be done to the processes of a running stack."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from fleet import run_dir

from deploy.local import Misuse, free_ports
from deploy.local.ports import is_free
from deploy.local.status import differences

pytestmark = pytest.mark.stack


def get(address, path="/"):
    with urllib.request.urlopen(f"http://{address.removeprefix('http://')}{path}", timeout=5) as answer:
        return answer.read().decode()


@pytest.fixture
def mute(stub_environ):
    """`mute("web-1")` lets it keep its state to itself until the test is over."""
    faults = []

    def silence(*names):
        faults.extend(Path(stub_environ["STUB_FAULTS"]) / f"{name}.mute" for name in names)
        for fault in faults:
            fault.write_text("")

    yield silence
    for fault in faults:
        fault.unlink()


def state(stack, name):
    return next(found.state for found in stack.status() if found.name == name)


def test_status_lists_every_process(shared_stack):
    """Name, pid, address, state and mode of each."""
    found = {status.name: status for status in shared_stack.status()}
    assert list(found) == ["redis", "mongodb", "s3", "web-1", "web-2", "web-3", "worker-1", "haproxy", "prometheus"]
    assert {status.state for status in found.values()} <= {"running", "starting"}
    assert {found[name].mode for name in ("web-1", "worker-1", "haproxy")} == {"stateless"}
    assert {found[name].mode for name in ("redis", "mongodb", "s3")} == {"embedded"}
    assert all(psutil.pid_exists(status.pid) for status in found.values())
    assert list(found["web-1"].as_dict())[:7] == ["name", "pid", "address", "state", "mode", "hot", "note"]


def test_status_tells_what_web_processes_say_of_their_hot_copies(shared_stack):
    """Of those that were asked; and the reason of one that has none."""
    assert {status.hot for status in shared_stack.status()} == {None}
    found = {status.name: (status.hot, status.note) for status in shared_stack.status(ask=True)}
    assert found["web-1"] == found["web-3"] == ("trusted", None)
    assert found["web-2"] == ("off", "this Redis refuses to track: NOPERM")
    assert {found[name] for name in ("redis", "worker-1", "haproxy", "prometheus")} == {(None, None)}


def test_status_is_quick_though_processes_do_not_answer(shared_stack, mute):
    """All are asked at once, none for longer than half a second; a paused one is not asked at all."""
    mute("web-1", "web-3")
    shared_stack.pause("web-2")
    started = time.monotonic()
    found = {status.name: (status.state, status.hot, status.note) for status in shared_stack.status(ask=True)}
    assert time.monotonic() - started < 1.5
    shared_stack.resume("web-2")
    assert found["web-1"][1:] == found["web-3"][1:] == (None, "does not answer")
    assert found["web-2"] == ("paused", None, None)


def test_the_status_command_shows_it_to_people_and_to_scripts(shared_stack):
    """A column of the table, two keys of the JSON."""
    environ = {**os.environ, "HOTSEAT_RUN_DIR": str(shared_stack.logs("redis").parent.parent), "COLUMNS": "160"}

    def status(*arguments):
        command = [sys.executable, "-m", "hotseat", "status", *arguments]
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=30).stdout

    shown, _, load = status().partition("\n\n")
    lines = {line.split()[0]: line for line in shown.splitlines()}
    assert lines["service"].split() == ["service", "pid", "address", "state", "mode", "hot"]
    assert lines["web-1"].rstrip().endswith("trusted")
    assert lines["web-2"].rstrip().endswith("off: this Redis refuses to track: NOPERM")
    head, *rows = load.splitlines()
    assert " ".join(head.split()) == "web process version users in flight hot MB hit rate lag ms"
    version = f"0.1.0+{shared_stack.environ_of('web-1')['RELEASE']}"
    assert [row.split() for row in rows] == [
        ["web-1", version, "7", "1", "2.5", "97.5%", "0.2"],
        ["web-2", version, "7", "1", "0.2"],
        ["web-3", version, "7", "1", "2.5", "0.2"],
    ]
    told = {process["name"]: process for process in json.loads(status("--json"))}
    assert (told["web-2"]["hot"], told["web-2"]["note"]) == ("off", "this Redis refuses to track: NOPERM")
    assert (told["redis"]["hot"], told["redis"]["note"]) == (None, None)


def test_process_that_tells_less_is_shown_as_far_as_it_does(shared_stack, fault):
    """A release from before that has fewer words; and a difference of versions is warned of."""
    fault("web-3.old")
    found = {status.name: status for status in shared_stack.status(ask=True)}
    assert (found["web-3"].hot, found["web-3"].users, found["web-3"].version) == ("trusted", None, None)
    web = [found["web-1"], replace(found["web-2"], version="0.1.0+other"), replace(found["web-3"], mode="sticky")]
    assert differences([*web, found["haproxy"]]) == [
        "The modes differ: stateless (web-1, web-2, haproxy); sticky (web-3).",
        f"The versions differ: {found['web-1'].version} (web-1); 0.1.0+other (web-2).",
    ]
    assert differences(found.values()) == []


def test_status_is_watched_until_the_stack_is_gone_or_ctrl_c(shared_stack, eventually, tmp_path):
    """Drawn anew each second."""
    environ = {**os.environ, "HOTSEAT_RUN_DIR": str(run_dir(shared_stack)), "COLUMNS": "160"}
    output = tmp_path / "output"
    with output.open("wb") as target:
        command = [sys.executable, "-m", "hotseat", "status", "--watch"]
        watching = subprocess.Popen(command, env=environ, stdout=target, stderr=target, start_new_session=True)
    try:
        eventually(lambda: output.read_text().count("prometheus") >= 2, 20)
        watching.send_signal(signal.SIGINT)
        assert watching.wait(10) == 0
    finally:
        watching.kill()
        watching.wait()
    assert "Traceback" not in output.read_text()


def test_front_leads_to_the_web_processes(shared_stack):
    """The address to browse is HAProxy's, and all three processes are behind it."""
    assert {json.loads(get(shared_stack.url))["instance"] for _ in range(6)} == {"web-1", "web-2", "web-3"}


def test_killed_process_comes_back_in_its_slot(shared_stack):
    """Again and again: same name, same port, another pid, and soon."""
    address, pids = shared_stack.address("web-2"), set()
    started = time.monotonic()
    for _ in range(10):
        pids.add(shared_stack.pid("web-2"))
        shared_stack.kill("web-2")
        shared_stack.wait_ready("web-2")
    assert len(pids) == 10
    assert json.loads(get(address))["instance"] == "web-2"
    assert time.monotonic() - started < 15


def test_process_killed_by_others_comes_back(shared_stack, eventually):
    """The supervisor, not our own `kill`, brings it back."""
    pid = shared_stack.pid("web-3")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: shared_stack.pid("web-3") not in (0, pid))
    shared_stack.wait_ready("web-3")


def test_paused_process_keeps_its_port_and_answers_nothing(shared_stack):
    """Frozen, then going on as the same process."""
    pid = shared_stack.pid("web-1")
    shared_stack.pause("web-1")
    assert state(shared_stack, "web-1") == "paused"
    host, port = shared_stack.address("web-1").split(":")
    with socket.create_connection((host, int(port)), timeout=1) as connection:
        connection.settimeout(0.3)
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(1)
    shared_stack.resume("web-1")
    shared_stack.wait_ready("web-1")
    assert shared_stack.pid("web-1") == pid


def test_stopped_process_stays_down_until_it_is_started(shared_stack):
    """Nobody brings back what was stopped on purpose, even if it was paused before."""
    shared_stack.pause("web-1")
    shared_stack.stop("web-1")
    assert state(shared_stack, "web-1") == "stopped"
    time.sleep(0.5)
    assert shared_stack.pid("web-1") == 0
    shared_stack.start("web-1")
    assert state(shared_stack, "web-1") in {"starting", "running"}


def test_restarted_process_is_ready_when_the_call_returns(shared_stack):
    """A new process in the same slot."""
    pid = shared_stack.pid("worker-1")
    shared_stack.restart("worker-1")
    assert shared_stack.pid("worker-1") != pid
    assert shared_stack.ready("worker-1")


def test_crashing_process_waits_longer_each_time_and_comes_back(shared_stack, stub_environ, eventually):
    """No spinning, no giving up."""
    fault = Path(stub_environ["STUB_FAULTS"]) / "web-3.crash"
    fault.write_text("1")
    log = shared_stack.logs("web-3")
    try:
        shared_stack.kill("web-3")
        time.sleep(3)
        assert 2 <= log.read_text().count("this goes wrong") <= 6
        assert state(shared_stack, "web-3") in {"restarting", "starting"}
    finally:
        fault.unlink()
    shared_stack.wait_ready("web-3")


@pytest.mark.parametrize("name", ["kill", "pause", "resume", "stop", "start", "restart", "address", "environ_of"])
def test_unknown_name_is_answered_with_the_known_ones(shared_stack, name):
    """One sentence that lists what there is."""
    with pytest.raises(Misuse, match=r"no process 'web-9'; there are: redis, .*web-3, worker-1"):
        getattr(shared_stack, name)("web-9")


def test_newborn_process_can_be_started_beside_the_stack(shared_stack, stub_app, eventually):
    """The environment of a slot, on other ports, is enough."""
    port, admin_port = free_ports(2)
    environ = {**shared_stack.environ_of("web-1"), "PORT": str(port), "ADMIN_PORT": str(admin_port)}
    newborn = subprocess.Popen(stub_app.web, env=environ)
    try:
        eventually(lambda: not is_free(port))
        assert json.loads(get(f"127.0.0.1:{port}"))["pid"] == newborn.pid
    finally:
        newborn.kill()
        newborn.wait()


def test_web_process_can_be_forbidden_to_write(shared_stack):
    """With HOTSEAT_WEB_FSIZE=0 every write to a file fails; its log, a pipe, still arrives."""
    assert get(shared_stack.address("web-1"), "/write") == "OSError"
    get(shared_stack.address("web-1"))
    assert "web-1 was asked" in shared_stack.logs("web-1").read_text()


def test_secrets_are_the_owners_only(shared_stack):
    """Nobody else can read them from a file, and nobody at all from the list of processes."""
    run_dir = shared_stack.logs("redis").parent.parent
    secrets = dict(line.split("=", 1) for line in (run_dir / "secrets.env").read_text().splitlines()[1:])
    assert set(secrets) == {"SECRET_KEYS", "AFFINITY_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert [oct((run_dir / name).stat().st_mode)[-3:] for name in ("secrets.env", "stack.json")] == ["600", "600"]
    assert run_dir.stat().st_mode & 0o077 == 0
    shown = " ".join(" ".join(psutil.Process(found.pid).cmdline()) for found in shared_stack.status())
    assert not any(secret in shown for secret in secrets.values())
    assert shared_stack.environ_of("web-1")["SECRET_KEYS"] == secrets["SECRET_KEYS"]
    assert "SECRET_KEYS" not in shared_stack.environ_of("redis")


def test_prometheus_scrapes_everything(shared_stack, eventually):
    """Each web process, the worker, HAProxy and Prometheus itself."""

    def up():
        targets = json.loads(get(shared_stack.address("prometheus"), "/api/v1/targets"))["data"]["activeTargets"]
        return {target["labels"]["instance"] for target in targets if target["health"] == "up"}

    eventually(lambda: up() == {"web-1", "web-2", "web-3", "worker-1", "haproxy", "prometheus"}, 20, 0.2)


def test_two_stacks_run_side_by_side(shared_stack, stack):
    """Another run directory is another stack: other ports, other processes, and it goes alone."""
    stack.up()
    addresses = {found.address for found in stack.status()}
    assert not addresses & {found.address for found in shared_stack.status()}
    stack.down()
    assert {found.state for found in shared_stack.status()} <= {"running", "starting"}
