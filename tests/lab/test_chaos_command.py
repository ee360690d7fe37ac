"""The command line of faults: what is asked wrongly is refused in a sentence, before anything is started."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from lab.chaos.command import SHORT, _wanted, chaos
from lab.chaos.footing import RUNGS, mode_of
from lab.chaos.running import _head
from lab.compare.rungs import LADDER
from lab.faults import ALL
from webapp.settings import RUNGS as SERVED

PLAIN = {
    "everything": False,
    "rung": None,
    "mode": None,
    "workload": "restless",
    "seconds": 1.0,
    "calm": 2.0,
    "seed": 4,
}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["kill", "--all"], "Name scenarios or say --all, not both."),
        (["--rung", "naive", "--mode", "sticky"], "A rung has its mode: say --rung or --mode, not both."),
        (["explode"], "There is no fault 'explode'; there are:"),
        (["kill+stop"], "are both about web-2"),
        (["--rung", "warm"], "'warm' is not one of"),
        (["--workload", "none"], "There is no preset of this name"),
        (["--calm", "0"], "0 is not in the range"),
    ],
)
def test_what_cannot_be_done_is_refused(arguments: list[str], words: str, tmp_path: Path) -> None:
    """Nothing is written for it."""
    answer = CliRunner().invoke(chaos, [*arguments, "--out", str(tmp_path / "out")])
    assert answer.exit_code != 0
    assert words in " ".join(answer.output.split())
    assert not (tmp_path / "out").exists()


def test_every_fault_is_listed() -> None:
    """With what it does."""
    told = " ".join(CliRunner().invoke(chaos, ["--list"]).output.split())
    assert all(f"{fault.name} {fault.does}" in told for fault in ALL.values())


def test_without_a_word_both_modes_are_broken_in_a_few_ways() -> None:
    """By people who do everything that a promise is about."""
    wanted = _wanted((), PLAIN)
    assert [fault.name for fault in wanted.faults] == list(SHORT)
    assert (wanted.modes, wanted.rung) == (("stateless", "sticky"), "")
    assert "HOT_CACHE" not in wanted.environ
    assert (wanted.times.calm, wanted.times.fault, wanted.times.after) == (2.0, 1.0, 2.0)
    assert _wanted(("kill",), {**PLAIN, "mode": "both"}).modes == ("stateless", "sticky")
    assert _wanted(("kill",), {**PLAIN, "mode": "sticky"}).modes == ("sticky",)


@pytest.mark.parametrize("name", RUNGS)
def test_a_rung_is_run_as_the_application_knows_it(name: str) -> None:
    """Each of the ladder, and the naive control."""
    wanted = _wanted(("kill",), {**PLAIN, "rung": name})
    assert wanted.modes == (mode_of(RUNGS[name]),)
    chosen = tuple(wanted.environ[variable] for variable in ("STICKY_MODE", "HOT_CACHE", "BOARD_STRATEGY"))
    assert chosen in SERVED
    assert wanted.rung == name


def test_the_control_is_no_rung_of_the_ladder() -> None:
    """It is never compared with the others: it is wrong."""
    assert set(RUNGS) - {rung.name for rung in LADDER} == {"naive"}


def test_a_history_says_what_the_site_was_set_to() -> None:
    """As far as promises depend on it; what is not set, or no number, is as by default."""
    assert _head({"HOT_STALENESS_SECONDS": "1", "SESSION_ABSOLUTE_SECONDS": "30"}) == {
        "bound_seconds": 1.0,
        "absolute_seconds": 30.0,
    }
    assert _head({"HOT_STALENESS_SECONDS": "soon", "SESSION_ABSOLUTE_SECONDS": ""}) == {}
