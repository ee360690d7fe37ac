"""What clients may send, and how what is wrong is told."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.errors import InvalidInput
from webapp.forms import NewCard, Preferences, Profile, Signup, from_form, from_json

GOOD = b'{"handle": "ada", "password": "long enough", "name": "Ada"}'


def refusal(read: Callable[[], object]) -> InvalidInput | None:
    """What was wrong, if anything was."""
    try:
        read()
    except InvalidInput as error:
        return error
    return None


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        (b"", "body", "not JSON"),
        (b"{", "body", "not JSON"),
        (b"[1]", "body", "JSON object"),
        (b"[" * 100_000, "body", "not JSON"),
        (GOOD.replace(b"ada", b"\xff\xfe"), "handle", "UTF-8"),
        (GOOD.replace(b"Ada", b"\\ud800"), "name", "UTF-8"),
        (GOOD.replace(b"Ada", b"\\u0000"), "name", "control characters"),
        (GOOD.replace(b'"Ada"', b'"   "'), "name", "empty"),
        (GOOD.replace(b'"Ada"', b'""'), "name", "At least 1"),
        (GOOD.replace(b'"Ada"', b"7"), "name", "Expected `str`"),
        (GOOD.replace(b'"Ada"', b"null"), "name", "Expected `str`"),
        (GOOD.replace(b"Ada", b"A" * 61), "name", "At most 60"),
        (GOOD.replace(b"ada", b"Ada"), "handle", "lower-case"),
        (GOOD.replace(b"ada", b"ad"), "handle", "At least 3"),
        (GOOD.replace(b', "name": "Ada"', b""), "name", "missing"),
        (GOOD.replace(b"name", b"nome"), "nome", "no such field"),
    ],
)
def test_what_is_wrong_names_the_field(body: bytes, field: str, told: str) -> None:
    """With a sentence a person can act on."""
    with pytest.raises(InvalidInput) as caught:
        from_json(body, Signup)
    assert told in caught.value.faults[field]


@given(st.binary(max_size=300))
def test_no_body_raises_anything_else(body: bytes) -> None:
    """Whatever bytes come in."""
    for kind in (Signup, NewCard, Profile, Preferences):
        refused = refusal(lambda kind=kind: from_json(body, kind))  # type: ignore[misc]
        assert refused is None or (refused.faults and 400 <= refused.status < 500)


@given(st.dictionaries(st.sampled_from(["text", "_xsrf", "other"]), st.lists(st.binary(max_size=50), max_size=3)))
def test_no_form_raises_anything_else(fields: dict[str, list[bytes]]) -> None:
    """Fields that are not ours are not looked at."""
    fields = {name: values for name, values in fields.items() if values}
    refused = refusal(lambda: from_form(fields, NewCard))
    assert refused is None or set(refused.faults) == {"text"}


def test_line_breaks_of_a_form_become_plain_ones() -> None:
    """Browsers send CR LF."""
    assert from_form({"text": [b"a\r\nb"]}, NewCard).text == "a\nb"


def test_a_password_may_hold_spaces_at_its_ends() -> None:
    """What was typed is what counts."""
    given_body = GOOD.replace(b"long enough", b"  long enough  ")
    assert from_json(given_body, Signup).password == "  long enough  "
