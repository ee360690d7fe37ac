"""Signing up, logging in and out, and the cookies that go with it."""

from typing import Literal

import pytest
from argon2 import PasswordHasher
from sites import PASSWORD, Member, Site, Starts

from webapp.passwords import Passwords

pytestmark = pytest.mark.gen_test(timeout=30)

NOBODYS = "A" * 16 + "." + "B" * 43


async def test_who_signs_up_is_logged_in(site: Site) -> None:
    """One request makes the account and the session that goes with it."""
    ada = await site.join("ada", "Ada Byron")
    me = await ada.me()
    assert (me["handle"], me["name"], me["bio"], me["avatar"], me["preferences"]) == ("ada", "Ada Byron", "", None, {})
    assert (me["followers"], me["following"], me["cards"]) == (0, 0, 0)


async def test_a_handle_belongs_to_one_person(site: Site) -> None:
    """The second to ask for it is told which field is at fault, and is not logged in."""
    await site.join("ada")
    other = site.browser()
    answer = await other.post("/api/v1/signup", json={"handle": "ada", "password": PASSWORD, "name": "Ada"})
    assert (answer.status, answer.faults) == (409, {"handle": "The handle 'ada' is taken."})
    assert other.cookies == {}


async def test_who_logs_in_has_the_account_and_a_session_of_their_own(site: Site) -> None:
    """Two browsers, one person, two sessions."""
    ada = await site.join("ada")
    again = await site.log_in("ada")
    assert (await again.me())["id"] == (await ada.me())["id"]
    assert again.browser.cookies["session"] != ada.browser.cookies["session"]


async def test_capitals_in_a_handle_do_not_matter_when_logging_in(site: Site) -> None:
    """Telephones like to begin with one."""
    await site.join("ada")
    answer = await site.browser().post("/api/v1/login", json={"handle": "Ada", "password": PASSWORD})
    assert answer.status == 200


async def test_a_wrong_password_and_an_unknown_account_get_the_same_answer(site: Site) -> None:
    """Nobody learns from it which handles exist."""
    await site.join("ada")
    answers = [
        await site.browser().post("/api/v1/login", json={"handle": handle, "password": "not this one"})
        for handle in ("ada", "nobody_here")
    ]
    problems = [{**answer.json, "request_id": None} for answer in answers]
    assert [answer.status for answer in answers] == [401, 401]
    assert problems[0] == problems[1]
    assert all(answer.set_cookies == {} for answer in answers)


async def test_an_unknown_account_costs_as_much_work_as_a_known_one() -> None:
    """A hash of the same cost is checked in both cases."""
    checked: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002  # the base's name
            checked.append(str(hash))
            return super().verify(hash, password)

    passwords = Passwords(Watched(time_cost=1, memory_cost=8, parallelism=1))
    try:
        kept = await passwords.hash("right")
        assert await passwords.matches(kept, "right")
        assert not await passwords.matches(kept, "wrong")
        assert not await passwords.matches(None, "right")
    finally:
        passwords.close()
    parameters = {each.split("$")[1:4] == checked[0].split("$")[1:4] for each in checked}
    assert (len(checked), parameters) == (3, {True})


async def test_the_session_cookie_is_kept_from_scripts_and_other_sites(site: Site) -> None:
    """HttpOnly, SameSite, for the whole site; not Secure where browsers come by http."""
    browser = site.browser()
    answer = await browser.post("/api/v1/signup", json={"handle": "ada", "password": PASSWORD, "name": "Ada"})
    read = await browser.get("/api/v1/me")
    cookies = answer.set_cookies | read.set_cookies
    for name in ("session", "floor", "floor-read"):
        cookie = cookies[name]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
        assert (cookie["domain"], cookie["secure"], cookie["max-age"]) == ("", "", "28800")


async def test_cookies_are_bound_to_the_host_where_browsers_come_by_https(start: Starts) -> None:
    """The prefix __Host- makes browsers insist on Secure, on this host alone and on the whole path."""
    site = await start(PUBLIC_ORIGIN="https://postcards.example")
    browser = site.browser()
    answer = await browser.post("/api/v1/signup", json={"handle": "ada", "password": PASSWORD, "name": "Ada"})
    page = await browser.get("/")
    cookies = answer.set_cookies | page.set_cookies
    assert set(cookies) == {"__Host-session", "__Host-floor", "__Host-floor-read", "__Host-xsrf"}
    for cookie in cookies.values():
        assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
    assert (await Member(browser, "ada").me())["handle"] == "ada"
    scheme = (await browser.get("/api/v1/openapi.json")).json["components"]["securitySchemes"]["session"]
    assert (scheme["in"], scheme["name"]) == ("cookie", "__Host-session")
    browser.cookies = {"session": browser.cookies["__Host-session"]}
    assert (await browser.get("/api/v1/me")).status == 401  # the name without the prefix is nobody's


