"""Guessing passwords is slowed down, for an address and for an account, whichever instance is asked."""

import asyncio
from collections import Counter

import pytest
from browsing import Answer
from sites import PASSWORD, Site, Starts

pytestmark = pytest.mark.gen_test(timeout=30)

WRONG = "not this one"
STRICT = {"FAILED_LOGINS_PER_ACCOUNT": "3"}


async def guess(site: Site, handle: str, password: str = WRONG, address: str = "") -> Answer:
    """One attempt to log in, from a new browser."""
    headers = {"X-Forwarded-For": address} if address else {}
    return await site.browser().post("/api/v1/login", json={"handle": handle, "password": password}, headers=headers)


async def test_an_account_takes_so_many_wrong_passwords_from_all_instances_together(start: Starts) -> None:
    """Thirty at once, through two of them, from as many addresses: three are looked at."""
    one, two = await start(**STRICT), await start(**STRICT)
    await one.join("ada")
    guesses = [guess(site, "ada", address=f"10.0.{n}.1") for n in range(15) for site in (one, two)]
    assert Counter(answer.status for answer in await asyncio.gather(*guesses)) == {401: 3, 429: 27}
    assert sum(site.counted("hotseat_login_throttled_total") for site in (one, two)) == 27


async def test_the_right_password_is_refused_too_while_an_account_takes_none(start: Starts) -> None:
    """Or the guesser would know it from the answer; it says when to try again, as a program reads it and a person."""
    site = await start(**STRICT)
    await site.join("ada")
    answers = [await guess(site, "ada") for _ in range(4)] + [await guess(site, "ada", PASSWORD)]
    assert [answer.status for answer in answers] == [401, 401, 401, 429, 429]
    assert answers[4].faults == {"login": "Too many attempts. Try again in 5 minutes."}
    assert 290 < int(answers[4].headers["Retry-After"]) <= 300
    assert answers[4].set_cookies == {}
    form = await site.browser().submit("/login", {"handle": "ada", "password": PASSWORD})
    assert (form.status, "Try again in 5 minutes" in form.text) == (429, True)
    assert "Retry-After" in form.headers


async def test_the_others_can_log_in_meanwhile(start: Starts) -> None:
    """From the same address."""
    site = await start(**STRICT)
    await site.join("ada")
    await site.join("bob")
    for _ in range(4):
        await guess(site, "ada")
    assert (await guess(site, "bob", PASSWORD)).status == 200


async def test_an_account_that_does_not_exist_is_throttled_like_one_that_does(start: Starts) -> None:
    """Status and words are the same, attempt by attempt."""
    site = await start(**STRICT)
    await site.join("ada")
    seen = []
    for handle in ("ada", "nobody_here"):
        answers = [await guess(site, handle) for _ in range(4)]
        seen.append([(answer.status, answer.json["detail"], answer.faults) for answer in answers])
    assert seen[0] == seen[1]
    assert [status for status, *_ in seen[0]] == [401, 401, 401, 429]


async def test_who_knows_the_password_is_never_throttled_by_logging_in(start: Starts) -> None:
    """A right one gives its attempt back to the account, and only that one."""
    site = await start(**STRICT)
    await site.join("ada")
    statuses = [(await guess(site, "ada", PASSWORD)).status for _ in range(6)]
    statuses += [(await guess(site, "ada")).status for _ in range(2)]
    statuses += [(await guess(site, "ada", PASSWORD)).status]
    statuses += [(await guess(site, "ada")).status for _ in range(2)]
    assert statuses == [200] * 6 + [401, 401, 200, 401, 429]


async def test_an_address_has_so_many_attempts_whatever_comes_of_them(start: Starts) -> None:
    """Signing up counts as well, being right gives nothing back, and other addresses have their own."""
    site = await start(LOGINS_PER_ADDRESS="4")
    await site.join("ada")
    there, elsewhere = "10.1.1.1", "10.1.1.2"
    new = {"handle": "carol", "password": PASSWORD, "name": "Carol"}
    statuses = [
        (await site.browser().post("/api/v1/signup", json=new, headers={"X-Forwarded-For": there})).status,
        *[(await guess(site, "ada", PASSWORD, there)).status for _ in range(3)],
        (await guess(site, "ada", PASSWORD, there)).status,
        (await guess(site, "ada", PASSWORD, elsewhere)).status,
        (await site.browser().post("/api/v1/signup", json=new, headers={"X-Forwarded-For": there})).status,
    ]
    assert statuses == [201, 200, 200, 200, 429, 200, 429]


async def test_a_refused_address_cannot_use_up_accounts(start: Starts) -> None:
    """Neither theirs who have one, nor Redis's memory with those who have none."""
    site = await start(LOGINS_PER_ADDRESS="1", **STRICT)
    await site.join("ada", X_Forwarded_For="10.9.9.9")
    statuses = [(await guess(site, "ada", address="10.1.1.1")).status for _ in range(8)]
    statuses += [(await guess(site, f"made_up_{n}", address="10.1.1.1")).status for n in range(4)]
    assert statuses == [401] + [429] * 11
    assert (await guess(site, "ada", PASSWORD, "10.1.1.2")).status == 200
    [keys] = await site.resources.cache.link.ask("read", ("KEYS", "throttle:account:*"))
    assert len(keys) == 1


async def test_what_is_counted_is_forgotten_when_it_does_not_matter_any_more(start: Starts) -> None:
    """Each key expires when all of its attempts are there again."""
    site = await start()
    await site.join("ada")
    await guess(site, "ada")
    link = site.resources.cache.link
    [keys] = await link.ask("read", ("KEYS", "throttle:*"))
    lives = await link.ask("read", *(("PTTL", key) for key in keys))
    assert len(keys) == 2
    assert all(0 < milliseconds <= 90_000 for milliseconds in lives), lives


async def test_a_form_that_comes_too_often_keeps_what_was_typed(start: Starts) -> None:
    """All but the password."""
    site = await start(LOGINS_PER_ADDRESS="1")
    await site.join("ada")
    form = await site.browser().submit("/signup", {"handle": "carol", "name": "Carol", "password": PASSWORD})
    assert (form.status, 'value="carol"' in form.text, PASSWORD in form.text) == (429, True, False)
    assert form.headers["Retry-After"] == "60"
