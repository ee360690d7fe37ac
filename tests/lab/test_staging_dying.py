"""What dies during a comparison: it ends soon, says so in a sentence, and keeps what was measured until then."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from click.testing import Result as Answer
from lab_brisk import BRISK, WORKLOAD, Steps, brisk_plan
from lab_small_workload import small_workload
from lab_stub_site import StubSite, stub_site, stub_site_beside

from lab.compare import command
from lab.compare.command import compare
from lab.compare.comparing import Comparison
from lab.compare.counters import Counts
from lab.compare.measuring import Reading, _with_meters, find_capacity
from lab.compare.results import Result, Round
from lab.compare.usage import Usage
from lab.errors import SiteTrouble
from lab.load.driver import Load
from lab.reports import report

SOON_SECONDS = 20.0


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Arguments with which a comparison is over in no time, and a site is given up soon."""
    monkeypatch.setattr(command, "QUICK", {**BRISK, "give_up_seconds": 0.3})
    file = tmp_path / "brisk.toml"
    file.write_text(WORKLOAD)
    return ["--quick", "--workload", str(file), "--out", str(tmp_path / "out")]


def kept(tmp_path: Path) -> Result:
    return msgspec.json.decode((tmp_path / "out" / "result.json").read_bytes(), type=Result)


def in_a_line(answer: Answer) -> str:
    return " ".join(answer.output.split())


