"""Deleting one's account: what is gone at once, what the worker removes, and that nothing stops it half-way."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from browsing import Answer, Part
from photo import photo
from quiet_log import Expects
from sites import PASSWORD, WORKER, Member, ShiftedClock, Site, Starts

from webapp import departures
from webapp.departures import finish_departures, keep_finishing
from webapp.documents import Departure
from webapp.documents import departures as documents_of_departures
from webapp.errors import BackendUnavailable
from webapp.exporting import Exports

pytestmark = [pytest.mark.gen_test(timeout=60), pytest.mark.usefixtures("bucket")]

KEPT_IN_REDIS = ("v:", "w:", "quota:", "once:")  # numbers and digests under a random tag that nobody has any more
COLLECTIONS = ("people", "follows", "cards", "likes", "reports", "boards")


async def leave(member: Member, password: str = PASSWORD) -> Answer:
    """Deletes the account."""
    return await member.browser.delete("/api/v1/me", json={"password": password})


async def busy(site: Site, friends: list[Member]) -> tuple[Member, str, str]:
    """Somebody who has left traces everywhere; their id, and a card of the first friend's that they like."""
    ada = await site.join()
    card = await ada.send("Hello from Arles.")
    theirs = await friends[0].send("Hello from Bath.")
    await ada.browser.put(f"/api/v1/cards/{theirs['id']}/like")
    for friend in friends:
        await friend.follow(ada.handle)
        await ada.follow(friend.handle)
        await friend.browser.put(f"/api/v1/cards/{card['id']}/like")
    person_id, report_id = (await ada.me())["id"], (await ada.browser.post("/api/v1/reports")).json["id"]
    for key in (f"{person_id}/{'0' * 64}", f"exports/{person_id}/{report_id}.zip"):
        await site.resources.media.put(key, b"theirs", "application/octet-stream")
    await ada.board()
    return ada, person_id, theirs["id"]


async def traces(site: Site, person_id: str, tag: str) -> list[str]:
    """Whatever is still kept of somebody, anywhere."""
    found = []
    for collection in COLLECTIONS:
        documents = await site.resources.documents.store.find(collection, {}, 1000)
        found += [f"{collection}: {each}" for each in documents if person_id in str(each)]
    for folder in (person_id, f"exports/{person_id}"):
        found += [key async for page in site.resources.media.pages() for key, _ in page if key.startswith(f"{folder}/")]
    [keys] = await site.resources.cache.link.ask("read", ("KEYS", f"*{{{tag}}}*"))
    return found + [key.decode() for key in keys if not key.decode().startswith(KEPT_IN_REDIS)]


def tag_of(member: Member) -> str:
    """The tag in a member's cookie."""
    return member.browser.cookies["session"].split(".")[0]


async def test_nobody_of_this_name_is_there_any_more(site: Site) -> None:
    """At once, the worker has done nothing yet: no log-in, no session, no profile, no card; and the handle is free."""
    bob = await site.join()
    ada, person_id, _ = await busy(site, [bob])
    phone = await site.log_in(ada.handle)
    [card, *_] = (await bob.browser.get(f"/api/v1/people/{ada.handle}")).json["cards"]
    answer = await leave(ada)
    assert (answer.status, ada.browser.cookies.keys() & {"session", "floor"}) == (204, set())
    assert (await phone.browser.get("/api/v1/me")).status == 401
    assert (await bob.browser.get(f"/api/v1/people/{ada.handle}")).status == 404
    assert (await bob.browser.get(f"/api/v1/cards/{card['id']}")).status == 404
    body = {"handle": ada.handle, "password": PASSWORD}
    assert (await ada.browser.post("/api/v1/login", json=body)).status == 401
    again = await site.join(ada.handle)
    assert (await again.me())["id"] != person_id
    assert (await again.me())["cards"] == 0


async def test_nothing_is_left_of_who_is_gone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """In MongoDB, S3 and Redis, and no counter of others counts them. Everything goes in small batches."""
    monkeypatch.setattr(documents_of_departures, "BATCH", 2)
    friends = [await site.join() for _ in range(5)]
    ada, person_id, liked = await busy(site, friends)
    tag = tag_of(ada)
    look = {"text": Part(b"Look."), "photo": Part(photo(), "a.jpg", "image/jpeg")}
    assert (await ada.browser.post("/api/v1/cards", parts=look)).status == 201
    assert (await ada.browser.put("/api/v1/me/avatar", body=photo(hue=5))).status == 200
    report_id = (await ada.browser.post("/api/v1/reports")).json["id"]
    await Exports(site.resources, WORKER).export(person_id, report_id)
    assert len(await traces(site, person_id, tag)) > 20
    await leave(ada)
    assert await finish_departures(site.resources) == 1
    assert await traces(site, person_id, tag) == []
    for friend in friends:
        person = (await friend.browser.get(f"/api/v1/people/{friend.handle}")).json["person"]
        assert (person["followers"], person["following"]) == (0, 0)
    assert (await friends[0].browser.get(f"/api/v1/cards/{liked}")).json["likes"] == 0


