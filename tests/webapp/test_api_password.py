"""Changing one's password: what it takes, and what it ends."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from browsing import Answer
from quiet_log import Expects
from redis_servers import ReplicaPair
from sites import PASSWORD, Member, Site, Starts

from cache import Unavailable
from deploy.local import Programs

pytestmark = pytest.mark.gen_test(timeout=30)

NEW = "a better one"
B_SECONDS = 2.0


async def change(member: Member, current: str = PASSWORD, new: str = NEW, **how: Any) -> Answer:
    """Asks for a new password."""
    return await member.browser.put("/api/v1/me/password", json={"current": current, "new": new}, **how)


async def log_in(site: Site, handle: str, password: str) -> int:
    """The status of a log-in from a new browser."""
    return (await site.browser().post("/api/v1/login", json={"handle": handle, "password": password})).status


async def test_the_new_password_is_the_only_one(site: Site) -> None:
    """From then on."""
    ada = await site.join("ada")
    assert (await change(ada)).status == 200
    assert [await log_in(site, "ada", password) for password in (PASSWORD, NEW)] == [401, 200]


async def test_this_session_goes_on_under_a_new_id_and_the_others_end(site: Site) -> None:
    """With all that it knows, fields of another release among it; the former id opens nothing, at once."""
    ada = await site.join("ada")
    phone, tablet = await site.log_in("ada"), await site.log_in("ada")
    await ada.browser.patch("/api/v1/me/preferences", json={"theme": "dark"})
    tag = ada.browser.cookies["session"].split(".")[0]
    [own] = [each["id"] for each in (await ada.browser.get("/api/v1/sessions")).json["sessions"] if each["current"]]
    records = site.resources.cache.records("session")
    await records.change(tag, own, {"from_the_future": "kept"})
    copy = ada.browser.clone()
    answer = await change(ada)
    assert (answer.status, answer.json) == (200, {"ended": 2})
    assert ada.browser.cookies["session"] != copy.cookies["session"]
    for ended in (copy, phone.browser, tablet.browser):
        assert (await ended.get("/api/v1/me")).status == 401
    assert (await ada.me())["preferences"] == {"theme": "dark"}
    [(session_id, fields)] = await records.list(tag)
    assert (session_id != own, fields["from_the_future"]) == (True, "kept")


async def test_no_instance_takes_a_former_session_any_more(start: Starts) -> None:
    """It writes nothing at once, though another instance holds a hot copy of it, and reads nothing within B."""
    one, two = await start(STICKY_MODE="on"), await start(STICKY_MODE="on")
    ada = await one.join()
    phone = await two.log_in(ada.handle)
    copy = ada.browser.clone()
    for browser in (copy, phone.browser):
        for _ in range(3):
            assert (await browser.get("/api/v1/me", url=two.url)).status == 200
    assert (await change(ada)).status == 200
    began = asyncio.get_running_loop().time()
    for browser in (copy, phone.browser):
        former = browser.clone()
        assert (await former.post("/api/v1/cards", json={"text": "x"}, url=two.url)).status == 401
        while (await browser.clone().get("/api/v1/me", url=two.url)).status == 200:
            assert asyncio.get_running_loop().time() - began < B_SECONDS


async def test_a_request_of_a_script_that_comes_late_takes_no_cookie_away(site: Site) -> None:
    """It was sent under the former id and is answered after the new one was given; a page may clear a dead cookie."""
    ada = await site.join()
    former = ada.browser.clone()
    assert (await change(ada)).status == 200
    late = await former.get("/api/v1/me", headers={"Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"})
    assert (late.status, late.set_cookies) == (401, {})
    assert "session" in (await former.get("/board", headers={"Sec-Fetch-Dest": "document"})).set_cookies


async def test_who_does_not_know_the_password_changes_nothing(start: Starts) -> None:
    """Nor may they try for ever: a session that was left open is no way to guess it. The right one is refused too."""
    site = await start(FAILED_LOGINS_PER_ACCOUNT="3")
    ada = await site.join()
    phone = await site.log_in(ada.handle)
    answers = [await change(ada, "not this one") for _ in range(4)] + [await change(ada)]
    assert [answer.status for answer in answers] == [403, 403, 403, 429, 429]
    assert answers[0].faults == {"current": "This is not your password."}
    assert int(answers[4].headers["Retry-After"]) > 200
    assert (await phone.browser.get("/api/v1/me")).status == 200
    assert (await ada.browser.get("/api/v1/me")).status == 200


async def test_what_failed_half_way_is_done_when_it_is_sent_again(
    site: Site, expects: Expects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis went away after the password was changed: the same again ends what is still open."""
    expects("unavailable")
    ada = await site.join("ada")
    phone = await site.log_in("ada")

    async def away(*_: object) -> int:
        raise Unavailable("script", "away")

    with monkeypatch.context() as patch:
        patch.setattr(site.resources.sessions, "end", away)
        assert (await change(ada)).status == 503
    assert (await phone.browser.get("/api/v1/me")).status == 200
    answer = await change(ada)
    assert (answer.status, answer.json) == (200, {"ended": 1})
    assert (await phone.browser.get("/api/v1/me")).status == 401


