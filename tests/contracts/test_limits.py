"""docs/limits.md says what the code does: each number is the constant's, the setting's or the proxy's."""

import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from described import text_schema

from webapp import forms
from webapp.settings import from_mapping

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "limits.md").read_text()
ROWS = re.findall(r"^\| (.+?) \| (.+?) \| (`.+`) \| (.+?) \|$", TEXT, re.MULTILINE)
KEY = "0123456789abcdef0123456789abcdef"
SETTINGS = from_mapping(
    {"REDIS_URL": "redis://x", "MONGODB_URL": "mongodb://x", "SECRET_KEYS": KEY, "AFFINITY_KEY": KEY}
)
UNITS = {
    "KiB": 1024,
    "MiB": 1024**2,
    "million": 1e6,
    "ms": 0.001,
    "m": 60,
    "min": 60,
    "h": 3600,
    "day": 86_400,
    "days": 86_400,
}
NUMBER = re.compile(r"(\d+(?:\.\d+)?)(?: ?([A-Za-z]+)\b)?")


def numbers(text: str) -> list[float]:
    """The numbers of a text in base units: bytes, seconds, pieces."""
    return [float(number) * UNITS.get(unit, 1) for number, unit in NUMBER.findall(text)]


def kept(place: str) -> Iterator[float]:
    """The numbers at a place: a setting, `file: text with *`, a constant, or the lengths of a struct's field."""
    if place.isupper():
        yield float(getattr(SETTINGS, place.lower()))
    elif ": " in place:
        path, _, pattern = place.partition(": ")
        parts = [r"\s+".join(map(re.escape, part.split(" "))) for part in pattern.split("*")]
        found = re.search(r"(\d+(?:ms|s|m|h)?)".join(parts), (ROOT / path).read_text())
        assert found, place
        yield from (number for group in found.groups() for number in numbers(group))
    else:
        yield from lengths(named(place))


def named(place: str) -> Any:
    """What a dotted name means; of a struct's field its JSON schema."""
    module, _, name = place.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        kind = named(module)
        return text_schema(properties(kind)[name])


def properties(kind: type[msgspec.Struct]) -> Mapping[str, Any]:
    """The JSON schema of each field."""
    found: Mapping[str, Any] = msgspec.json.schema(kind)["$defs"][kind.__name__]["properties"]
    return found


def lengths(found: Any) -> Iterator[float]:
    """A number, or the least and the most characters of a text, where there are such."""
    if isinstance(found, Mapping):
        yield from (float(found[bound]) for bound in ("minLength", "maxLength") if bound in found)
    else:
        yield float(found)


@pytest.mark.parametrize(("limit", "places"), [row[1:3] for row in ROWS], ids=[row[0] for row in ROWS])
def test_each_number_is_the_one_that_is_applied(limit: str, places: str) -> None:
    """In bytes, seconds or pieces, whatever unit the document tells it in."""
    listed = re.findall(r"`(.+?)`", places)
    assert numbers(limit) == [number for place in listed for number in kept(place)]


def test_no_row_is_passed_over() -> None:
    """Each line of a table is a limit or its head."""
    lines = [line for line in TEXT.splitlines() if line.startswith("|")]
    assert len(ROWS) > 50
    assert len(lines) == len(ROWS) + 2 * TEXT.count("|---|---|---|---|")


def test_each_quota_and_each_length_has_its_line() -> None:
    """A setting that bounds what people may do, and a field that people fill in, cannot be added without one."""
    places = {place for row in ROWS for place in re.findall(r"`(.+?)`", row[2])}
    told = {length for row in ROWS if "`webapp.forms." in row[2] for length in numbers(row[1])}
    kinds = [kind for kind in vars(forms).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
    longest = {text_schema(schema)["maxLength"] for kind in kinds for schema in properties(kind).values()}
    assert len(kinds) > 5
    assert longest - told == set()
    bounding = {name.upper() for name in SETTINGS.shown() if re.search(r"_PER_|SESSION_|STALE|FRESH", name)}
    assert bounding - places == {"REBALANCE_PER_MINUTE"}  # which moves people and refuses nobody
