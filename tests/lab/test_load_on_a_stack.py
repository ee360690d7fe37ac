"""A preset against the real application, in both modes: nothing fails, tiers are seen, the history can be read back,
and browsers stay where they are pinned."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from figures import Figures

from deploy.local import Stack
from lab.history import Request, read_history
from lab.load.load_process import LoadProcess, Wanted
from lab.workload import load_workload

SECONDS = 3.0
USERS = 6
RATE = 30.0
ALL_ACTIONS = {"front", "sessions", "follow"}


@pytest.mark.stack
@pytest.mark.parametrize("mode", ["off", "on"])
def test_a_preset_runs_without_a_failure(
    mode: str, request: pytest.FixtureRequest, tmp_path: Path, figures: Figures
) -> None:
    """Every kind of request, photos, second devices, log-outs and revocations among them."""
    stack: Stack = request.getfixturevalue(f"stack_{mode}")
    social = load_workload("social")
    workload = replace(
        social,
        users=USERS,
        think_seconds=0.3,
        follows=2,
        photo_share=0.3,
        second_device_share=0.4,
        logout_share=0.1,
        revoke_share=0.1,
        late_share=1,
        mix={**social.mix, **dict.fromkeys(ALL_ACTIONS, 4)},
    )
    file = tmp_path / "history.jsonl"
    with LoadProcess(Wanted(workload, stack.url, rate=RATE, history=str(file), mode=mode)) as load:
        load.start(rung=mode)
        time.sleep(SECONDS)
        load.stop()
        run = load.so_far()
    history = read_history(file)
    failed = [each.note for each in history.requests if each.failed or "not what the API" in each.note]
    assert failed == []
    [measured] = run.of("measured", mode)
    assert measured.planned == measured.taken + measured.skipped > 50
    refused = [each for each in history.requests if each.outcome == "refused"]
    ended = {each.session for each in history.requests if each.kind == "logout"}
    ended |= {session for each in history.requests for session in each.ends}
    assert [each.note for each in refused if each.session not in ended] == []
    assert len(history.requests) == run.kept == sum(each.requests for each in run.marks)
    own = [each for each in history.requests if each.route == "me" and each.outcome == "done"]
    assert own
    assert all(each.owner == each.user and each.version is not None for each in own)
    tiers = Counter(tier for each in history.requests for tier in each.tiers.items())
    assert {what for what, _ in tiers} == {"session", "board"}
    hot = measured.tiers.get("session:hot", 0)
    assert (hot > 0) == (mode == "on"), measured.tiers
    assert len(measured.instances) == 3
    stayed = _stayed([each for each in history.requests if each.user])
    assert stayed > 0.85 if mode == "on" else stayed < 0.6
    rate = f"{measured.requests} requests, {measured.requests_per_second:.0f}/s"
    figures(f"{rate}, {stayed:.0%} answered by the instance of the one before, tiers {measured.tiers}")


def _stayed(requests: Sequence[Request]) -> float:
    """The share of requests that were answered by the instance that answered this browser's one before."""
    met: dict[str, list[str]] = {}
    for each in sorted(requests, key=lambda each: each.started):
        met.setdefault(each.browser, []).append(each.instance)
    kept = [one == other for those in met.values() for one, other in pairwise(those)]
    return sum(kept) / len(kept)
