"""From where somebody logged in, as roughly as their browser tells it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.places import place_of

LONGEST = 100


@pytest.mark.parametrize(
    ("time_zone", "accept_language", "place"),
    [
        ("Europe/Vienna", "de-AT,de;q=0.9,en;q=0.5", "Vienna, Europe (de-AT)"),
        ("America/Argentina/Buenos_Aires", "es", "Buenos Aires, America (es)"),
        ("America/Port-au-Prince", "", "Port-au-Prince, America"),
        ("", "zh-Hant-TW, zh;q=0.8", "zh-TW"),
        ("UTC", "en-US,en;q=0.5", "en-US"),
        ("Etc/UTC", "*", ""),
        ("Europe/Vienna<script>", "<script>", ""),
        ("", "", ""),
    ],
)
def test_a_place_is_named_by_what_a_browser_tells(time_zone: str, accept_language: str, place: str) -> None:
    """By its time zone's city and the language it prefers."""
    assert place_of(time_zone, accept_language) == place


@given(st.text(max_size=200), st.text(max_size=200))
def test_anything_gives_a_short_place_or_none(time_zone: str, accept_language: str) -> None:
    """Of letters and what stands between them."""
    place = place_of(time_zone, accept_language)
    assert len(place) <= LONGEST
    assert not set(place) & set("<>&\"'\\")
