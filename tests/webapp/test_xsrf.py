"""Tokens that prove where a form came from."""

from hypothesis import given
from hypothesis import strategies as st

from webapp.xsrf import fits, new_nonce, token_for


def test_a_token_fits_its_cookies_and_no_others() -> None:
    """Neither another nonce nor another session nor another key."""
    nonce = new_nonce()
    token = token_for("key", nonce, "session")
    assert fits(["key"], token, nonce, "session")
    assert not fits(["key"], token, new_nonce(), "session")
    assert not fits(["key"], token, nonce, "another")
    assert not fits(["key"], token, nonce, "")
    assert not fits(["other"], token, nonce, "session")


def test_keys_rotate_without_refusing_forms_that_are_open() -> None:
    """The new key makes tokens, the old one still accepts."""
    nonce = new_nonce()
    before = token_for("old", nonce, "")
    assert fits(["new", "old"], before, nonce, "")
    assert not fits(["new"], before, nonce, "")


@given(st.text(), st.text(), st.text())
def test_no_token_can_be_made_up(token: str, nonce: str, session: str) -> None:
    """Whatever is sent, and it never raises."""
    assert not fits(["key"], token, nonce, session)


def test_without_a_nonce_nothing_fits() -> None:
    """A request without the cookie cannot come from our page."""
    assert not fits(["key"], token_for("key", "", ""), "", "")
