"""A system that is watched while its operator breaks it: what they said is excused, and nothing else."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from click.testing import Result as Answer
from lab_stub_site import Asked, StubSite, stub_site_beside

from lab.history import Request, read_history
from lab.reports import report
from lab.watch.command import watch
from lab.watch.results import Trouble, WatchResult, troubles_of
from lab.watch.terminal import sentences


def called(site: StubSite, tmp_path: Path, *arguments: str, seconds: float = 1.5) -> Answer:
    given = [site.url, "--seconds", str(seconds), "--users", "5", "--rate", "60", "--out", str(tmp_path / "out")]
    return CliRunner().invoke(watch, [*given, *arguments])


def seen(tmp_path: Path) -> WatchResult:
    return msgspec.json.decode((tmp_path / "out" / "watch.json").read_bytes(), type=WatchResult)


def in_a_line(answer: Answer) -> str:
    return " ".join(answer.output.split())


def later(seconds: float, then: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(seconds, then)
    timer.start()
    return timer


def failing(asked: Asked) -> int:
    """A GET of somebody who is logged in."""
    return 503 if asked.login is not None and asked.method == "GET" and asked.path.endswith("board") else 0


def test_a_system_that_is_well_keeps_its_promises(tmp_path: Path) -> None:
    """All of its people are gone afterwards, and everything was read once more before."""
    with stub_site_beside() as site:
        answer = called(site, tmp_path, "--mode", "sticky", "--bound-seconds", "3", "--idle-seconds", "60")
        assert site.people == {}
    assert answer.exit_code == 0, answer.output
    result = seen(tmp_path)
    assert (result.complete, result.failed, result.violations, result.troubles) == (True, 0, 0, [])
    assert {each.promise: each.state for each in result.findings}["P7"] == "kept"
    assert result.seconds >= 1.5
    assert result.by_instance == {"web-1": result.requests}
    history = read_history(tmp_path / "out" / "watch.history")
    told = (history.mode, history.bound_seconds, history.idle_seconds, history.absolute_seconds)
    assert told == ("sticky", 3.0, 60.0, 28_800.0)
    [whole] = history.disturbances
    assert (whole.change, whole.part) == ("planned", "the site")
    assert "No violations found" in answer.output
    again = CliRunner().invoke(report, [str(tmp_path / "out")])
    assert answer.output.split("afterwards.")[1].split("Figures")[0].strip() in again.output


@pytest.mark.parametrize(
    ("doing", "is_excused"), [("planned", False), ("kill", False), ("outage", True), ("other", True)]
)
def test_a_failed_request_is_excused_by_what_was_said_and_nothing_else(
    doing: str, is_excused: bool, tmp_path: Path
) -> None:
    with stub_site_beside() as site:
        timers = [later(0.8, lambda: setattr(site, "status_for", failing))]
        timers.append(later(1.2, lambda: setattr(site, "status_for", lambda asked: 0)))
        answer = called(site, tmp_path, "--doing", doing, seconds=2)
        for timer in timers:
            timer.join()
    result = seen(tmp_path)
    assert result.failed > 0
    assert sum(each.failed for each in result.troubles) == result.failed
    assert (result.violations == 0) is is_excused
    assert answer.exit_code == (0 if is_excused else 1)
    assert ("P7 (unbroken service)" in answer.output or "fails no" in answer.output) is not is_excused


def test_a_write_may_fail_when_something_is_killed(tmp_path: Path) -> None:
    """Though no GET may; during planned change it may not either."""
    for doing, excused in (("kill", True), ("planned", False)):
        with stub_site_beside() as site:
            site.status_for = lambda asked: 502 if asked.method == "PATCH" else 0
            called(site, tmp_path, "--doing", doing, seconds=2.5)
        result = seen(tmp_path)
        assert result.failed > 0
        assert (result.violations == 0) is excused


def test_a_broken_promise_is_found_and_told_as_a_story(tmp_path: Path) -> None:
    """A name that is acknowledged and not kept; no word of the operator's excuses that."""
    with stub_site_beside() as site:

        def forgets(asked: Asked) -> int:
            if asked.method == "PUT" and asked.path == "/api/v1/me" and asked.login is not None:
                asked.login.person.name = "Name 0"
            return 0

        site.status_after = forgets
        answer = called(site, tmp_path, "--doing", "other", seconds=3)
    assert answer.exit_code == 1
    assert seen(tmp_path).violations > 0
    assert "name" in answer.output
    assert "violation" in answer.output


