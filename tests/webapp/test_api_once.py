"""Writes that count once however often they are sent, and how much one person may write."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from browsing import Answer, Browser, Part
from photo import photo
from sites import Member, Site, Starts

from webapp.documents.cards import COLLECTION

pytestmark = [pytest.mark.gen_test(timeout=30)]

KEY = {"Idempotency-Key": "a-key"}

WRITES = [
    # with what, and with what not any more
    pytest.param("POST", "/api/v1/cards", ({"json": {"text": "once"}}, {"json": {"text": "other"}}), id="card"),
    pytest.param("PUT", "/api/v1/me", ({"json": {"name": "Once"}}, {"json": {"name": "Other"}}), id="profile"),
    pytest.param(
        "PATCH", "/api/v1/me/preferences", ({"json": {"theme": "dark"}}, {"json": {"theme": "light"}}), id="preferences"
    ),
    pytest.param("PUT", "/api/v1/me/avatar", ({"body": photo(hue=1)}, {"body": photo(hue=2)}), id="avatar"),
    pytest.param("POST", "/api/v1/reports", ({}, None), id="report"),
]


async def send(browser: Browser, method: str, path: str, what: dict[str, Any]) -> Answer:
    """A write with the key."""
    return await browser.ask(method, path, headers=KEY, **what)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(("method", "path", "contents"), WRITES)
async def test_a_write_sent_again_is_answered_as_the_first_time(
    site: Site, start: Starts, method: str, path: str, contents: tuple[dict[str, Any], dict[str, Any] | None]
) -> None:
    """Through another instance too, the version apart, which is that of now; with other content it is refused."""
    what, other = contents
    ada, elsewhere = await site.join(), await start(INSTANCE_ID="web-2")
    first = await send(ada.browser, method, path, what)
    assert first.status in (200, 201, 202), first.text
    ada.browser.url = elsewhere.url
    again = await send(ada.browser, method, path, what)
    assert again.status == first.status
    assert again.json | {"version": 0} == first.json | {"version": 0}
    assert again.json.get("version", 0) >= first.json.get("version", 0)
    assert elsewhere.counted("hotseat_idempotent_replays_total") == 1
    if other is not None:
        refused = await send(ada.browser, method, path, other)
        assert (refused.status, set(refused.faults)) == (422, {"Idempotency-Key"})


async def test_a_like_sent_again_is_not_taken_for_a_new_one(site: Site) -> None:
    """Liked, taken back, and the first request once more: the card stays as it is, and the answer is the first."""
    ada = await site.join()
    path = f"/api/v1/cards/{(await ada.send('like me'))['id']}/like"
    first = await send(ada.browser, "PUT", path, {})
    await ada.browser.ask("DELETE", path)
    assert (await send(ada.browser, "PUT", path, {})).json == first.json == {"likes": 1, "liked": True}
    assert (await ada.browser.get(path.removesuffix("/like"))).json["likes"] == 0


async def test_one_key_is_not_for_two_kinds_of_write(site: Site) -> None:
    ada = await site.join()
    await send(ada.browser, "POST", "/api/v1/cards", {"json": {"text": "once"}})
    refused = await send(ada.browser, "POST", "/api/v1/reports", {})
    assert (refused.status, set(refused.faults)) == (422, {"Idempotency-Key"})


async def test_a_form_sent_twice_counts_once(site: Site) -> None:
    """The browser puts the second one together anew: another boundary, another token."""
    ada = await site.join()
    fields = {"text": "by form", "idempotency_key": "k" * 22}
    for _ in range(2):
        answer = await ada.browser.submit("/cards", fields, files={})
        assert (answer.status, answer.headers["Location"]) == (303, "/board?done=sent")
    assert [card["text"] for card in (await ada.browser.get(f"/api/v1/people/{ada.handle}")).json["cards"]] == [
        "by form"
    ]


async def test_an_answer_that_was_forgotten_is_found_again_in_the_truth(site: Site) -> None:
    """Redis only remembers it: emptied, the card is still there once."""
    ada = await site.join()
    first = await send(ada.browser, "POST", "/api/v1/cards", {"json": {"text": "once"}})
    link = site.resources.cache.link
    [_, keys] = (await link.ask("read", ("SCAN", 0, "MATCH", "once:*", "COUNT", 1000)))[0]
    assert len(keys) == 1
    await link.ask("commit", ("DEL", *keys))
    assert (await send(ada.browser, "POST", "/api/v1/cards", {"json": {"text": "once"}})).json == first.json
    assert await site.resources.documents.store.count(COLLECTION, {}) == 1


async def test_nobody_is_told_what_somebody_else_was_answered(site: Site) -> None:
    """The same key of two people, and the same key after the session ended."""
    ada, bob = await site.join(), await site.join()
    first = await send(ada.browser, "POST", "/api/v1/cards", {"json": {"text": "mine"}})
    other = await send(bob.browser, "POST", "/api/v1/cards", {"json": {"text": "mine"}})
    assert first.json["id"] != other.json["id"]
    session = ada.browser.cookies["session"]
    await ada.browser.post("/api/v1/logout")
    ada.browser.cookies["session"] = session
    assert (await send(ada.browser, "POST", "/api/v1/cards", {"json": {"text": "mine"}})).status == 401


async def test_what_was_asked_is_remembered_under_a_key_of_ours(site: Site, start: Starts) -> None:
    """A password may be part of it, and Redis is not to tell whether a guess is right. A new key is put before it."""
    ada = await site.join()
    first = await send(ada.browser, "POST", "/api/v1/cards", {"json": {"text": "once"}})
    ada.browser.url = (await start(SECRET_KEYS="n" * 40 + "," + "s" * 40)).url
    assert (await send(ada.browser, "POST", "/api/v1/cards", {"json": {"text": "once"}})).json == first.json
    ada.browser.url = (await start(SECRET_KEYS="n" * 40)).url
    assert (await send(ada.browser, "POST", "/api/v1/cards", {"json": {"text": "once"}})).status == 422


# --- quotas --------------------------------------------------------------------------------------------------------


async def test_who_has_sent_too_many_cards_has_to_wait(start: Starts) -> None:
    """429, when to come back, and the others are not concerned; another instance knows it too."""
    one, two = await start(CARDS_PER_DAY="2"), await start(CARDS_PER_DAY="2")
    ada, bob = await one.join(), await one.join()
    for _ in range(2):
        await ada.send("fine")
    ada.browser.url = two.url
    refused = await ada.browser.post("/api/v1/cards", json={"text": "one too many"})
    assert (refused.status, set(refused.faults)) == (429, {"cards"})
    assert 43_000 < int(refused.headers["Retry-After"]) <= 43_200
    assert "12 hours" in refused.json["detail"]
    assert (await ada.browser.get(f"/api/v1/people/{ada.handle}")).json["person"]["cards"] == 2
    await bob.send("fine")


async def test_a_card_that_is_refused_by_form_is_not_lost(start: Starts) -> None:
    """The board comes back with what was typed, and why."""
    site = await start(CARDS_PER_DAY="1")
    ada = await site.join()
    await ada.send("fine")
    answer = await ada.browser.submit("/cards", {"text": "typed with care"})
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 86_000
    assert "typed with care" in answer.text
    assert "as many cards as one may" in answer.text


@pytest.mark.usefixtures("bucket")
async def test_pictures_have_a_quota_of_their_own(start: Starts) -> None:
    """On cards and as avatar, by API and by form."""
    site = await start(PHOTOS_PER_DAY="1")
    ada = await site.join()
    parts = {"text": Part(b"Look!"), "photo": Part(photo(), "a.jpg", "image/jpeg")}
    assert (await ada.browser.post("/api/v1/cards", parts=parts)).status == 201
    refused = await ada.browser.post("/api/v1/cards", parts=parts)
    assert (refused.status, set(refused.faults)) == (429, {"photos"})
    assert (await ada.browser.put("/api/v1/me/avatar", body=photo(hue=3))).status == 429
    answer = await ada.browser.submit("/settings/avatar", files={"avatar": Part(photo(hue=3), "a.jpg", "image/jpeg")})
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 86_000
    assert "as many photos as one may" in answer.text
    await ada.send("without a picture")


@pytest.mark.usefixtures("bucket")
async def test_no_picture_is_processed_for_a_write_that_is_not_let_in(start: Starts) -> None:
    """Over a quota, or sent again: neither costs the time of a decoder."""
    site = await start(PHOTOS_PER_DAY="1")
    ada = await site.join()
    processed = 0
    run = site.resources.studio.run

    async def counted(work: Callable[[], Any]) -> Any:
        nonlocal processed
        processed += 1
        return await run(work)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.resources.studio, "run", counted)
        parts = {"text": Part(b"Look!"), "photo": Part(photo(), "a.jpg", "image/jpeg")}
        sent = [await ada.browser.post("/api/v1/cards", parts=parts, headers=KEY) for _ in range(2)]
        assert [(answer.status, answer.json["id"]) for answer in sent] == [(201, sent[0].json["id"])] * 2
        assert (await ada.browser.post("/api/v1/cards", parts=parts)).status == 429
        assert (await ada.browser.put("/api/v1/me/avatar", body=photo())).status == 429
    assert processed == 1


async def test_reports_have_a_quota(start: Starts) -> None:
    site = await start(REPORTS_PER_DAY="1")
    ada = await site.join()
    assert (await ada.browser.post("/api/v1/reports")).status == 202
    assert (await ada.browser.post("/api/v1/reports")).status == 429


async def test_a_quota_holds_for_writes_at_the_same_moment(start: Starts) -> None:
    """Ten at once through two instances, of which three may."""
    sites = [await start(CARDS_PER_DAY="3") for _ in range(2)]
    ada = await sites[0].join()
    browsers = []
    for site in sites:
        browser = site.browser()
        browser.cookies.update(ada.browser.cookies)
        browsers.append(Member(browser, ada.handle))
    sent = [each.browser.post("/api/v1/cards", json={"text": f"card {n}"}) for n in range(5) for each in browsers]
    statuses = sorted(answer.status for answer in await asyncio.gather(*sent))
    assert statuses == [201] * 3 + [429] * 7
