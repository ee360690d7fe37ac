"""A web process replaced by its successor, and everything that can go wrong on the way."""

import json
import os
import stat
import threading

import psutil
import pytest
from fleet import run_dir, running

from deploy.local import Misuse, Stack, StackError, StartFailed, replacing, starting
from deploy.local.leftovers import find_leftovers
from deploy.local.runtime import Runtime

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def sticky_stack(tmp_path_factory, stub_environ, stub_app):
    """One running sticky stack of stand-ins for all tests of this module."""
    with running(
        Stack(tmp_path_factory.mktemp("sticky"), {**stub_environ, "STICKY_MODE": "on"}, app=stub_app)
    ) as stack:
        yield stack


def plan(stack):
    return json.loads((run_dir(stack) / "stack.json").read_text())


def proxy(stack):
    return Runtime(stack._run_dir.sockets / "haproxy.sock")


def web_pids(stack):
    return {found.name: found.pid for found in stack.status() if found.name.startswith("web-")}


def assert_plan_is_true(stack):
    """What is written down is what runs: no process too many, each slot where its process is."""
    written = {one["name"]: one for one in plan(stack)["processes"]}
    assert plan(stack)["aside"] == []
    slots = proxy(stack).slots()
    web = {name: one for name, one in written.items() if one["kind"] == "web"}
    opened = {name for name, one in web.items() if not one["drained"]}
    assert {name: (slots[name].address, slots[name].admin) for name in opened} == {
        name: (web[name]["address"], "ready") for name in opened
    }
    assert {slot.admin for name, slot in slots.items() if name not in opened} <= {"maint"}
    alive = sorted(left.name for left in find_leftovers(run_dir(stack)) if left.name.startswith("web-"))
    assert alive == sorted(opened)
    targets = json.loads((run_dir(stack) / "prometheus" / "targets.json").read_text())
    scraped = {target["labels"]["instance"]: target["targets"][0] for target in targets}
    assert {name: scraped[name] for name in web} == {name: one["admin_address"] for name, one in web.items()}
    assert stat.S_IMODE((run_dir(stack) / "stack.json").stat().st_mode) == 0o600


def test_restart_fails_no_request_and_moves_nobody(sticky_stack, load):
    """Pinned users with POSTs: the same slot answers from another process on another port."""
    before, address = web_pids(sticky_stack), sticky_stack.address("web-2")
    with load(sticky_stack.url) as users:
        for name in ("web-2", "web-1", "web-3", "web-2"):
            sticky_stack.restart(name)
        users.goes_on()
    assert users.failures == []
    assert not set(before.values()) & set(web_pids(sticky_stack).values())
    assert sticky_stack.address("web-2") != address
    assert users.seen[-1]["pid"] in web_pids(sticky_stack).values()
    assert_plan_is_true(sticky_stack)


def test_restarted_process_is_the_one_that_commands_mean(sticky_stack):
    """Killing, pausing and asking for `web-2` reach its current lane; it comes back there, on its new port."""
    sticky_stack.restart("web-2")
    pid, address = sticky_stack.pid("web-2"), sticky_stack.address("web-2")
    assert psutil.Process(pid).environ()["PORT"] == address.rsplit(":", 1)[1]
    sticky_stack.kill("web-2")
    sticky_stack.wait_ready("web-2")
    assert (sticky_stack.address("web-2"), sticky_stack.pid("web-2") != pid) == (address, True)
    assert sticky_stack.environ_of("web-2")["PORT"] == address.rsplit(":", 1)[1]


def test_proxy_that_died_finds_the_slots_where_they_are(sticky_stack, eventually):
    """What the runtime socket said is in the environment of the next HAProxy too."""
    sticky_stack.restart("web-1")
    sticky_stack.kill("haproxy")
    eventually(lambda: sticky_stack.ready("haproxy"), 10)
    assert_plan_is_true(sticky_stack)


