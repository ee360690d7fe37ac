"""Passwords that are refused because they would be tried first."""

import pytest
from browsing import Answer
from hypothesis import given
from hypothesis import strategies as st
from sites import PASSWORD, Site

from webapp.errors import InvalidInput
from webapp.forms import SHORTEST_PASSWORD
from webapp.guessable import KNOWN_WORDS, TOO_COMMON, TOO_KNOWN, common_passwords, refuse_guessable

LONGEST_PASSWORD = 200


def refusal(password: str, handle: str = "ada_lovelace") -> str | None:
    """Why it is refused, if it is."""
    try:
        refuse_guessable("password", password, handle)
    except InvalidInput as error:
        return error.faults["password"]
    return None


def test_the_three_thousand_most_common_are_known() -> None:
    """All of them as long as a password must be, so that none is on the list in vain."""
    common = common_passwords()
    assert len(common) == 3000
    assert all(len(password) >= SHORTEST_PASSWORD and password == password.lower() for password in common)
    assert {"password", "12345678", "iloveyou"} <= common


@pytest.mark.parametrize("password", ["password", "PassWord", "12345678", "qwertyuiop", "iloveyou"])
def test_a_common_password_is_refused(password: str) -> None:
    """In capitals as well."""
    assert refusal(password) == TOO_COMMON


@pytest.mark.parametrize(
    "password",
    [
        "ada_lovelace",
        "Ada_Lovelace1",
        "ada_lovelace2026",
        "1ada_lovelace!",
        "Postcards2026",
        "hotseat1",
        "postcard-ada",
    ],
)
def test_what_everybody_knows_does_not_count(password: str) -> None:
    """The handle and the names of the site, with little around them."""
    assert refusal(password) == TOO_KNOWN


@pytest.mark.parametrize(
    "password", ["ada_lovelace wrote programs", "send postcards to everybody", "correct horse", "äöüäöüäö", "        ."]
)
def test_a_password_that_says_enough_beside_them_is_fine(password: str) -> None:
    """Of whatever characters, spaces included."""
    assert refusal(password) is None


@given(st.text(min_size=SHORTEST_PASSWORD, max_size=LONGEST_PASSWORD), st.from_regex(r"\A[a-z0-9_]{3,20}\Z"))
def test_no_kind_of_character_is_asked_for(password: str, handle: str) -> None:
    """Only what is on the list or made of known words is refused."""
    known = any(word in password.lower() for word in (handle, *KNOWN_WORDS))
    assert refusal(password, handle) is None or known or password.lower() in common_passwords()


@pytest.mark.gen_test(timeout=30)
@pytest.mark.parametrize("password", ["password1", "ada_ada_ada", "Postcards!"])
async def test_nobody_gets_such_a_password(site: Site, password: str) -> None:
    """Neither by signing up nor by changing it, by form or by API; told beside the field."""
    ada = await site.join("ada")

    def told(answer: Answer, field: str) -> bool:
        return answer.status == 422 and f'data-testid="error-{field}"' in answer.text

    body = {"handle": "ada", "password": password, "name": "Ada"}
    assert (await site.browser().post("/api/v1/signup", json=body)).faults.keys() == {"password"}
    assert told(await site.browser().submit("/signup", body), "password")
    change = {"current": PASSWORD, "new": password}
    assert (await ada.browser.put("/api/v1/me/password", json=change)).faults.keys() == {"new"}
    assert told(await ada.browser.submit("/settings/password", change), "new")
    assert (await site.log_in("ada")).handle == "ada"  # with the one it has


@pytest.mark.gen_test(timeout=30)
async def test_a_password_counts_as_it_was_typed(site: Site) -> None:
    """Every character up to the last of 200, capitals and spaces: none is cut off, none is folded."""
    password = " Ä" + "x" * 197 + "Y"
    assert len(password) == LONGEST_PASSWORD
    body = {"handle": "ada", "password": password, "name": "Ada"}
    assert (await site.browser().post("/api/v1/signup", json=body)).status == 201
    for typed, status in ((password, 200), (password[:-1] + "y", 401), (password[:-1], 401), (password.strip(), 401)):
        answer = await site.browser().post("/api/v1/login", json={"handle": "ada", "password": typed})
        assert answer.status == status, typed
