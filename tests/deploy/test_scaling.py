"""More and fewer web processes, and single ones drained, while users are served."""

import json

import psutil
import pytest
from fleet import run_dir, running

from deploy.local import Misuse, Stack, StackError, StartFailed, scaling
from deploy.local.leftovers import find_leftovers
from deploy.local.runtime import Runtime

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def scaled_stack(tmp_path_factory, stub_environ, stub_app):
    """One running sticky stack of stand-ins for all tests of this module."""
    environ = {**stub_environ, "STICKY_MODE": "on", "WEB_SLOTS": "6", "DRAIN_SECONDS": "10"}
    with running(Stack(tmp_path_factory.mktemp("scaled"), environ, app=stub_app)) as stack:
        yield stack


@pytest.fixture(autouse=True)
def three_again(scaled_stack):
    """Each test begins with three."""
    scaled_stack.scale(3)


def web(stack):
    return [name for name in stack.names() if name.startswith("web-")]


def open_slots(stack):
    found = Runtime(stack._run_dir.sockets / "haproxy.sock").slots()
    return {name: slot.address for name, slot in found.items() if slot.admin == "ready"}


def scraped(stack):
    targets = json.loads((run_dir(stack) / "prometheus" / "targets.json").read_text())
    return {target["labels"]["instance"] for target in targets if target["labels"]["job"] == "web"}


def alive(stack):
    return sorted(left.name for left in find_leftovers(run_dir(stack)) if left.name.startswith("web-"))


def assert_all_agree(stack, names):
    """Plan, HAProxy, Prometheus and the processes themselves."""
    assert web(stack) == names
    assert open_slots(stack) == {name: stack.address(name) for name in names}
    assert scraped(stack) == set(names)
    assert alive(stack) == sorted(names)
    assert [found.name for found in stack.status() if found.name.startswith("web-")] == names


def slots(count):
    return [f"web-{slot}" for slot in range(1, count + 1)]


def test_scaling_out_and_in_fails_no_request(scaled_stack, load):
    """3, 6, 2, 3: no reload, no user without an answer; HAProxy stays the same process."""
    proxy = scaled_stack.pid("haproxy")
    with load(scaled_stack.url) as users:
        scaled_stack.scale(6)
        assert_all_agree(scaled_stack, slots(6))
        with load(scaled_stack.url) as newcomers:
            newcomers.goes_on()
        scaled_stack.scale(2)
        assert_all_agree(scaled_stack, slots(2))
        users.goes_on()
        scaled_stack.scale(3)
    assert users.failures == newcomers.failures == []
    assert {seen["instance"] for seen in newcomers.seen} & {"web-4", "web-5", "web-6"}
    assert_all_agree(scaled_stack, slots(3))
    assert scaled_stack.pid("haproxy") == proxy


def test_newcomers_run_the_release_of_the_others(scaled_stack):
    """Settings that were rolled out count for those that come later."""
    scaled_stack.roll({"LOG_LEVEL": "ERROR"})
    scaled_stack.scale(4)
    pid = scaled_stack.pid("web-4")
    assert psutil.Process(pid).environ()["LOG_LEVEL"] == "ERROR"
    assert scaled_stack.environ_of("web-4")["RELEASE"] == scaled_stack.environ_of("web-1")["RELEASE"]
    scaled_stack.rollback()
    assert psutil.Process(scaled_stack.pid("web-4")).environ().get("LOG_LEVEL") != "ERROR"


def test_scaled_stack_survives_the_death_of_its_proxy(scaled_stack, eventually):
    """The next HAProxy knows the slots that were opened, and those that were closed."""
    scaled_stack.scale(4)
    scaled_stack.kill("haproxy")
    eventually(lambda: scaled_stack.ready("haproxy"), 10)
    assert_all_agree(scaled_stack, slots(4))
    scaled_stack.scale(2)
    scaled_stack.replace_proxy()
    assert_all_agree(scaled_stack, slots(2))


@pytest.mark.parametrize("count", [0, -1, 7, 100])
def test_impossible_number_is_refused(scaled_stack, count):
    """WEB_SLOTS bounds it; nothing is touched."""
    with pytest.raises(Misuse, match=f"{count} web processes cannot be had; give a number from 1 to 6"):
        scaled_stack.scale(count)
    assert_all_agree(scaled_stack, slots(3))


def test_newcomer_that_does_not_start_leaves_all_as_it_was(scaled_stack, fault, load):
    """The others that were started with it are ended too."""
    fault("web-5.crash", "3")
    with load(scaled_stack.url) as users:
        with pytest.raises(StartFailed, match="web-5 ended while it was starting"):
            scaled_stack.scale(6)
        users.goes_on()
    assert users.failures == []
    assert_all_agree(scaled_stack, slots(3))


def test_proxy_that_falls_silent_leaves_all_as_it_was(scaled_stack, monkeypatch):
    """The newcomers were ready, but nobody could have been sent to them."""
    socket_file = scaled_stack._run_dir.sockets / "haproxy.sock"
    hidden = socket_file.with_suffix(".hidden")
    try_out = scaling.try_out

    def try_out_and_hide(*arguments):
        try_out(*arguments)
        socket_file.rename(hidden)

    monkeypatch.setattr(scaling, "try_out", try_out_and_hide)
    try:
        with pytest.raises(StackError, match="runtime socket"):
            scaled_stack.scale(5)
    finally:
        hidden.rename(socket_file)
    assert_all_agree(scaled_stack, slots(3))


def test_drained_process_is_gone_until_it_is_started(scaled_stack, load, eventually):
    """Its slot is closed, in the next HAProxy too; a roll-out does not start it; `start` opens the slot again."""
    with load(scaled_stack.url) as users:
        scaled_stack.drain("web-2")
        assert set(open_slots(scaled_stack)) == {"web-1", "web-3"}
        assert {found.name: found.state for found in scaled_stack.status()}["web-2"] == "drained"
        users.goes_on()
        scaled_stack.kill("haproxy")
    assert users.answers
    eventually(lambda: scaled_stack.ready("haproxy"), 10)
    assert set(open_slots(scaled_stack)) == {"web-1", "web-3"}
    with load(scaled_stack.url) as users:
        scaled_stack.roll()
        assert alive(scaled_stack) == ["web-1", "web-3"]
        scaled_stack.start("web-2")
        users.goes_on()
    assert users.failures == []
    assert_all_agree(scaled_stack, slots(3))


def test_draining_fails_no_request(scaled_stack, load):
    """Pinned users with POSTs move to others."""
    with load(scaled_stack.url) as users:
        scaled_stack.drain("web-1")
        users.goes_on()
        scaled_stack.start("web-1")
        users.goes_on()
    assert users.failures == []


def test_only_web_processes_are_drained(scaled_stack):
    """Others have no users to move."""
    for name in ("worker-1", "haproxy", "redis"):
        with pytest.raises(Misuse, match=f"{name} is no web process"):
            scaled_stack.drain(name)
