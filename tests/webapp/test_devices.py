"""A browser's name for its owner's eyes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.devices import LONGEST, device_name


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0 Safari/537.36", "Chrome on Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0 Safari/537.36 Edg/150.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1", "Safari on iPhone"),
        ("curl/8.5.0", "curl"),
        ("python-httpx/0.28.1", "python-httpx"),
        ("", "Unknown device"),
        ("<script>", "Unknown device"),
    ],
)
def test_a_browser_is_named(user_agent: str, name: str) -> None:
    """By its family and its system."""
    assert device_name(user_agent) == name


@given(st.text(max_size=2000))
def test_any_header_gives_a_short_name(user_agent: str) -> None:
    """Never empty, never long."""
    assert 0 < len(device_name(user_agent)) <= LONGEST