def test_request_in_flight_is_finished_by_the_old_process(sticky_stack, load):
    """A slow answer under way: the old process ends after it, not before."""
    with load(sticky_stack.url, path="/slow", methods=("POST",)) as users:
        sticky_stack.restart("web-1")
        users.goes_on(6)
    assert users.failures == []


@pytest.mark.parametrize("kind", ["crash", "unready"])
def test_successor_that_does_not_become_ready_changes_nothing(sticky_stack, load, fault, monkeypatch, kind):
    """It is ended, its last words are told, and the old process serves on as if nothing had been."""
    monkeypatch.setattr(starting, "READY_SECONDS", 2.0)
    before, address = web_pids(sticky_stack), sticky_stack.address("web-2")
    fault(f"web-2.{kind}", "2")
    with load(sticky_stack.url) as users:
        with pytest.raises(StartFailed) as failed:
            sticky_stack.restart("web-2")
        users.goes_on()
    assert (failed.value.process, failed.value.exit_code) == ("web-2", 2 if kind == "crash" else 1)
    if kind == "crash":
        assert failed.value.last_lines[-1] == "this goes wrong"
    assert users.failures == []
    assert (web_pids(sticky_stack), sticky_stack.address("web-2")) == (before, address)
    assert_plan_is_true(sticky_stack)


def test_proxy_that_does_not_answer_changes_nothing(sticky_stack):
    """No process is replaced by one that nobody would reach."""
    before = web_pids(sticky_stack)
    socket_file = sticky_stack._run_dir.sockets / "haproxy.sock"
    hidden = socket_file.with_suffix(".hidden")
    socket_file.rename(hidden)
    try:
        with pytest.raises(StackError, match=r"HAProxy's runtime socket .* does not answer"):
            sticky_stack.restart("web-2")
    finally:
        hidden.rename(socket_file)
    assert web_pids(sticky_stack) == before
    assert_plan_is_true(sticky_stack)


def test_proxy_that_falls_silent_in_the_middle_changes_nothing(sticky_stack, monkeypatch, load):
    """The successor is ready already: it is ended again, and the old one is the one that is written down."""
    before = web_pids(sticky_stack)
    start = replacing.start_processes
    socket_file = sticky_stack._run_dir.sockets / "haproxy.sock"
    hidden = socket_file.with_suffix(".hidden")

    def start_and_hide(*arguments):
        start(*arguments)
        socket_file.rename(hidden)

    monkeypatch.setattr(replacing, "start_processes", start_and_hide)
    with load(sticky_stack.url) as users:
        try:
            with pytest.raises(StackError, match=r"HAProxy's runtime socket .* does not answer"):
                sticky_stack.restart("web-2")
        finally:
            hidden.rename(socket_file)
        users.goes_on()
    assert users.failures == []
    assert web_pids(sticky_stack) == before
    assert_plan_is_true(sticky_stack)


def test_one_change_at_a_time(sticky_stack, fault, eventually):
    """A second one says who is at it, at once, and changes nothing."""
    slow = fault("web-1.unready")
    errors = []

    def restart():
        try:
            sticky_stack.restart("web-1")
        except StackError as error:
            errors.append(error)

    first = threading.Thread(target=restart)
    first.start()
    eventually(lambda: any(found.state == "trial" for found in sticky_stack.status()), 20)
    try:
        for change in (sticky_stack.restart, sticky_stack.stop, sticky_stack.start, sticky_stack.drain):
            with pytest.raises(Misuse, match=rf"is being started, changed or stopped by pid {os.getpid()};"):
                change("web-2")
        assert {found.name.partition(".")[0] for found in sticky_stack.status() if found.state == "trial"} == {"web-1"}
        sticky_stack.kill("web-3")  # faults are no changes
    finally:
        slow.unlink()
        first.join(30)
    sticky_stack.wait_ready("web-3")
    assert errors == []
    assert_plan_is_true(sticky_stack)
