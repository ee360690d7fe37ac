"""Sessions while they live and how they end: idleness, age, revocation; and the preferences they carry."""

import asyncio

import pytest
from sites import PASSWORD, ShiftedClock, Site, Starts

from webapp.sessions import Sessions

pytestmark = pytest.mark.gen_test(timeout=30)

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"


async def test_a_session_ends_by_idleness(start: Starts) -> None:
    """Nobody came for as long as the setting says."""
    clock = ShiftedClock()
    site = await start(clock, SESSION_IDLE_SECONDS="100")
    ada = await site.join()
    clock.shift = 99
    assert (await ada.browser.get("/api/v1/me")).status == 200
    clock.shift = 99 + 101
    assert (await ada.browser.get("/api/v1/me")).status == 401


async def test_a_session_in_use_ends_by_age_all_the_same(start: Starts) -> None:
    """However busy its person is."""
    clock = ShiftedClock()
    site = await start(clock, SESSION_IDLE_SECONDS="100", SESSION_ABSOLUTE_SECONDS="250")
    ada = await site.join()
    for clock.shift in (90, 180, 249):
        assert (await ada.browser.get("/api/v1/me")).status == 200
    clock.shift = 251
    assert (await ada.browser.get("/api/v1/me")).status == 401


async def test_redis_itself_ends_an_idle_session(site: Site) -> None:
    """It need not be asked for, nor does anybody's clock matter: the record is gone by its own expiry."""
    sessions = Sessions(site.resources.cache, idle_seconds=0.3, absolute_seconds=100, wall_clock=lambda: 1e9)
    await sessions.start("some-tag", "somebody", "a browser")
    assert len(await sessions.list("some-tag")) == 1
    await asyncio.sleep(0.4)
    [keys] = await site.resources.cache.link.ask("read", ("KEYS", "session:{some-tag}:*"))
    assert keys == []
    assert await sessions.list("some-tag") == []


async def test_a_late_touch_does_not_bring_a_session_back(site: Site) -> None:
    """The request was under way when the session was ended."""
    ada = await site.join()
    sessions = site.resources.sessions
    tag = ada.browser.cookies["session"].split(".")[0]
    [living] = await sessions.list(tag)
    await ada.browser.post("/api/v1/logout")
    await sessions.touch(living, seen=1.0)
    assert await sessions.prefer(living, {"theme": "dark"}) is None
    assert await sessions.list(tag) == []


async def test_touches_are_rare(start: Starts) -> None:
    """At most ten in the time a session may be idle, however many requests come."""
    clock = ShiftedClock()
    site = await start(clock, SESSION_IDLE_SECONDS="100")
    ada = await site.join()
    for clock.shift in (0, 1, 9, 10.5, 11, 20, 22, 23):
        await ada.me()
    assert site.counted("hotseat_sessions_total", event="touched") == 2
    assert site.counted("hotseat_sessions_total", event="touch_saved") == 6


async def test_ones_sessions_are_listed_with_what_tells_them_apart(site: Site) -> None:
    """Device, times, and which one is asking; never anything one could log in with."""
    await site.join("ada", user_agent=FIREFOX)
    phone = await site.log_in("ada", user_agent=IPHONE)
    listed = (await phone.browser.get("/api/v1/sessions")).json["sessions"]
    assert [(each["device"], each["current"]) for each in listed] == [
        ("Safari on iPhone", True),
        ("Firefox on Linux", False),
    ]
    for each in listed:
        assert each["created"] <= each["last_seen"] < each["expires"]
        assert phone.browser.cookies["session"].split(".")[1] not in each.values()


async def test_a_session_tells_from_where_it_is(site: Site) -> None:
    """As roughly as the browser told at log-in, by form and by API; and that it told nothing, if so."""
    languages = {"Accept_Language": "de-AT,de;q=0.9"}
    form = {"name": "Ada", "handle": "ada", "password": PASSWORD, "time_zone": "Europe/Vienna"}
    browser = site.browser(**languages)
    assert (await browser.submit("/signup", form)).status == 303
    phone = site.browser(**languages)
    body = {"handle": "ada", "password": PASSWORD, "time_zone": "America/New_York"}
    assert (await phone.post("/api/v1/login", json=body)).status == 200
    quiet = await site.log_in("ada")
    listed = (await quiet.browser.get("/api/v1/sessions")).json["sessions"]
    assert [each["place"] for each in listed] == ["", "New York, America (de-AT)", "Vienna, Europe (de-AT)"]
    assert "Vienna, Europe (de-AT)" in (await browser.get("/settings")).text