class Failing:
    """Lets a number of calls of the stores be done, and loses the answer of the last one."""

    def __init__(self, site: Site, calls: int) -> None:
        self.left = calls
        resources = site.resources
        self._stores = ((resources.documents.store, WRITES_TO_MONGODB), (resources.media, ("do",)))

    def under(self, patch: pytest.MonkeyPatch) -> None:
        """Until the patch is undone."""
        for store, names in self._stores:
            for name in names:
                patch.setattr(store, name, self._counted(getattr(store, name)))

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        async def counted(*args: Any, **options: Any) -> Any:
            answer = await call(*args, **options)
            self.left -= 1
            if self.left == 0:
                raise BackendUnavailable("mongodb", "gone after it was done")
            return answer

        return counted


WRITES_TO_MONGODB = ("insert", "update", "delete", "delete_many")


async def test_a_departure_that_dies_anywhere_is_gone_on_with(
    site: Site, expects: Expects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each write in turn: whatever was lost on the way, in the end nothing is left and every counter is right."""
    expects("unavailable")
    bob = await site.join()
    for calls in range(1, 100):
        ada, person_id, liked = await busy(site, [bob])
        tag = tag_of(ada)
        failing = Failing(site, calls)
        with monkeypatch.context() as patch:
            failing.under(patch)
            status = (await leave(ada)).status
            try:
                await finish_departures(site.resources)
            except BackendUnavailable:
                assert failing.left == 0
        assert status == (503 if calls <= 2 else 204), calls
        await finish_departures(site.resources)
        assert await traces(site, person_id, tag) == [], calls
        person = (await bob.browser.get(f"/api/v1/people/{bob.handle}")).json["person"]
        assert (person["followers"], person["following"]) == (0, 0), calls
        assert (await bob.browser.get(f"/api/v1/cards/{liked}")).json["likes"] == 0, calls
        if failing.left > 0:
            break
    assert calls > 20


async def test_what_comes_late_is_removed_as_well(start: Starts) -> None:
    """A card that was being written meanwhile: an hour later everything is gone through once more, then forgotten."""
    clock = ShiftedClock()
    site = await start(clock)
    ada = await site.join()
    person_id, tag = (await ada.me())["id"], tag_of(ada)
    await leave(ada)
    assert await finish_departures(site.resources) == 1
    documents = site.resources.documents
    await documents.cards.add("c" * 24, person_id, "late", None, "digest")
    await site.resources.media.put(f"{person_id}/{'0' * 64}", b"late", "image/webp")
    clock.shift = 3590
    assert await finish_departures(site.resources) == 0
    clock.shift = 3610
    assert await finish_departures(site.resources) == 1
    assert await traces(site, person_id, tag) == []
    assert await documents.store.find("departures", {}, 10) == []


async def test_who_does_not_know_the_password_deletes_nothing(start: Starts) -> None:
    """Nor may they try for ever."""
    site = await start(FAILED_LOGINS_PER_ACCOUNT="2")
    ada = await site.join()
    answers = [await leave(ada, "not this one") for _ in range(3)]
    assert [answer.status for answer in answers] == [403, 403, 429]
    assert answers[0].faults == {"password": "This is not your password."}
    assert (await ada.me())["handle"] == ada.handle
    assert await finish_departures(site.resources) == 0


async def test_a_log_in_under_way_does_not_outlive_the_account(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its password was right a moment ago."""
    ada = await site.join("ada")
    tag = tag_of(ada)
    looked, go_on = asyncio.Event(), asyncio.Event()
    give_back = site.resources.throttle.give_back

    async def held(handle: str) -> None:
        await give_back(handle)
        looked.set()
        await go_on.wait()

    with monkeypatch.context() as patch:
        patch.setattr(site.resources.throttle, "give_back", held)
        body = {"handle": "ada", "password": PASSWORD}
        late = asyncio.ensure_future(site.browser().post("/api/v1/login", json=body))
        await looked.wait()
    await leave(ada)
    go_on.set()
    assert (await late).status == 401
    assert await site.resources.sessions.list(tag) == []


async def test_the_worker_looks_again_after_an_outage(
    site: Site, expects: Expects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 was away the first time."""
    expects("departures wait")
    monkeypatch.setattr(departures, "LOOK_SECONDS", 0.01)
    ada = await site.join()
    person_id, tag = (await ada.me())["id"], tag_of(ada)
    await leave(ada)
    ended, end = asyncio.Event(), site.resources.documents.departures.end

    async def end_and_tell(departure: Departure) -> None:
        await end(departure)
        ended.set()

    monkeypatch.setattr(site.resources.documents.departures, "end", end_and_tell)
    failing = Failing(site, 1)
    failing.under(monkeypatch)
    working = asyncio.ensure_future(keep_finishing(site.resources))
    await ended.wait()
    working.cancel()
    assert failing.left < 0
    assert await traces(site, person_id, tag) == []


async def test_the_page_asks_for_the_password_and_says_goodbye(site: Site) -> None:
    """What is wrong is said beside the field."""
    ada = await site.join()
    wrong = await ada.browser.submit("/settings/leave", {"password": "none of mine"})
    assert (wrong.status, 'data-testid="error-password"' in wrong.text) == (403, True)
    answer = await ada.browser.submit("/settings/leave", {"password": PASSWORD})
    assert (answer.status, answer.headers["Location"]) == (303, "/?done=gone")
    assert "Your account is deleted." in (await ada.browser.get("/?done=gone")).text
