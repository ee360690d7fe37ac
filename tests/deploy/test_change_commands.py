"""The commands that change a running stack: what they take, what they refuse, and being interrupted."""

import functools
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from fleet import run_dir, running

from deploy.local import Stack, StackError, commands
from deploy.local.leftovers import find_leftovers

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def changed_stack(tmp_path_factory, stub_environ, stub_app):
    """One running stack of stand-ins for all tests of this module."""
    with running(Stack(tmp_path_factory.mktemp("changed"), stub_environ, app=stub_app)) as stack:
        yield stack


@pytest.fixture
def hotseat(changed_stack, stub_environ, stub_app, monkeypatch):
    """`hotseat("scale", "4", LOG_LEVEL="INFO")` runs a command of that stack, with variables of the shell."""
    stubbed = {"__init__": functools.partialmethod(Stack.__init__, app=stub_app)}
    monkeypatch.setattr(commands, "Stack", type("Stack", (Stack,), stubbed))

    def run(name, *arguments, **shell):
        environ = {**stub_environ, "HOTSEAT_RUN_DIR": str(run_dir(changed_stack)), **shell}
        return CliRunner(env=environ).invoke(getattr(commands, name), arguments)

    return run


def of_all(stack, variable):
    found = find_leftovers(run_dir(stack))
    return {left.process.environ().get(variable) for left in found if left.name.startswith(("web-", "worker-"))}


def test_restart_takes_settings_from_the_shell_and_from_set(hotseat, changed_stack):
    """--set wins; what the shell does not set stays; rollback takes it back."""
    done = hotseat("restart", "--set", "LOG_LEVEL=ERROR", LOG_LEVEL="DEBUG", HOT_CACHE_BYTES="3000000")
    assert done.exit_code == 0, done.output
    assert (of_all(changed_stack, "LOG_LEVEL"), of_all(changed_stack, "HOT_CACHE_BYTES")) == ({"ERROR"}, {"3000000"})
    assert hotseat("rollback").exit_code == 0
    assert (of_all(changed_stack, "LOG_LEVEL"), of_all(changed_stack, "HOT_CACHE_BYTES")) == ({None}, {None})


def test_restart_by_name_restarts_these_alone(hotseat, changed_stack):
    """Web processes with a successor, others stopped and started."""
    before = {found.name: found.pid for found in changed_stack.status()}
    assert hotseat("restart", "web-2", "prometheus").exit_code == 0
    after = {found.name: found.pid for found in changed_stack.status()}
    assert {name for name in before if before[name] != after[name]} == {"web-2", "prometheus"}


def test_scale_and_drain_and_start(hotseat, changed_stack):
    """In words and numbers."""
    assert hotseat("scale", "4").exit_code == 0
    assert "web-4" in changed_stack.names()
    assert hotseat("drain", "web-4").exit_code == 0
    assert {found.name: found.state for found in changed_stack.status()}["web-4"] == "drained"
    assert hotseat("start", "web-4").exit_code == 0
    assert hotseat("scale", "3").exit_code == 0
    assert "web-4" not in changed_stack.names()


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (("restart", "--set", "LOG_LEVEL"), "--set LOG_LEVEL is no NAME=VALUE."),
        (("restart", "--set", "=x"), "is no NAME=VALUE."),
        (("restart", "--set", "PORT=1"), "PORT cannot be changed while the stack runs; these can: BOARD_FRESH_SECONDS"),
        (("restart", "--set", "STICKY_MODE=on"), "STICKY_MODE is changed by: hotseat sticky on|off"),
        (("restart", "web-1", "--set", "LOG_LEVEL=INFO"), "leave the names out."),
        (("restart", "web-1", "web-9"), "There is no process 'web-9'"),
        (("scale", "0"), "0 web processes cannot be had; give a number from 1 to 8"),
        (("scale", "many"), "is not a valid integer"),
        (("sticky", "perhaps"), "is not one of 'on', 'off'"),
        (("drain", "redis"), "redis is no web process."),
        (("rollback",), "There is no release before the one that runs."),
        (("status", "--json", "--watch"), "do not go together"),
    ],
)
def test_misuse_is_named_and_nothing_is_touched(hotseat, changed_stack, command, sentence):
    """Exit code 2 and one sentence."""
    before = [found.pid for found in changed_stack.status()]
    result = hotseat(*command)
    assert (result.exit_code, sentence in result.output) == (2, True), result.output
    assert [found.pid for found in changed_stack.status()] == before


@pytest.mark.parametrize("command", [("restart",), ("rollback",), ("scale", "2"), ("sticky", "on"), ("drain", "web-1")])
def test_change_without_a_stack(tmp_path, hotseat, command):
    """Exit code 1 and how to get one; no folder is made."""
    result = hotseat(*command, HOTSEAT_RUN_DIR=str(tmp_path / "run"))
    assert (result.exit_code, "start one with: hotseat up" in result.output) == (1, True), result.output
    assert not (tmp_path / "run").exists()


def test_refused_setting_is_exit_code_two_and_tells_the_last_words(hotseat, changed_stack, fault):
    """A process that refuses its settings ends the roll-out with its own sentence."""
    fault("web-1.crash", "2")
    before = [found.pid for found in changed_stack.status()]
    result = hotseat("restart", "--set", "HOT_CACHE=maybe")
    assert result.exit_code == 2
    assert "web-1 | this goes wrong" in result.output
    assert "Nothing has changed." in result.output
    assert [found.pid for found in changed_stack.status()] == before


@pytest.fixture
def restarting(stub_environ, fault, eventually, tmp_path):
    """`restarting(stack, "web-2")` is `hotseat restart` of a process whose successor does not become ready."""
    started = []

    def start(stack, name):
        fault(f"{name}.unready")
        with (tmp_path / "output").open("wb") as output:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "hotseat", "restart", name],
                    env={**stub_environ, "HOTSEAT_RUN_DIR": str(run_dir(stack))},
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
            )
        eventually(lambda: any(found.state == "trial" for found in stack.status()), 20)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_restart_ends_the_successor(changed_stack, restarting, tmp_path, load, number):
    """Ctrl-C while it waits: the old process serves on, the new one is gone, and the command says so."""
    before = [found.pid for found in changed_stack.status()]
    with load(changed_stack.url) as users:
        command = restarting(changed_stack, "web-2")
        command.send_signal(number)
        assert command.wait(20) == 130
        users.goes_on()
    assert users.failures == []
    assert "Interrupted; what runs serves on." in (tmp_path / "output").read_text()
    assert [found.pid for found in changed_stack.status()] == before


def test_logs_of_a_slot_are_those_of_both_lanes(changed_stack, hotseat):
    """One log for each process, whichever lane it runs in."""
    changed_stack.restart("web-1")
    changed_stack.restart("web-1")
    log = changed_stack.logs("web-1")
    assert [file.name for file in log.parent.glob("web-1*")] == ["web-1.log"]
    assert hotseat("logs", "web-1").exit_code == 0


def test_down_ends_a_change_that_is_going_on(stack, restarting):
    """`down` does not wait for it, and leaves nothing of it."""
    stack.up()
    command = restarting(stack, "web-1")
    stack.down()
    assert command.wait(20) != 0
    assert find_leftovers(run_dir(stack)) == []
    with pytest.raises(StackError, match="No stack is running"):
        stack.names()
