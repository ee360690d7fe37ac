"""The page of a run of faults: whole, by itself, and every figure in words that need no code."""

import re
from html import unescape
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from fetched import fetched_by
from lab_chaos_results import made_up_chaos

from lab.chaos.results import PROMISES, ChaosResult
from lab.faults import ALL
from lab.history import Change
from lab.report.chaos_page import chaos_charts, render_chaos, write_chaos
from lab.report.chaos_words import CHANGES, KINDS, PROMISED, answer, cautions, excuses, headline


def _told(page: str) -> str:
    """What is read of it: no tags, single blanks."""
    without = re.sub(r"<(style|svg).*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", without)).split())


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    """No script, nothing fetched; the figures beside it are the same that are in it, and each chart is a picture."""
    result = made_up_chaos(broken="P3")
    page = write_chaos(result, tmp_path / "new" / "folder").read_text()
    assert fetched_by(page) == []
    assert "<script" not in page
    assert msgspec.json.decode((tmp_path / "new/folder/chaos.json").read_bytes(), type=ChaosResult) == result
    pictures = {file.stem for file in (tmp_path / "new/folder").glob("*.png")}
    assert pictures == {"waits-stateless", "waits-sticky", "hot-sticky"}


def test_every_promise_is_told_for_each_mode() -> None:
    """Kept, broken or not exercised, by how many requests, and how often something was excused."""
    told = _told(render_chaos(made_up_chaos(broken="P3", idle="P4"), []))
    for promise in PROMISES:
        assert PROMISED[promise] in told
    assert told.count("✗ broken 3x") == 2
    assert told.count("✓ kept") == 2 * (len(PROMISES) - 2)
    assert told.count("not exercised 0 requests could have shown it broken") == 2
    assert told.count("1,234 requests could have shown it broken; 6 excused") == 2


def test_each_fault_is_told_with_what_it_did() -> None:
    """Failures, recovery, the longest gap; and why what was excused may be."""
    told = _told(render_chaos(made_up_chaos(broken="P3"), []))
    assert "1 kill stateless P3 broken instance dies 200 0 2 0 1.5 -0.2 0.7 80 60 %" in told
    assert "2 redis-pause sticky kept service away" in told
    assert "redis-pause : P2 once, P7 4 times in stateless mode;" in told
    assert "It may lose: Answers that were under way." in told


def test_proofs_are_told_and_escaped() -> None:
    """A story holds names that somebody chose."""
    page = render_chaos(made_up_chaos(broken="P3"), [])
    assert "&lt;ann&gt; wrote" in page
    assert "<ann>" not in page


@pytest.mark.parametrize(
    ("result", "stamp", "sentence"),
    [
        (made_up_chaos(), "Promises kept", "2 faults in both modes: every promise was kept."),
        (made_up_chaos(broken="P3"), "Promises broken", "2 faults in both modes: P3 was broken, 6 times in all."),
        (
            made_up_chaos(idle="P4", modes=("sticky",)),
            "Not all of it was seen",
            "2 faults in sticky mode: every promise but P4 was kept, and P4 had no occasion.",
        ),
        (ChaosResult("", "", "", 1), "Not all of it was seen", "Nothing was seen, so nothing can be said."),
    ],
)
def test_the_one_sentence_says_it(result: ChaosResult, stamp: str, sentence: str) -> None:
    """Broken before not seen before kept."""
    assert (answer(result), headline(result)) == (stamp, sentence)


def test_a_part_of_a_run_is_a_report() -> None:
    """As much as was done before it was stopped."""
    result = made_up_chaos(modes=("sticky",))
    result.complete, result.stopped, result.rung = False, "it was interrupted", "naive"
    result.scenarios = [
        msgspec.structs.replace(each, error="After 60 s ...", settled_seconds=None) for each in result.scenarios
    ]
    assert answer(result) == "Not all of it was seen"
    told = _told(render_chaos(result, []))
    assert "It was not finished: it was interrupted." in told
    assert "on the rung naive" in told
    assert "did not settle" in told
    nothing = ChaosResult("", "", "", 1)
    assert chaos_charts(nothing) == []
    assert "Nothing was seen" in _told(render_chaos(nothing, []))


def test_a_machine_that_was_too_small_is_told() -> None:
    """Requests failed while nothing was done, or the load itself was late."""
    result = made_up_chaos()
    assert cautions(result) == []
    result.failed_in_calm["sticky"] = 3
    result.late_ms["stateless"] = 250.0
    assert not result.had_room("sticky")
    assert not result.had_room("stateless")
    told = "\n".join(cautions(result))
    slow = made_up_chaos(modes=("sticky",))
    slow.calm_ms["sticky"] = 80.0
    assert not slow.had_room("sticky")
    assert "half of the answers took more than 80 ms" in cautions(slow)[0]
    assert "In sticky mode, while nothing was done to the site, 3 requests failed" in told
    assert "late by up to 250 ms" in told


def test_the_same_figures_are_drawn_the_same() -> None:
    """With every fault marked by its number."""
    first, second = (chaos_charts(made_up_chaos(modes=("sticky",))) for _ in range(2))
    assert [each.svg for each in first] == [each.svg for each in second]
    assert [each.png for each in first] == [each.png for each in second]


def test_only_what_was_excused_is_told_as_excused() -> None:
    """By fault, with how often in which mode."""
    found = excuses(made_up_chaos())
    assert [each.fault for each in found] == ["kill", "redis-pause"]
    assert found[1].counts == "P2 once, P7 4 times in stateless mode; P2 once, P7 4 times in sticky mode"
    assert found[1].why == (
        "Something was away: requests may be refused. Copies that say they are old may stand in for redis."
    )


def test_every_kind_of_fault_has_words() -> None:
    """Whatever is added to what a fault may be."""
    assert set(CHANGES) == set(KINDS) == set(get_args(Change)) >= {fault.change for fault in ALL.values()}