def test_a_system_that_disappears_is_watched_to_the_end(tmp_path: Path) -> None:
    """It might have come back; since when nothing was served is told, and who is left there."""
    with stub_site_beside() as site:
        loop = site._server.get_loop()  # type: ignore[union-attr]
        timer = later(1.5, lambda: asyncio.run_coroutine_threadsafe(site.die(), loop).result(10))
        answer = called(site, tmp_path, seconds=5.5)
        timer.join()
    result = seen(tmp_path)
    assert answer.exit_code == 1
    assert result.complete
    assert result.served_last is not None
    assert f"Since {result.served_last:.1f} s nothing was served any more." in answer.output
    assert "5 of the people made for it are still at" in in_a_line(answer)
    [trouble] = result.troubles
    assert trouble.at >= result.served_last - 0.1
    assert trouble.at + trouble.seconds > 4.5


@pytest.mark.parametrize(
    ("url", "words"),
    [
        (
            "http://127.0.0.1:1",
            "Nothing was watched. Nothing answers at http://127.0.0.1:1: the connection was refused.",
        ),
        ("staging.example", "Nothing answers at staging.example: this is no address of a site; it has to begin with"),
    ],
)
def test_nothing_is_left_where_nobody_is(url: str, words: str, tmp_path: Path) -> None:
    """A sentence, exit code 1, and no folder."""
    answer = CliRunner().invoke(watch, [url, "--out", str(tmp_path / "out")])
    assert answer.exit_code == 1
    assert words in in_a_line(answer)
    assert not (tmp_path / "out").exists()


def test_ctrl_c_judges_what_was_seen(tmp_path: Path, eventually: Callable[..., None]) -> None:
    """And removes the people."""
    with stub_site_beside() as site:
        command = [sys.executable, "-m", "hotseat", "watch", site.url, "--users", "5", "--rate", "60"]
        with subprocess.Popen(
            [*command, "--seconds", "600", "--out", str(tmp_path / "out")],
            env={**os.environ, "COLUMNS": "200"},
            stdout=subprocess.PIPE,
            text=True,
        ) as watching:
            eventually(lambda: site.requests > 150, 30)
            watching.send_signal(signal.SIGINT)
            said, _ = watching.communicate(timeout=30)
        assert site.people == {}
    assert watching.returncode == 1
    assert "No violations found; not finished: It was interrupted." in said
    result = seen(tmp_path)
    assert not result.complete
    assert result.requests > 50


def failed(at: float, *, kind: str = "read", seconds: float = 0.5) -> Request:
    return Request(at, at + seconds, "a", "a/0", "s", kind, "GET", "me", "unknown", 0)  # type: ignore[arg-type]


def test_troubles_are_stretches_of_failed_requests() -> None:
    """After two seconds in which none failed, and one was served, the next is of another."""
    served = msgspec.structs.replace(failed(17), status=200)
    one = [failed(12), failed(10, seconds=4), failed(16, kind="write")]
    assert troubles_of([served, *one], 5.0) == [Trouble(5.0, 6.5, 3, 2)]
    assert troubles_of([*one, failed(18.75), served], 5.0) == [Trouble(5.0, 6.5, 3, 2), Trouble(13.75, 0.5, 1, 1)]
    assert troubles_of([*one, failed(18.75)], 5.0) == [Trouble(5.0, 9.25, 4, 3)]
    early = msgspec.structs.replace(failed(12.5), status=200)
    assert troubles_of([*one, failed(18.75), early], 5.0) == [Trouble(5.0, 9.25, 4, 3)]
    assert troubles_of([served], 0.0) == []


def test_what_is_not_shown_is_not_said() -> None:
    """Without evidence nobody knows who answered."""
    result = WatchResult("", "", "", "planned", "", 1, seconds=10, requests=5, served_last=9.0, complete=True)
    assert sentences(result)[1] == "Its answers do not say which instance gave them (EVIDENCE=off there)."
    assert "Nothing was served at all." in sentences(WatchResult("", "", "", "kill", "", 1, requests=5, failed=5))
