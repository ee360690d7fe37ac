"""docs/security.md goes through the whole of its chapters, and every test that it and docs/limits.md name is there."""

import re
from collections import Counter
from pathlib import Path

import pytest

from webapp.forms import SHORTEST_PASSWORD
from webapp.guessable import KNOWN_WORDS, common_passwords

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
WORDS = " ".join(TEXT.split())
ROW = re.compile(r"^\| (\d\.\d\.\d+) \| ([12]) \| .+? \| (met|not met|not applicable) \| (.+) \|$", re.MULTILINE)
ROWS: list[tuple[str, str, str, str]] = ROW.findall(TEXT)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")

# OWASP ASVS 5.0.0, the numbers of the requirements of these chapters.
LEVEL_1 = """
2.1.1 2.2.1 2.2.2 2.3.1
3.2.1 3.2.2 3.3.1 3.4.1 3.4.2 3.5.1 3.5.2 3.5.3
5.2.1 5.2.2 5.3.1 5.3.2
6.1.1 6.2.1 6.2.2 6.2.3 6.2.4 6.2.5 6.2.6 6.2.7 6.2.8 6.3.1 6.3.2 6.4.1 6.4.2
7.2.1 7.2.2 7.2.3 7.2.4 7.4.1 7.4.2
"""
LEVEL_2 = """
2.1.2 2.1.3 2.2.3 2.3.2 2.3.3 2.3.4 2.4.1
3.3.2 3.3.3 3.3.4 3.4.3 3.4.4 3.4.5 3.4.6 3.5.4 3.5.5 3.7.1 3.7.2
5.1.1 5.2.3 5.4.1 5.4.2 5.4.3
6.1.2 6.1.3 6.2.9 6.2.10 6.2.11 6.2.12 6.3.3 6.3.4 6.4.3 6.4.4
6.5.1 6.5.2 6.5.3 6.5.4 6.5.5 6.6.1 6.6.2 6.6.3 6.8.1 6.8.2 6.8.3 6.8.4
7.1.1 7.1.2 7.1.3 7.3.1 7.3.2 7.4.3 7.4.4 7.4.5 7.5.1 7.5.2 7.6.1 7.6.2
"""
RULES = ("Guessing passwords", "Passwords", "Ways to prove who one is", "Sessions", "Combinations", "Files")


def test_each_requirement_is_gone_through_once() -> None:
    """All of levels 1 and 2 in these chapters, with the level that the standard gives them, and no others."""
    levels = [(number, "1") for number in LEVEL_1.split()] + [(number, "2") for number in LEVEL_2.split()]
    assert sorted((number, level) for number, level, _, _ in ROWS) == sorted(levels)


def test_the_sums_are_right() -> None:
    """So that nobody has to count."""
    [told] = re.findall(r"Of (\d+) requirements (\d+) are met, (\d+) are not met, (\d+) are not applicable", WORDS)
    counts = Counter(state for _, _, state, _ in ROWS)
    assert [int(number) for number in told] == [
        len(ROWS),
        *(counts[state] for state in ("met", "not met", "not applicable")),
    ]
    assert f"read the {counts['not met']} *not met* first" in WORDS


@pytest.mark.parametrize(("number", "state", "how"), [(row[0], *row[2:]) for row in ROWS], ids=[row[0] for row in ROWS])
def test_each_state_has_its_reason(number: str, state: str, how: str) -> None:
    """What is met is shown by a test or cannot fail, what is not met has what it needs."""
    if state == "met":
        assert TEST.search(how) or how.startswith("by absence"), number
    else:
        assert len(how) > 10, number
    assert state != "not met" or "Needed: " in how or number == "7.5.2", number


@pytest.mark.parametrize("page", ["security.md", "limits.md"])
def test_each_test_it_names_exists(page: str) -> None:
    """Whoever doubts a line can run what shows it."""
    named = set(TEST.findall((ROOT / "docs" / page).read_text()))
    assert len(named) > 20
    missing = [f"{path}::{name}" for path, name in sorted(named) if not _is_there(path, name)]
    assert missing == []


def _is_there(path: str, name: str) -> bool:
    file = ROOT / path
    return file.exists() and bool(re.search(rf"^(async )?def {name}\(", file.read_text(), re.MULTILINE))


def test_the_rules_are_told() -> None:
    """Those that the table refers to."""
    rules = TEXT.split("\n## Rules\n")[1].split("\n## ")[0]
    assert re.findall(r"^\*\*(.+?)\.?\*\*", rules, re.MULTILINE) == list(RULES)
    referred = re.findall(r'"([A-Z][a-z ]+)" above', TEXT)
    assert set(referred) == set(RULES)


def test_the_words_a_password_is_not_made_of_are_told() -> None:
    """And how many of the most common are refused."""
    [words] = re.findall(r"these words, in capitals or not: the account's handle, (.+?)\. ", WORDS)
    assert re.findall(r"`(\w+)`", words) == list(KNOWN_WORDS)
    assert f"the {len(common_passwords()):,} most common" in WORDS
    assert f"fewer than {SHORTEST_PASSWORD} characters beside" in WORDS