async def test_one_session_can_be_ended_from_another(site: Site) -> None:
    """The one that was chosen and no other."""
    ada = await site.join("ada")
    phone = await site.log_in("ada")
    tablet = await site.log_in("ada")
    listed = (await phone.browser.get("/api/v1/sessions")).json["sessions"]
    [own] = [each["id"] for each in (await ada.browser.get("/api/v1/sessions")).json["sessions"] if each["current"]]
    assert own in {each["id"] for each in listed}
    assert (await phone.browser.delete(f"/api/v1/sessions/{own}")).status == 204
    assert (await ada.browser.get("/api/v1/me")).status == 401
    assert (await tablet.browser.get("/api/v1/me")).status == 200
    assert (await phone.browser.delete(f"/api/v1/sessions/{own}")).status == 404


async def test_ending_the_session_that_asks_is_logging_out(site: Site) -> None:
    """Its cookie goes with it."""
    ada = await site.join()
    [own] = (await ada.browser.get("/api/v1/sessions")).json["sessions"]
    assert (await ada.browser.delete(f"/api/v1/sessions/{own['id']}")).status == 204
    assert ada.browser.cookies == {}


async def test_all_sessions_can_be_ended_at_once(site: Site) -> None:
    """Every browser of this person is logged out, nobody else's is."""
    ada, bob = await site.join("ada"), await site.join("bob")
    phone = await site.log_in("ada")
    answer = await phone.browser.delete("/api/v1/sessions")
    assert (answer.status, answer.json) == (200, {"ended": 2})
    assert phone.browser.cookies == {}
    assert (await ada.browser.get("/api/v1/me")).status == 401
    assert (await bob.browser.get("/api/v1/me")).status == 200


async def test_nobody_ends_somebody_elses_session(site: Site) -> None:
    """Its id is no secret once it was seen, and opens nothing."""
    ada, bob = await site.join(), await site.join()
    [of_bob] = (await bob.browser.get("/api/v1/sessions")).json["sessions"]
    assert (await ada.browser.delete(f"/api/v1/sessions/{of_bob['id']}")).status == 404
    assert (await bob.browser.get("/api/v1/me")).status == 200


async def test_a_session_ended_elsewhere_writes_nothing_even_where_a_copy_is_held(start: Starts) -> None:
    """Hot copies may be read for a moment longer; none of them ever authorises a write."""
    one, two = await start(HOT_CACHE="on"), await start(HOT_CACHE="on")
    ada = await one.join()
    copy = ada.browser.clone()
    assert (await copy.get("/api/v1/me", url=two.url)).status == 200
    await ada.browser.delete("/api/v1/sessions")
    for write in (
        copy.post("/api/v1/cards", json={"text": "x"}, url=two.url),
        copy.put("/api/v1/me", json={"name": "Mallory"}, url=two.url),
        copy.patch("/api/v1/me/preferences", json={"theme": "dark"}, url=two.url),
        copy.delete("/api/v1/sessions", url=two.url),
        copy.post("/api/v1/reports", url=two.url),
    ):
        assert (await write).status == 401
    assert (await one.browser().get(f"/api/v1/people/{ada.handle}")).json["person"]["name"] == "Ada Byron"


async def test_preferences_belong_to_the_session(site: Site) -> None:
    """One browser's choice is not the other's."""
    ada = await site.join("ada")
    phone = await site.log_in("ada")
    answer = await ada.browser.patch("/api/v1/me/preferences", json={"theme": "dark"})
    assert (answer.status, answer.json["preferences"]) == (200, {"theme": "dark"})
    assert (await ada.me())["preferences"] == {"theme": "dark"}
    assert (await phone.me())["preferences"] == {}


async def test_preferences_left_out_stay_as_they_are(site: Site) -> None:
    """Each is a field of its own: requests in parallel do not overwrite each other's."""
    ada = await site.join()
    await asyncio.gather(
        *(
            ada.browser.patch("/api/v1/me/preferences", json={name: "a"})
            for name in ("theme", "language", "density", "accent")
        )
    )
    await ada.browser.patch("/api/v1/me/preferences", json={"theme": "b"})
    assert (await ada.me())["preferences"] == {"theme": "b", "language": "a", "density": "a", "accent": "a"}


async def test_an_empty_change_of_preferences_changes_nothing(site: Site) -> None:
    """Not even the version."""
    ada = await site.join()
    await ada.me()
    before = await ada.me()
    answer = await ada.browser.patch("/api/v1/me/preferences", json={})
    assert (answer.status, answer.json) == (200, before)
