"""`kill -9` of a command in the middle of a change: what runs serves on, and the next command puts everything right."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fleet import run_dir, running

from deploy.local import Stack
from deploy.local.leftovers import find_leftovers
from deploy.local.runtime import Runtime

pytestmark = pytest.mark.stack

# Where, for the how manieth time, in which change.
PLACES = [
    ("running.RunningStack.save", 1, "restart", "web-2"),  # the successor is planned, not started
    ("replacing.start_processes", 1, "restart", "web-2"),  # it is ready, nobody knows
    ("running.RunningStack.save", 2, "restart", "web-2"),  # it is the current one, HAProxy was not told
    ("runtime.Runtime.point", 1, "restart", "web-2"),  # HAProxy was told, the old one was not
    ("supervision.Supervisor.stop_process", 1, "restart", "web-2"),  # the old one is on its way
    ("replacing.start_processes", 1, "restart", "haproxy"),  # two HAProxies, the old one in charge
    ("running.RunningStack.save", 2, "restart", "haproxy"),  # two HAProxies, the new one in charge
    ("supervision.Supervisor.stop_process", 1, "restart", "haproxy"),
    ("replacing.start_processes", 2, "roll", "DEBUG"),  # half of the fleet has the new release
    ("replacing.start_processes", 1, "scale", "5"),  # newcomers are ready, their slots closed
    ("running.RunningStack.save", 2, "scale", "5"),  # they are planned, their slots closed
    ("supervision.Supervisor.stop_process", 1, "scale", "2"),  # one is draining
    ("running.RunningStack.save", 1, "drain", "web-3"),  # it is gone, its slot open
    ("replacing.start_processes", 4, "sticky", "off"),  # all web processes changed, HAProxy not yet
]


@pytest.fixture(scope="module")
def broken_stack(tmp_path_factory, stub_environ, stub_app):
    """One running sticky stack of stand-ins for all tests of this module."""
    environ = {**stub_environ, "STICKY_MODE": "on", "DRAIN_SECONDS": "10"}
    with running(Stack(tmp_path_factory.mktemp("broken"), environ, app=stub_app)) as stack:
        yield stack


def plan(stack):
    return json.loads((run_dir(stack) / "stack.json").read_text())


def kill_in(stack, environ, place, count, change, *arguments):
    command = [sys.executable, str(Path(__file__).with_name("killed_change.py"))]
    command += [str(run_dir(stack)), place, str(count), change, *arguments]
    killed = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr


def assert_plan_is_true(stack):
    """Nothing runs aside; each slot is where its process is, and open if that one is to be had; no process too many."""
    web = {one["name"]: one for one in plan(stack)["processes"] if one["kind"] == "web"}
    slots = Runtime(stack._run_dir.sockets / "haproxy.sock").slots()
    assert plan(stack)["aside"] == []
    assert {name for name, slot in slots.items() if slot.admin == "ready"} == {
        name for name, one in web.items() if not one["drained"]
    }
    assert {name: slots[name].address for name in web} == {name: one["address"] for name, one in web.items()}
    names = [left.name for left in find_leftovers(run_dir(stack)) if left.name.startswith(("web-", "haproxy"))]
    assert sorted(names) == sorted([*(name for name, one in web.items() if not one["drained"]), "haproxy"])
    assert (run_dir(stack) / "haproxy.state").read_text() == "1\n"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: "-".join(map(str, place)).partition(".")[2])
def test_killed_change_fails_no_request_and_the_next_command_repairs(broken_stack, stub_environ, load, place):
    """Users are served while it is killed, while nothing is done about it, and while it is repaired."""
    with load(broken_stack.url) as users:
        kill_in(broken_stack, stub_environ, *place)
        users.goes_on()
        for name in broken_stack.names():
            if name.startswith("web-"):
                broken_stack.start(name)
        broken_stack.scale(3)
        assert_plan_is_true(broken_stack)
        broken_stack.sticky(on=True)
        users.goes_on()
    assert users.failures == []
    assert_plan_is_true(broken_stack)
    assert {found.mode for found in broken_stack.status() if found.name.startswith("web-")} == {"sticky"}


def test_up_repairs_too(broken_stack, stub_environ):
    """`hotseat up` on a stack that runs: what a killed command left is put right, and nothing else is touched."""
    kill_in(broken_stack, stub_environ, "runtime.Runtime.point", 1, "restart", "web-2")
    assert [one["unit"] for one in plan(broken_stack)["aside"]]
    pids = {found.name: found.pid for found in broken_stack.status() if "." not in found.name}
    broken_stack.up()
    assert_plan_is_true(broken_stack)
    assert {found.name: found.pid for found in broken_stack.status()} == pids


def test_down_finds_everything_that_a_killed_change_left(broken_stack, stub_environ):
    """Successors and replaced processes of both kinds."""
    kill_in(broken_stack, stub_environ, "runtime.Runtime.point", 1, "restart", "web-2")
    assert [left.name for left in find_leftovers(run_dir(broken_stack))].count("web-2") == 2
    broken_stack.down()
    assert find_leftovers(run_dir(broken_stack)) == []
    broken_stack.up()
    kill_in(broken_stack, stub_environ, "replacing.start_processes", 1, "restart", "haproxy")
    assert [left.name for left in find_leftovers(run_dir(broken_stack))].count("haproxy") == 2
    broken_stack.down()
    assert find_leftovers(run_dir(broken_stack)) == []
    broken_stack.up()
