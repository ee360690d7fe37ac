"""The few words templates may use."""

import time

import pytest
from jinja2 import UndefinedError

from webapp.looks import Fingerprints, ago, day, hue, iso, open_templates


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (3599, "59 minutes ago"),
        (7200, "2 hours ago"),
        (86400, "1 day ago"),
        (29 * 86400, "29 days ago"),
    ],
)
def test_a_moment_is_told_in_words(seconds: float, words: str) -> None:
    """From minutes to days; older than that by its date."""
    assert ago(time.time() - seconds) == words


def test_an_old_moment_is_told_by_its_date() -> None:
    """A month ago nobody counts days."""
    assert ago(0.0) == "1 Jan 1970"
    assert day(86400.0) == "2 Jan 1970"
    assert iso(0.0) == "1970-01-01T00:00:00+00:00"


def test_a_name_has_the_same_colour_everywhere() -> None:
    """In every process, in every run."""
    assert [hue(name) for name in ("ada", "bob", "")] == [hue(name) for name in ("ada", "bob", "")]
    assert {hue(f"name {n}") for n in range(500)} == set(range(12))


def test_an_address_of_a_static_file_changes_with_its_content() -> None:
    """So it may be kept for ever."""
    one, two = Fingerprints(lambda path: b"a"), Fingerprints(lambda path: b"b")
    assert one.url("x.css").startswith("/static/x.css?v=")
    assert one.url("x.css") != two.url("x.css")


def test_templates_escape_and_know_no_undefined_names() -> None:
    """A typo is an error, not an empty place."""
    environment = open_templates(lambda path: path, None)
    assert environment.from_string("{{ text }}").render(text="<b>") == "&lt;b&gt;"
    with pytest.raises(UndefinedError):
        environment.from_string("{{ nowhere }}").render()