async def test_a_log_in_with_the_former_password_does_not_outlive_the_change(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its password was looked at before the change, its session would begin after it."""
    ada = await site.join("ada")
    looked, go_on = asyncio.Event(), asyncio.Event()
    give_back = site.resources.throttle.give_back

    async def held(handle: str) -> None:
        await give_back(handle)
        looked.set()
        await go_on.wait()

    with monkeypatch.context() as patch:
        patch.setattr(site.resources.throttle, "give_back", held)
        late = asyncio.ensure_future(log_in(site, "ada", PASSWORD))
        await looked.wait()
    assert (await change(ada)).status == 200
    go_on.set()
    assert await late == 401
    assert len((await ada.browser.get("/api/v1/sessions")).json["sessions"]) == 1


async def test_two_changes_at_once_are_not_mixed_up(site: Site) -> None:
    """One is done, and the other's author is told that theirs was not; or their session was over before."""
    ada = await site.join("ada")
    phone = await site.log_in("ada")
    answers = await asyncio.gather(change(ada, new="the first one"), change(phone, new="the second one"))
    assert sorted(answer.status for answer in answers)[0] == 200
    assert sorted(answer.status for answer in answers)[1] in (401, 409, 422)
    statuses = [await log_in(site, "ada", password) for password in ("the first one", "the second one")]
    assert statuses == [200 if answer.status == 200 else 401 for answer in answers]


async def test_a_session_is_over_for_every_master_there_may_be(
    start: Starts, programs: Programs, tmp_path: Path, expects: Expects
) -> None:
    """Where there are replicas, one has it before it counts as done; while none answers, it is not said to be."""
    expects("unavailable")
    with ReplicaPair(programs.need("redis-server")["redis-server"], tmp_path) as pair:
        site = await start(REDIS_URL=pair.url)
        ada = await site.join()
        phone = await site.log_in(ada.handle)
        pair.replica.pause()
        assert (await change(ada)).status == 503
        assert (await phone.browser.get("/api/v1/me")).status == 401
        assert (await ada.browser.delete("/api/v1/sessions")).status == 503
        assert (await ada.browser.get("/api/v1/me")).status == 401
        pair.replica.resume()
        pair.wait_until_replicated()
        again = Member(site.browser(), ada.handle)
        body = {"handle": ada.handle, "password": NEW}
        assert (await again.browser.post("/api/v1/login", json=body)).status == 200
        assert (await again.browser.delete("/api/v1/sessions")).status == 200
        assert pair.replica.command("KEYS", "session:*") == []


async def test_the_form_says_what_is_wrong_beside_its_fields(site: Site) -> None:
    """And never sends a password back."""
    ada = await site.join("ada")
    for given, field, status in (
        ({"current": PASSWORD, "new": "shorty"}, "new", 422),
        ({"current": "none of mine", "new": NEW}, "current", 403),
    ):
        answer = await ada.browser.submit("/settings/password", given)
        assert (answer.status, f'data-testid="error-{field}"' in answer.text) == (status, True)
        assert not any(password in answer.text for password in given.values())
    answer = await ada.browser.submit("/settings/password", {"current": PASSWORD, "new": NEW})
    assert (answer.status, answer.headers["Location"]) == (303, "/settings?done=password")
    assert "logged out everywhere else" in (await ada.browser.get("/settings?done=password")).text