@pytest.mark.parametrize("cookie", [NOBODYS, "x", "", "a.b", NOBODYS + "=", "é" * 16 + "." + "B" * 43, '"' + NOBODYS])
async def test_a_session_that_was_not_issued_is_refused(site: Site, cookie: str) -> None:
    """Well-formed or not, an id of somebody's own making opens nothing and is never taken over."""
    browser = site.browser()
    browser.cookies = {"session": cookie}
    assert (await browser.get("/api/v1/me")).status == 401
    browser.cookies = {"session": cookie}
    await browser.post("/api/v1/signup", json={"handle": "ada", "password": PASSWORD, "name": "Ada"})
    assert browser.cookies["session"] != cookie


async def test_a_token_does_not_open_another_persons_session(site: Site) -> None:
    """Tag of one, token of the other."""
    ada, bob = await site.join(), await site.join()
    tag, token = ada.browser.cookies["session"].split(".")[0], bob.browser.cookies["session"].split(".")[1]
    ada.browser.cookies["session"] = f"{tag}.{token}"
    assert (await ada.browser.get("/api/v1/me")).status == 401


async def test_redis_never_sees_a_token(site: Site) -> None:
    """Only its hash is stored, so who reads the store cannot log in with it."""
    ada = await site.join()
    tag, token = ada.browser.cookies["session"].split(".")
    [keys] = await site.resources.cache.link.ask("read", ("KEYS", "*"))
    assert any(tag.encode() in key for key in keys)
    assert not any(token.encode() in key for key in keys)


async def test_a_session_that_was_logged_out_reads_and_writes_nothing(site: Site) -> None:
    """Its cookie is taken away; a copy of it opens nothing."""
    ada = await site.join()
    copy = ada.browser.clone()
    answer = await ada.browser.post("/api/v1/logout")
    assert answer.status == 204
    assert set(ada.browser.cookies) == set()
    for ask in (
        copy.get("/api/v1/me"),
        copy.post("/api/v1/cards", json={"text": "still me"}),
        copy.get("/api/v1/board"),
    ):
        assert (await ask).status == 401
    assert (await site.browser().get(f"/api/v1/people/{ada.handle}")).json["cards"] == []


async def test_the_cookie_of_a_session_that_is_over_is_cleared(site: Site) -> None:
    """The browser need not carry it any longer."""
    ada = await site.join()
    copy = ada.browser.clone()
    await ada.browser.post("/api/v1/logout")
    answer = await copy.get("/api/v1/me")
    assert answer.status == 401
    assert copy.cookies == {}


async def test_logging_out_twice_is_no_error(site: Site) -> None:
    """The end is the same."""
    ada = await site.join()
    copy = ada.browser.clone()
    assert (await ada.browser.post("/api/v1/logout")).status == 204
    assert (await copy.post("/api/v1/logout")).status == 204
    assert (await site.browser().post("/api/v1/logout")).status == 204


async def test_logging_in_replaces_the_session_this_browser_had(site: Site) -> None:
    """The id changes with the privilege, and the old one is dead: a planted session gains nothing."""
    ada = await site.join("ada")
    before = ada.browser.clone()
    await ada.browser.post("/api/v1/login", json={"handle": "ada", "password": PASSWORD})
    assert ada.browser.cookies["session"] != before.cookies["session"]
    assert (await before.get("/api/v1/me")).status == 401
    assert len((await ada.browser.get("/api/v1/sessions")).json["sessions"]) == 1


async def test_logging_in_does_not_end_sessions_in_other_browsers(site: Site) -> None:
    """Each browser has its own."""
    ada = await site.join("ada")
    await site.log_in("ada")
    assert (await ada.me())["handle"] == "ada"


async def test_logging_in_as_somebody_else_leaves_nothing_of_the_first(site: Site) -> None:
    """One browser, one after the other."""
    await site.join("bob", "Bob")
    ada = await site.join("ada")
    await ada.browser.patch("/api/v1/me/preferences", json={"theme": "dark"})
    await ada.browser.post("/api/v1/login", json={"handle": "bob", "password": PASSWORD})
    me = await Member(ada.browser, "bob").me()
    assert (me["handle"], me["preferences"]) == ("bob", {})


async def test_sign_up_counts_as_a_session_started(site: Site) -> None:
    """And a log-out as one ended."""
    ada = await site.join()
    await ada.browser.post("/api/v1/logout")
    assert site.counted("hotseat_sessions_total", event="started") == 1
    assert site.counted("hotseat_sessions_total", event="ended") == 1
