"""Real stacks as systems that are there already, and stacks of the lab's own that somebody else kills."""

import asyncio
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from figures import Figures
from lab_brisk import BRISK, WORKLOAD, Steps, brisk_plan

from deploy.local import Stack
from deploy.local.leftovers import find_leftovers
from lab.compare import command
from lab.compare.command import compare
from lab.compare.comparing import Comparison
from lab.compare.measuring import Times
from lab.compare.results import Result
from lab.compare.rungs import REDIS
from lab.errors import SiteTrouble
from lab.watch.command import watch
from lab.watch.results import WatchResult

SOON_SECONDS = 90.0


@pytest.mark.stack
def test_two_deployments_are_compared_from_outside(
    stack_off: Stack, stack_on: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: Figures
) -> None:
    """As sticky and stateless as they are, by what their answers show; nobody is left there."""
    monkeypatch.setattr(command, "QUICK", {**BRISK, "rounds": 1, "times": Times(1.0, 0.5, 2.0, 0.5)})
    file = tmp_path / "brisk.toml"
    file.write_text(WORKLOAD.replace("= 100", "= 40").replace("= 0.02", "= 0.2"))
    sites = ["--site", f"redis={stack_off.url}", "--site", f"hot={stack_on.url}"]
    answer = CliRunner().invoke(compare, ["--quick", "--workload", str(file), "--out", str(tmp_path / "out"), *sites])
    assert answer.exit_code == 0, answer.output
    result = msgspec.json.decode((tmp_path / "out" / "result.json").read_bytes(), type=Result)
    assert (result.complete, result.left_behind, sum(each.failed for each in result.rounds)) == (True, [], 0)
    [redis], [hot] = result.of("redis"), result.of("hot")
    assert redis.hot_rate == 0
    assert hot.hot_rate is not None
    assert hot.hot_rate > 0.3
    assert redis.moved_share is not None
    assert hot.moved_share is not None
    assert hot.moved_share < 0.15 < redis.moved_share
    assert len(redis.by_instance) == 3
    assert "It is not the rung it was said to be" not in " ".join(answer.output.split())
    figures(f"hot {hot.hot_rate:.0%} behind stickiness; moved {hot.moved_share:.0%} and {redis.moved_share:.0%}")


@pytest.mark.stack
def test_a_real_system_is_watched(stack_on: Stack, tmp_path: Path, figures: Figures) -> None:
    """While nothing is done to it all promises are kept, and nobody is left there."""
    arguments = [stack_on.url, "--seconds", "4", "--users", "5", "--mode", "sticky", "--out", str(tmp_path)]
    answer = CliRunner().invoke(watch, arguments)
    assert answer.exit_code == 0, answer.output
    result = msgspec.json.decode((tmp_path / "watch.json").read_bytes(), type=WatchResult)
    assert (result.failed, result.violations, result.left_behind) == (0, 0, [])
    states = {each.promise: each.state for each in result.findings}
    assert states["P1"] == states["P2"] == states["P6"] == states["P7"] == "kept"
    figures(f"{result.requests} requests in {result.seconds:.1f} s, {result.by_instance}")


def _kill(run_dir: Path, *names: str) -> None:
    """With its supervisor first, if no part is named."""
    found = find_leftovers(run_dir)
    for each in sorted(found, key=lambda left: left.name != "supervisord"):
        if not names or each.name in names:
            os.kill(each.process.pid, signal.SIGKILL)


@pytest.mark.stack
@pytest.mark.chaos
@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("parts", "give_up_seconds", "words"),
    [
        ((), 8.0, "has not answered for|has answered with nothing but errors for"),
        (("web-1", "web-2", "web-3"), 30.0, "web-1, web-2, web-3 died or changed|A web process died"),
        (("redis",), 30.0, "redis died or changed|A web process died"),
        (("haproxy",), 30.0, "haproxy died or changed"),
    ],
)
def test_a_stack_that_is_killed_while_it_is_measured(
    *,
    parts: tuple[str, ...],
    give_up_seconds: float,
    words: str,
    tmp_path: Path,
    clean_environ: dict[str, str],
    figures: Figures,
) -> None:
    """All of it or a part, in its second round: it ends soon, with a sentence, and the first round is there."""
    struck: list[float] = []

    def strike() -> None:
        struck.append(time.monotonic())
        _kill(tmp_path / "redis" / "stack", *parts)

    def when(what: str) -> None:
        if "round 2" in what:
            threading.Timer(3.0, strike).start()

    plan = brisk_plan({}, rounds=3, times=Times(1.0, 1.0, 15.0, 1.0), give_up_seconds=give_up_seconds)
    plan = replace(plan, rungs=(REDIS,))
    comparison = Comparison(plan, tmp_path, {**clean_environ, "LOGINS_PER_ADDRESS": "100000"}, Steps(when))
    with pytest.raises(SiteTrouble, match=words) as raised:
        asyncio.run(comparison.make())
    assert struck, f"it ended before anything was killed: {raised.value}"
    took = time.monotonic() - struck[0]
    assert took < SOON_SECONDS
    assert [each.number for each in comparison.result.rounds] == [0]
    assert comparison.doing == "cached in Redis: round 2 of 3"
    assert not find_leftovers(tmp_path / "redis" / "stack")
    figures(f"{', '.join(parts) or 'all'} killed: over {took:.0f} s later: {raised.value}")


@pytest.mark.stack
@pytest.mark.chaos
@pytest.mark.timeout(300)
def test_a_real_round_trip_is_in_the_result(tmp_path: Path, clean_environ: dict[str, str], figures: Figures) -> None:
    """Half a millisecond is added, and measured."""
    plan = brisk_plan({}, rounds=1, rtt_ms=0.5)
    plan = replace(plan, rungs=(REDIS,))
    comparison = Comparison(plan, tmp_path, {**clean_environ, "LOGINS_PER_ADDRESS": "100000"}, Steps())
    asyncio.run(comparison.make())
    found = comparison.result.round_trips["redis"]
    assert found.added_ms is not None
    assert found.plain_ms < found.added_ms
    assert found.added_ms >= 0.5
    figures(f"{found.plain_ms:.3f} ms as it is, {found.added_ms:.3f} ms with 0.5 ms added")
