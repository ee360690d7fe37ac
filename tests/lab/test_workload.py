"""A workload is checked as a whole: each faulty key is named with what was given and what is allowed."""

import tomllib
from pathlib import Path

import pytest

from lab.errors import BadWorkload
from lab.workload import ACTIONS, KEYS, load_workload, preset_names, workload_of

DOCUMENT = Path(__file__).parents[2] / "docs" / "lab.md"


def test_the_document_has_every_key_with_its_default() -> None:
    """So that what is copied from it is what would be without it."""
    block = DOCUMENT.read_text().partition("```toml\n")[2].partition("```")[0]
    told = tomllib.loads(block)
    mix = told.pop("mix")
    assert told == {
        section: {name: key.default for name, key in keys.items()} for section, keys in KEYS.items() if section != "mix"
    }
    assert set(mix) == set(ACTIONS)


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_can_be_used(name: str) -> None:
    """Each of them, by its name."""
    workload = load_workload(name)
    assert workload.name == name
    assert 0 < workload.write_share < 0.5


def test_there_are_the_presets_that_are_told() -> None:
    """Four kinds of sites that differ in what is asked of them, and one to find out what breaks."""
    assert preset_names() == ["api", "dashboard", "restless", "shop", "social"]


def test_only_what_is_made_to_break_things_has_browsers_that_wander() -> None:
    """What is compared has browsers as they are, which obey."""
    wandering = {name: load_workload(name).wandering_share for name in preset_names()}
    assert wandering.pop("restless") == 0.3
    assert set(wandering.values()) == {0}


def test_a_file_is_read_by_its_path_and_has_defaults(tmp_path: Path) -> None:
    """What is left out is as `KEYS` says; no action is done that is not in the mix."""
    file = tmp_path / "mine.toml"
    file.write_text("[people]\nusers = 7\n[mix]\nboard = 3\npost = 1\n")
    workload = load_workload(str(file))
    assert (workload.name, workload.users) == ("mine", 7)
    assert workload.think_seconds == KEYS["visits"]["think_seconds"].default
    assert {name for name in ACTIONS if workload.mix[name]} == {"board", "post"}
    assert workload.write_share == 0.25


def test_every_faulty_key_is_told_at_once() -> None:
    """With what was given and what is allowed."""
    with pytest.raises(BadWorkload) as caught:
        workload_of(
            "bad",
            {
                "people": {"users": 1, "follows": 2.5, "friends": 3},
                "visits": {"think_seconds": "long", "requests": True},
                "content": {"popularity_exponent": float("nan")},
                "mix": {"board": -1, "buy": 2},
                "devices": {"wandering_share": 1.5, "password_share": -1},
                "forks": 4,
                "colours": {},
            },
        )
    told = "\n".join(caught.value.faults)
    assert len(caught.value.faults) == 12
    assert "people.users is 1; allowed is a whole number from 2 to 100000." in told
    assert "people.follows is 2.5; allowed is a whole number from 0 to 100." in told
    assert "people.friends is not known; allowed are users, " in told
    assert "visits.think_seconds is 'long'; allowed is a number from 0 to 600." in told
    assert "visits.requests is True; allowed is a number from 1 to 1000." in told
    assert "content.popularity_exponent is nan; allowed is a number from 0 to 3." in told
    assert "mix.board is -1; allowed is a number from 0 to 1e+06." in told
    assert "mix.buy is not known; allowed are board, " in told
    assert "devices.wandering_share is 1.5; allowed is a number from 0 to 1." in told
    assert "devices.password_share is -1; allowed is a number from 0 to 1." in told
    assert "forks is not known; allowed are people, " in told
    assert "colours is not known; allowed are people, " in told
    assert str(caught.value).startswith("The workload bad cannot be used:\n")


def test_a_section_that_is_no_table_is_refused() -> None:
    """It says what it should be."""
    with pytest.raises(BadWorkload, match=r"devices is 4; a table \[devices\] is allowed."):
        workload_of("bad", {"devices": 4, "mix": {"me": 1}})


def test_a_mix_of_nothing_is_refused() -> None:
    """Somebody has to do something."""
    with pytest.raises(BadWorkload, match="mix has nothing above 0"):
        workload_of("idle", {"mix": {"board": 0}})


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read: No such file"), (b"users = ", "is not TOML"), (b"\xff", "is not TOML")],
)
def test_a_file_that_is_no_workload_is_told_so(tmp_path: Path, content: bytes | None, why: str) -> None:
    """One sentence, no traceback of somebody else's."""
    file = tmp_path / "it.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadWorkload, match=why):
        load_workload(str(file))


def test_an_unknown_preset_is_told_with_those_there_are() -> None:
    """A name without a slash is no path."""
    with pytest.raises(BadWorkload, match=r"there are api, dashboard, restless, shop, social, or give a .toml file"):
        load_workload("sozial")
