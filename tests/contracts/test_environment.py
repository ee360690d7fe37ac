"""`.env.example` lists every variable there is, with the default that is true."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from deploy.local.places import HAPROXY_CFG
from deploy.local.settings import BASE_PORTS, EXTERNAL, PORTS, StackSettings
from webapp.errors import SettingsInvalid
from webapp.settings import from_mapping

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / ".env.example"
PROGRAMS = ROOT / "deploy" / "local" / "programs.py"
SETTINGS = ROOT / "deploy" / "local" / "settings.py"
LINE = re.compile(r"([A-Z][A-Z0-9_]*)=(\S*)\s*(#.*)?")

# What has no default in the example is for whoever starts a single process to give.
REQUIRED = {"REDIS_URL": "redis://x", "MONGODB_URL": "mongodb://x", "SECRET_KEYS": "s" * 32, "AFFINITY_KEY": "a" * 32}


class Watched(Mapping[str, str]):
    """A mapping that remembers what it was asked for."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def example() -> dict[str, str]:
    """Variable and default."""
    lines = [line for line in EXAMPLE.read_text().splitlines() if line and not line.startswith("#")]
    matches = [LINE.fullmatch(line) for line in lines]
    assert all(matches), [line for line, match in zip(lines, matches, strict=True) if not match]
    return {match[1]: match[2] for match in matches if match}


def read_by_the_application() -> set[str]:
    """Every variable that webapp.settings looks at."""
    variables = Watched({})
    with pytest.raises(SettingsInvalid):
        from_mapping(variables)
    return variables.asked


def read_by_the_stack() -> set[str]:
    """Every variable that deploy.local.settings looks at."""
    variables = Watched({})
    StackSettings.from_environ(variables)
    return variables.asked | {*PORTS, *BASE_PORTS, *EXTERNAL.values()}


def test_every_variable_the_application_reads_is_listed() -> None:
    """A new one cannot be forgotten."""
    assert read_by_the_application() - set(example()) == set()


def test_every_variable_the_stack_reads_is_listed() -> None:
    """Save those that are for the tests of the stack itself."""
    assert read_by_the_stack() - set(example()) - {"HOTSEAT_WEB_FSIZE"} == set()


def test_nothing_is_listed_that_nobody_reads() -> None:
    """An old one cannot be left behind. What only haproxy.cfg or the fetching of programs reads is named in them."""
    elsewhere = "".join(file.read_text() for file in (HAPROXY_CFG, PROGRAMS, SETTINGS))
    unread = set(example()) - read_by_the_application() - read_by_the_stack()
    assert [name for name in unread if not re.search(rf"\b{name}\b", elsewhere)] == []


def test_the_defaults_listed_are_the_true_ones() -> None:
    """With the whole example set, everything is as with nothing set."""
    listed = {name: value for name, value in example().items() if value}
    assert from_mapping({**REQUIRED, **listed}) == from_mapping(REQUIRED)
    assert StackSettings.from_environ(listed) == StackSettings.from_environ({})