@contextmanager
def when(begins: str, then: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Does it when a step of the comparison begins whose name holds these words."""
    begun = Comparison._step

    def step(self: Comparison, rung: object, what: str) -> object:
        if begins in f"{getattr(rung, 'title', '')}: {what}":
            then()
        return begun(self, rung, what)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Comparison, "_step", step)
        yield


def die(site: StubSite) -> Callable[[], None]:
    """From another thread."""

    def dies() -> None:
        loop = site._server.get_loop()  # type: ignore[union-attr]
        asyncio.run_coroutine_threadsafe(site.die(), loop).result(10)

    return dies


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("gone", "has not answered for 0 s (the connection was"),
        ("unavailable", "has answered with nothing but errors for 0 s (the last one: 503)"),
    ],
)
def test_a_site_that_dies_between_two_rounds_ends_the_comparison(
    how: str, words: str, brisk: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gone, or behind a proxy that says so for ever: rounds before it are in a report that says it is not whole."""
    with stub_site_beside() as redis, stub_site_beside() as hot:
        hot.retry_after = "0"

        def unavailable() -> None:
            hot.status_for = lambda asked: 503

        sites = ["--site", f"hot={hot.url}", "--site", f"redis={redis.url}"]
        began = time.monotonic()
        with when("stickiness: round 2", die(hot) if how == "gone" else unavailable, monkeypatch):
            answer = CliRunner().invoke(compare, [*brisk, *sites])
        assert time.monotonic() - began < SOON_SECONDS
        assert redis.people == {}
        assert len(hot.people) == 5
    assert answer.exit_code == 1
    assert f"not finished: hot, behind stickiness: round 2 of 2: {hot.url} {words}" in in_a_line(answer)
    assert f"5 of the people made for it are still at {hot.url}" in in_a_line(answer)
    result = kept(tmp_path)
    assert not result.complete
    assert [(each.rung, each.number) for each in result.rounds] == [("redis", 0), ("hot", 0), ("redis", 1)]
    assert all(each.failed == 0 for each in result.rounds)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "not finished" in page
    assert "nothing but errors" in page or "has not answered" in page


@pytest.mark.asyncio
async def test_errors_for_ever_end_a_load_unless_it_is_told_to_bear_them() -> None:
    """Faults are endured by who makes them; one answer that is none of the 5xx is enough to go on."""

    def serves_visitors(asked: object) -> int:
        return 0 if getattr(asked, "path", "") == "/" else 503

    for patience, forced, is_cut in (
        (0.3, lambda asked: 503, True),
        (None, lambda asked: 503, False),
        (0.3, None, False),
    ):
        async with stub_site() as site:
            workload = small_workload(people={"anonymous_share": 0.5}, mix={"front": 1, "me": 1})
            async with Load(workload, site.url, rate=200, give_up_seconds=patience) as load:
                load.start()
                await asyncio.sleep(0.2)
                site.status_for = forced or serves_visitors
                await asyncio.sleep(0.8)
                await load.stop()
                site.status_for = lambda asked: 0
        assert bool(load.cut_short) is is_cut, load.cut_short


def test_a_round_in_which_most_failed_is_no_measurement(
    brisk: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though some were served: it says how the others failed."""
    monkeypatch.setattr(command, "QUICK", {**BRISK, "give_up_seconds": 60.0})
    with stub_site_beside() as site:

        def ill() -> None:
            site.status_for = lambda asked: 500 * (asked.login is not None and asked.method != "DELETE")

        with when("round 2", ill, monkeypatch):
            answer = CliRunner().invoke(compare, [*brisk, "--site", f"redis={site.url}"])
        site.status_for = lambda asked: 0
    assert answer.exit_code == 1
    assert "requests of a round failed, most of them with status 500." in in_a_line(answer)
    assert len(kept(tmp_path).rounds) == 1


@pytest.mark.asyncio
async def test_what_a_dead_site_bears_is_not_said() -> None:
    """Not even that it is nothing."""
    async with stub_site() as site, Load(small_workload(), site.url, rate=100, give_up_seconds=0.2) as load:
        await site.die()
        with pytest.raises(SiteTrouble, match="has not answered"):
            await find_capacity(load, "redis", 100.0, 2.0)


def test_a_mistake_of_the_generator_loses_nothing(
    brisk: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown, and what was measured is kept."""

    def break_it() -> None:
        monkeypatch.setattr("lab.load.person.Person.take", None)

    with stub_site_beside() as site:
        with when("round 2", break_it, monkeypatch):
            answer = CliRunner().invoke(compare, [*brisk, "--site", f"redis={site.url}"])
        assert site.people == {}
    assert answer.exit_code == 1
    assert "not finished: cached in Redis: round 2 of 2: a mistake in the lab itself (TypeError(" in in_a_line(answer)
    assert "Traceback" in answer.output
    assert len(kept(tmp_path).rounds) == 1


_MEASURING = """
import sys
from lab_brisk import BRISK
from lab.compare import command
command.QUICK = {**BRISK, "rounds": 50}
command.compare(sys.argv[1:])
"""


def _measuring(brisk: list[str], site: StubSite) -> "subprocess.Popen[str]":
    paths = os.pathsep.join([str(Path(__file__).parents[1] / "support"), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-c", _MEASURING, *brisk, "--site", f"redis={site.url}"],
        env={**os.environ, "PYTHONPATH": paths, "COLUMNS": "200"},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_what_was_measured_outlives_who_measured_it(
    brisk: list[str], tmp_path: Path, eventually: Callable[..., None]
) -> None:
    """Killed without a word: the rounds until then are there, and a report is made of them when it is asked for."""
    with stub_site_beside() as site, _measuring(brisk, site) as generator:
        eventually(lambda: (tmp_path / "out" / "result.json").exists() and len(kept(tmp_path).rounds) >= 2, 30)
        generator.kill()
        generator.wait(10)
    answer = CliRunner().invoke(report, [str(tmp_path / "out")])
    assert answer.exit_code == 0
    assert "The comparison was not finished: what ran it was killed." in in_a_line(answer)
    assert (tmp_path / "out" / "report.html").exists()


def test_ctrl_c_keeps_what_was_measured_and_removes_the_people(
    brisk: list[str], tmp_path: Path, eventually: Callable[..., None]
) -> None:
    with stub_site_beside() as site:
        with _measuring(brisk, site) as generator:
            eventually(lambda: (tmp_path / "out" / "result.json").exists() and len(kept(tmp_path).rounds) >= 2, 30)
            generator.send_signal(signal.SIGINT)
            said, _ = generator.communicate(timeout=30)
        assert site.people == {}
    assert generator.returncode == 1
    assert "The comparison was not finished: it was interrupted." in said
    assert len(kept(tmp_path).rounds) >= 2


def test_a_part_that_died_and_came_back_spoils_the_round() -> None:
    """Its meters began at 0 again: a difference of them would be less than what was used."""
    told = Round("hot", 0, 1.0, 10, 0, {}, {}, {}, {}, None, {}, 0.0)

    def reading(**pids: int | None) -> Reading:
        return Reading(dict(pids), Usage({}), Counts({}), 5.0)

    assert _with_meters(told, reading(web=1, redis=2), reading(web=1, redis=2)).held_bytes == 5.0
    for after in ({"web": 1, "redis": 3}, {"web": 1, "redis": None}, {"web": 1}):
        with pytest.raises(SiteTrouble, match="redis died or changed while it was measured"):
            _with_meters(told, reading(web=1, redis=2), reading(**after))
    with pytest.raises(SiteTrouble, match="redis died"):
        _with_meters(told, reading(redis=None), reading(redis=None))


@pytest.mark.asyncio
async def test_each_step_is_kept_when_it_is_done() -> None:
    """One after the other, with what it added."""
    seen: list[int] = []
    async with stub_site() as site:
        steps = Steps()
        comparison = Comparison(
            brisk_plan({"redis": site.url}), Path(), {}, steps, lambda so_far: seen.append(len(so_far.rounds))
        )
        await comparison.make()
    assert seen == [0, 1, 2]
    assert steps.begun[-1] == "removing the people"
