"""The load in a process of its own: told what to do, interrupted without losing anything, and gone with its parent."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from lab_small_workload import small_workload
from lab_stub_site import stub_site_beside

from lab.errors import GeneratorGone, LabError, NoSuchSite
from lab.history import Disturbance, now, read_history
from lab.load.load_process import LoadProcess, Wanted, usable_cores


def test_it_runs_on_its_core_and_writes_the_history(tmp_path: Path) -> None:
    """What is read back is what was counted, with what was done to the site."""
    file, core = tmp_path / "history.jsonl", usable_cores()[-1]
    with stub_site_beside() as site:
        wanted = Wanted(small_workload(), site.url, rate=200, core=core, history=str(file), mode="sticky")
        with LoadProcess(wanted) as load:
            assert os.sched_getaffinity(load.pid) == {core}
            load.start(phase="calm", rung="hot")
            time.sleep(0.5)
            load.mark("broken", "hot")
            load.disturbed(Disturbance(now(), now(), now(), "kill", "kill", "web-1"))
            time.sleep(0.5)
            load.stop()
            run = load.so_far()
        assert load.so_far() == run
        assert load.pid == 0
    history = read_history(file)
    assert (history.mode, history.bound_seconds, len(history.disturbances)) == ("sticky", 2.0, 1)
    assert len(history.requests) == run.kept == sum(each.requests for each in run.marks) == site.requests - 2
    assert run.not_kept == 0
    for phase in ("calm", "broken"):
        [measured] = run.of(phase, "hot")
        assert measured.requests > 20
        assert measured.failed == 0


def test_errors_are_those_of_a_load() -> None:
    """As if it ran here."""
    with pytest.raises(NoSuchSite, match=r"Nothing answers at http://127.0.0.1:1: the connection was refused"):
        LoadProcess(Wanted(small_workload(), "http://127.0.0.1:1")).__enter__()
    with stub_site_beside() as site, pytest.raises(LabError, match="cannot run on core 999; there are 0"):
        LoadProcess(Wanted(small_workload(), site.url, core=999)).__enter__()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_load_still_tells_what_it_measured(number: signal.Signals) -> None:
    """Ctrl-C reaches the whole group; nothing more is sent, nothing is lost."""
    with stub_site_beside() as site:
        with LoadProcess(Wanted(small_workload(), site.url, rate=200)) as load:
            load.start()
            time.sleep(0.4)
            os.kill(load.pid, number)
            time.sleep(0.2)
            asked = site.requests
            time.sleep(0.2)
            load.stop()
            run = load.so_far()
        assert site.requests == asked
    assert run.cut_short == "It was interrupted."
    assert run.of("measured")[0].requests > 20


def test_interrupted_before_anything_was_measured_it_says_so() -> None:
    """While accounts are made."""
    with stub_site_beside() as site:
        site.delay_seconds = 0.3
        load = LoadProcess(Wanted(small_workload(people={"users": 1000}), site.url))
        interrupt = _after(lambda: len(site.people) > 0, lambda: os.kill(load.pid, signal.SIGINT))
        with pytest.raises(LabError, match="interrupted before anything was measured"):
            load.__enter__()
        interrupt()


def test_ctrl_c_while_it_waits_for_an_answer_confuses_nobody() -> None:
    """The answer that comes later is not taken for that to the next order."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    with stub_site_beside() as site, LoadProcess(Wanted(small_workload(), site.url, rate=100)) as load:
        load.start()
        site.delay_seconds = 0.6
        time.sleep(0.2)
        before = signal.signal(signal.SIGALRM, interrupt)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.2)
            with pytest.raises(KeyboardInterrupt):
                load.stop()  # waits for the answers of the site
        finally:
            signal.signal(signal.SIGALRM, before)
        run = load.so_far()
        assert run.of("measured")[0].requests > 0


def test_a_generator_that_died_is_told() -> None:
    """With its exit code."""
    with stub_site_beside() as site, LoadProcess(Wanted(small_workload(), site.url)) as load:
        os.kill(load.pid, signal.SIGKILL)
        with pytest.raises(GeneratorGone, match="ended by itself with exit code -9"):
            load.stop()
        with pytest.raises(GeneratorGone):
            load.__exit__(None, None, None)
        assert load.pid == 0


def test_it_ends_when_its_parent_does() -> None:
    """The end of its input is the sign."""
    with stub_site_beside() as site, LoadProcess(Wanted(small_workload(), site.url)) as load:
        process, pipe = psutil.Process(load.pid), load._pipes()[0]
        load.start()
        pipe.close()
        process.wait(5)
        load._end()
        with pytest.raises(LabError, match="was left"):
            load.so_far()


def _after(happened: Callable[[], bool], then: Callable[[], None]) -> Callable[[], None]:
    """Does it in a thread once that has happened; calling the result waits for it."""

    def wait() -> None:
        deadline = time.monotonic() + 20
        while not happened() and time.monotonic() < deadline:
            time.sleep(0.02)
        then()

    thread = threading.Thread(target=wait)
    thread.start()
    return lambda: thread.join(20)
