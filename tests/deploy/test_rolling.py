"""Releases: rolled out, rolled back, stopped half-way; and the mode toggled while everything runs."""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from fleet import run_dir, running

from deploy.local import AppCommands, Misuse, Stack, StackError, StartFailed, replacing, starting
from deploy.local.leftovers import find_leftovers

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The stand-in as a module that can be imported, and edited."""
    folder = tmp_path_factory.mktemp("checkout")
    shutil.copy(Path(__file__).with_name("stub_app.py"), folder / "tiny_app.py")
    sys.path.insert(0, str(folder))
    yield folder / "tiny_app.py"
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def app(checkout):
    tiny = (sys.executable, "-m", "tiny_app")
    return AppCommands((*tiny, "web"), (*tiny, "worker"), (*tiny, "release"), code=("tiny_app",))


@pytest.fixture(scope="module")
def rolled_stack(tmp_path_factory, stub_environ, app):
    """One running stack of stand-ins for all tests of this module, run from copies of their code."""
    environ = {**stub_environ, "STICKY_MODE": "on", "LOG_LEVEL": "INFO", "HOTSEAT_WEB_FSIZE": "0"}
    with running(Stack(tmp_path_factory.mktemp("rolled"), environ, app=app)) as stack:
        yield stack


@pytest.fixture
def edit(checkout):
    """`edit("stub 1", "stub 2")` changes the checkout for the rest of the test."""
    former = checkout.read_text()

    def change(old, new):
        assert old in checkout.read_text()
        checkout.write_text(checkout.read_text().replace(old, new))

    yield change
    checkout.write_text(former)


def web(stack):
    return [name for name in stack.names() if name.startswith("web-")]


def running_environs(stack):
    """What the living processes of the application were started with."""
    found = find_leftovers(run_dir(stack))
    return [left.process.environ() for left in found if left.name.startswith(("web-", "worker-"))]


def of_all(stack, variable):
    return {environ.get(variable) for environ in running_environs(stack)}


def releases(stack):
    return json.loads((run_dir(stack) / "stack.json").read_text())["releases"]


def test_edited_code_runs_after_a_roll_and_not_before(rolled_stack, load, edit):
    """The processes run a copy: an edit changes nothing until it is rolled out, and a rollback outlives the edit."""
    former, former_of_all = releases(rolled_stack), of_all(rolled_stack, "RELEASE")
    edit(
        '"instance": os.environ["INSTANCE_ID"], "pid"', '"code": "edited", "instance": os.environ["INSTANCE_ID"], "pid"'
    )
    rolled_stack.kill("web-3")
    rolled_stack.wait_ready("web-3")
    with load(rolled_stack.url) as users:
        assert not any("code" in seen for seen in users.seen)
        rolled_stack.roll()
        users.goes_on()
        assert all(seen["code"] == "edited" for seen in users.seen[-6:])
        assert releases(rolled_stack) == [*former, *of_all(rolled_stack, "RELEASE")]
        rolled_stack.rollback()
        users.goes_on()
        assert not any("code" in seen for seen in users.seen[-6:])
    assert users.failures == []
    assert (releases(rolled_stack), of_all(rolled_stack, "RELEASE")) == (former, former_of_all)


def test_compiled_code_comes_with_the_release(rolled_stack):
    """A process that may not write files need not compile its modules at each start."""
    folder = run_dir(rolled_stack) / "releases" / releases(rolled_stack)[-1] / "code"
    assert list((folder / "__pycache__").glob("tiny_app.*.pyc"))


def test_settings_are_rolled_out_and_back(rolled_stack, load):
    """Over those that were; "" is the default again; the worker gets them too."""
    before = releases(rolled_stack)
    with load(rolled_stack.url) as users:
        rolled_stack.roll({"LOG_LEVEL": "DEBUG", "HOT_CACHE_BYTES": "2000000"})
        assert (of_all(rolled_stack, "LOG_LEVEL"), of_all(rolled_stack, "HOT_CACHE_BYTES")) == ({"DEBUG"}, {"2000000"})
        rolled_stack.roll({"LOG_LEVEL": ""})
        assert (of_all(rolled_stack, "LOG_LEVEL"), of_all(rolled_stack, "HOT_CACHE_BYTES")) == ({None}, {"2000000"})
        rolled_stack.rollback()
        assert (of_all(rolled_stack, "LOG_LEVEL"), of_all(rolled_stack, "HOT_CACHE_BYTES")) == ({"DEBUG"}, {"2000000"})
        rolled_stack.rollback()
        users.goes_on()
    assert users.failures == []
    assert (of_all(rolled_stack, "LOG_LEVEL"), of_all(rolled_stack, "HOT_CACHE_BYTES")) == ({"INFO"}, {None})
    assert releases(rolled_stack) == before


def test_drain_seconds_of_a_release_are_the_time_its_processes_get(rolled_stack):
    """To end, before they are killed."""
    rolled_stack.roll({"DRAIN_SECONDS": "7"})
    plan = json.loads((run_dir(rolled_stack) / "stack.json").read_text())
    assert {one["stop_seconds"] for one in plan["processes"] if one["kind"] in ("web", "worker")} == {12}
    rolled_stack.rollback()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"REDIS_URL": "redis://x"}, "REDIS_URL cannot be changed while the stack runs"),
        ({"WEB_INSTANCES": "4", "PORT": "1"}, "PORT, WEB_INSTANCES cannot be changed"),
        ({"STICKY_MODE": "off"}, r"hotseat sticky on\|off"),
        ({"DRAIN_SECONDS": "long"}, "DRAIN_SECONDS='long' must be a number of seconds"),
    ],
)
def test_setting_that_cannot_be_rolled_out_is_named(rolled_stack, settings, sentence):
    """Nothing is touched."""
    pids = [found.pid for found in rolled_stack.status()]
    with pytest.raises(Misuse, match=sentence):
        rolled_stack.roll(settings)
    assert [found.pid for found in rolled_stack.status()] == pids


def test_roll_out_stops_at_the_first_process_that_does_not_start(rolled_stack, load, fault):
    """Nothing has changed then, and it is said so."""
    pids, before = [found.pid for found in rolled_stack.status()], releases(rolled_stack)
    fault("web-1.crash", "2")
    with load(rolled_stack.url) as users:
        with pytest.raises(StartFailed, match=r"web-1 ended .* \(exit code 2\)\. Nothing has changed\.") as failed:
            rolled_stack.roll({"LOG_LEVEL": "DEBUG"})
        users.goes_on()
    assert (failed.value.exit_code, failed.value.last_lines[-1]) == (2, "this goes wrong")
    assert users.failures == []
    assert ([found.pid for found in rolled_stack.status()], releases(rolled_stack)) == (pids, before)


@pytest.mark.parametrize("name", ["web-3", "worker-1"])
def test_roll_out_that_fails_later_is_taken_back(rolled_stack, load, edit, name):
    """New code that one process cannot run: those that ran it already run the former one again."""
    before = of_all(rolled_stack, "RELEASE")
    edit(
        "    faults = Path(",
        f'    if os.environ["INSTANCE_ID"] == "{name}":\n        raise SystemExit(3)\n    faults = Path(',
    )
    with load(rolled_stack.url) as users:
        with pytest.raises(StartFailed, match=rf"{name} ended .*Taken back to the release before: web-1, web-2"):
            rolled_stack.roll()
        users.goes_on()
    assert users.failures == []
    assert of_all(rolled_stack, "RELEASE") == before
    assert len(running_environs(rolled_stack)) == 4
    assert all(rolled_stack.ready(process) for process in (*web(rolled_stack), "worker-1"))


def test_release_step_that_fails_changes_nothing(rolled_stack, fault):
    """It comes before the first process."""
    pids = [found.pid for found in rolled_stack.status()]
    fault("release.crash", "1")
    with pytest.raises(StartFailed, match="release failed"):
        rolled_stack.roll()
    assert [found.pid for found in rolled_stack.status()] == pids


def test_interrupted_roll_out_can_be_taken_back_or_finished(rolled_stack, monkeypatch):
    """Ctrl-C after the first process: a mixed fleet, seen as such; rollback leads to the release it came from."""
    former = of_all(rolled_stack, "RELEASE")
    retire = replacing.RunningStack.end_aside

    def interrupt(stack, process, signal_name):
        retire(stack, process, signal_name)
        raise KeyboardInterrupt

    for finish in (Stack.rollback, Stack.roll):
        with monkeypatch.context() as patched:
            patched.setattr(replacing.RunningStack, "end_aside", interrupt)
            with pytest.raises(KeyboardInterrupt):
                rolled_stack.roll({"LOG_LEVEL": "ERROR"})
        assert len(of_all(rolled_stack, "RELEASE")) == 2
        finish(rolled_stack)
        assert len(of_all(rolled_stack, "RELEASE")) == 1
        assert of_all(rolled_stack, "RELEASE") == former


def test_history_ends_at_the_first_release(rolled_stack):
    """There is nothing before it, and that is said before anything is touched."""
    assert len(releases(rolled_stack)) == 1
    pids = [found.pid for found in rolled_stack.status()]
    with pytest.raises(Misuse, match="There is no release before the one that runs"):
        rolled_stack.rollback()
    assert [found.pid for found in rolled_stack.status()] == pids


def modes(stack):
    return {found.mode for found in stack.status() if found.mode != "embedded"} - {"external"}


def test_mode_is_toggled_and_rolled_back_without_a_failed_request(rolled_stack, load):
    """Web processes and HAProxy, there and back again; a cookie is given in sticky mode only."""
    with load(rolled_stack.url) as users:
        rolled_stack.sticky(on=False)
        assert (modes(rolled_stack), of_all(rolled_stack, "STICKY_MODE")) == ({"stateless"}, {"off"})
        assert rolled_stack.environ_of("haproxy")["STICKY_MODE"] == "off"
        pids = [found.pid for found in rolled_stack.status()]
        rolled_stack.sticky(on=False)
        assert [found.pid for found in rolled_stack.status()] == pids
        rolled_stack.rollback()
        assert (modes(rolled_stack), of_all(rolled_stack, "STICKY_MODE")) == ({"sticky"}, {"on"})
        rolled_stack.sticky(on=False)
        rolled_stack.sticky(on=True)
        users.goes_on()
    assert users.failures == []
    assert modes(rolled_stack) == {"sticky"}
    assert [left.name for left in find_leftovers(run_dir(rolled_stack))].count("haproxy") == 1


def test_replaced_proxy_is_an_ordinary_one_afterwards(rolled_stack, load, eventually):
    """Killed, it comes back by its plain command, with the slots where they are."""
    with load(rolled_stack.url) as users:
        rolled_stack.replace_proxy()
        rolled_stack.restart("haproxy")
        users.goes_on()
    assert users.failures == []
    rolled_stack.restart("web-2")
    rolled_stack.kill("haproxy")
    eventually(lambda: rolled_stack.ready("haproxy"), 10)
    with load(rolled_stack.url) as users:
        users.goes_on()
    assert {seen["instance"] for seen in users.seen} == set(web(rolled_stack))
    assert users.failures == []


def test_proxy_whose_successor_dies_goes_on(rolled_stack, load):
    """A configuration that HAProxy refuses: its words are told, and the one that runs has lost nothing."""
    pid = rolled_stack.pid("haproxy")
    with load(rolled_stack.url) as users:
        with rolled_stack._changing() as stack:
            proxy = stack.process("haproxy")
            refused = replace(proxy, command=[*proxy.command, "-f", "/no/such/file"])
            with pytest.raises(StartFailed, match="haproxy ended") as failed:
                replacing.replace_proxy(stack, refused)
        rolled_stack.restart("web-1")
        users.goes_on()
    assert users.failures == []
    assert "/no/such/file" in " ".join(failed.value.last_lines)
    assert rolled_stack.pid("haproxy") == pid
    assert (run_dir(rolled_stack) / "haproxy.state").read_text() == "1\n"


def test_proxy_that_cannot_be_replaced_takes_the_mode_back(rolled_stack, load, monkeypatch):
    """HAProxy is the last step; when it fails the web processes return to the mode it has."""
    start = replacing.start_processes

    def start_badly(supervisor, processes, *more):
        if processes[0].name == "haproxy":
            raise StartFailed("haproxy did not start.", process="haproxy", last_lines=[])
        start(supervisor, processes, *more)

    monkeypatch.setattr(replacing, "start_processes", start_badly)
    with load(rolled_stack.url) as users:
        with pytest.raises(StackError, match=r"haproxy did not start\. Taken back .*: web-1, web-2, web-3"):
            rolled_stack.sticky(on=False)
        users.goes_on()
    assert users.failures == []
    assert modes(rolled_stack) == {"sticky"}


def test_process_that_was_stopped_stays_so_and_gets_the_release(rolled_stack, monkeypatch):
    """It runs the current release when it is started."""
    monkeypatch.setattr(starting, "READY_SECONDS", 10.0)
    rolled_stack.stop("web-3")
    rolled_stack.roll({"LOG_LEVEL": "WARNING"})
    assert len(running_environs(rolled_stack)) == 3
    rolled_stack.start("web-3")
    assert of_all(rolled_stack, "LOG_LEVEL") == {"WARNING"}
    rolled_stack.rollback()
