"""Uploads on their way in: refused as early as can be known, bounded while they are held, gone with whoever leaves."""

import asyncio
from collections.abc import Callable

import pytest
from browsing import MULTIPART, Part, multipart
from photo import photo
from quiet_log import Expects
from sites import Member, Site
from slow_upload import slow_upload

import webapp.receiving
from webapp.documents.cards import COLLECTION
from webapp.pictures import MAX_BYTES
from webapp.receiving import MAX_BODY_BYTES, FrontServer
from webapp.resources import MOST_UPLOAD_BYTES
from webapp.uploads import Uploads

pytestmark = pytest.mark.gen_test(timeout=30)

LARGE = MAX_BYTES
ROUTES = [("POST", "/cards"), ("POST", "/settings/avatar"), ("POST", "/api/v1/cards"), ("PUT", "/api/v1/me/avatar")]
API = [("POST", "/api/v1/cards", "photo"), ("PUT", "/api/v1/me/avatar", "avatar")]
CARD = multipart({"text": Part(b"a card"), "photo": Part(photo(), "a.jpg", "image/jpeg")})
STARTED = CARD[:2000]


async def until(settled: Callable[[], bool]) -> None:
    """Lets the event loop turn until it is so."""
    async with asyncio.timeout(10):
        while not settled():  # noqa: ASYNC110  # it is seen from outside, as by a client
            await asyncio.sleep(0.005)


async def stored(site: Site) -> tuple[int, list[str]]:
    """How many cards there are, and what is in S3."""
    listed = site.resources.media._s3().list_objects_v2(Bucket=site.resources.settings.s3_bucket)
    keys = [each["Key"] for each in listed.get("Contents", [])]
    return await site.resources.documents.store.count(COLLECTION, {}), keys


def is_quiet(site: Site, server: FrontServer) -> bool:
    """Nothing is held, received or in flight."""
    resources = site.resources
    return (resources.uploads.held_bytes, resources.metrics.in_flight, server.receiving) == (0, 0, 0)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_nobody_is_told_so_before_anything_is_sent(site: Site, method: str, path: str) -> None:
    """401 to a program, to log in for a browser; of ten megabytes announced not one byte was read."""
    async with slow_upload(site.browser(), method, path, LARGE) as upload:
        answer = await upload.answer()
    if path.startswith("/api"):
        assert answer.status == 401
    else:
        assert (answer.status, answer.headers["location"]) == (302, "/login")


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_what_is_too_large_is_told_so_before_it_is_sent(site: Site, method: str, path: str) -> None:
    """413 by the length that is announced; then the connection is closed."""
    ada = await site.join()
    async with slow_upload(ada.browser, method, path, MAX_BODY_BYTES + 1) as upload:
        assert (await upload.answer()).status == 413
        assert await upload.is_closed()


@pytest.mark.parametrize(("method", "path", "field"), API)
async def test_another_site_is_told_so_before_it_is_sent(site: Site, method: str, path: str, field: str) -> None:
    """403."""
    ada = await site.join()
    async with slow_upload(ada.browser, method, path, LARGE, Origin="https://elsewhere.example") as upload:
        assert (await upload.answer()).status == 403


@pytest.mark.parametrize(("method", "path", "field"), API)
async def test_what_is_no_picture_is_told_so_at_once(site: Site, method: str, path: str, field: str) -> None:
    """422 when two kilobytes of ten megabytes have come; what is still sent is dropped, and the connection goes on."""
    ada = await site.join()
    body = b"no picture" * 200
    if field == "photo":
        body = multipart({"photo": Part(body, "a.jpg")})[:2000]
    media_type = MULTIPART if field == "photo" else "image/jpeg"
    async with slow_upload(ada.browser, method, path, LARGE, media_type=media_type) as upload:
        await upload.send(body)
        answer = await upload.answer()
        assert (answer.status, set(answer.faults)) == (422, {field})
        assert site.resources.uploads.held_bytes == 0
        await upload.send(b"x" * (LARGE - len(body)))
        await upload.send(b"GET /api/v1/visits HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await upload.answer()).status == 200


async def test_the_rest_of_what_is_refused_is_not_waited_for_long(
    site: Site, http_server: FrontServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the connection is closed, and nothing of it is left."""
    monkeypatch.setattr(webapp.receiving, "LINGER_SECONDS", 0.05)
    ada = await site.join()
    async with slow_upload(ada.browser, "POST", "/api/v1/cards", LARGE) as upload:
        await upload.send(multipart({"photo": Part(b"no picture" * 200, "a.jpg")})[:2000])
        assert (await upload.answer()).status == 422
        assert await upload.is_closed()
    await until(lambda: is_quiet(site, http_server))


@pytest.mark.usefixtures("bucket")
async def test_who_asks_whether_to_go_on_is_told(site: Site) -> None:
    """`Expect: 100-continue` (RFC 9110, 10.1.1): 100 and then the answer; or the refusal alone, and an end."""
    ada = await site.join()
    async with slow_upload(ada.browser, "POST", "/api/v1/cards", len(CARD), Expect="100-continue") as upload:
        assert (await upload.answer()).status == 100
        await upload.send(CARD)
        assert (await upload.answer()).status == 201
    async with slow_upload(site.browser(), "POST", "/api/v1/cards", LARGE, Expect="100-continue") as upload:
        assert (await upload.answer()).status == 401
        assert await upload.is_closed()


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_who_leaves_midway_leaves_nothing_behind(
    site: Site, http_server: FrontServer, method: str, path: str
) -> None:
    """Its memory is free, it is counted nowhere any more, and neither S3 nor MongoDB has heard of it."""
    ada = await site.join()
    async with slow_upload(ada.browser, method, path, LARGE) as upload:
        await upload.send(STARTED if path != "/api/v1/me/avatar" else photo())
        await until(lambda: site.resources.uploads.held_bytes == LARGE)
        assert (site.resources.metrics.in_flight, http_server.receiving) == (1, 1)
        await upload.leave()
        await until(lambda: is_quiet(site, http_server))
    assert await stored(site) == (0, [])


@pytest.mark.usefixtures("bucket")
async def test_an_upload_that_takes_long_is_one_write(site: Site, http_server: FrontServer) -> None:
    """It comes in pieces, is in flight all the while, and is stored once it is whole."""
    ada = await site.join()
    async with slow_upload(ada.browser, "POST", "/api/v1/cards", len(CARD)) as upload:
        for at in range(0, len(CARD), 5000):
            await upload.send(CARD[at : at + 5000])
            assert (await stored(site))[0] == 0
        assert (await upload.answer()).status == 201
    await until(lambda: is_quiet(site, http_server))
    assert (await stored(site))[0] == 1


async def test_beyond_the_room_there_is_whoever_comes_is_refused_at_once(site: Site, expects: Expects) -> None:
    """503 and when to come again, before a byte is sent; cards without a photo go on."""
    expects("overloaded")
    members = [await site.join() for _ in range(MOST_UPLOAD_BYTES // LARGE)]
    late = await site.join()
    uploads = [slow_upload(each.browser, "PUT", "/api/v1/me/avatar", LARGE) for each in members]
    opened = [await each.__aenter__() for each in uploads]
    await until(lambda: site.resources.uploads.held_bytes == len(members) * LARGE)
    async with slow_upload(late.browser, "PUT", "/api/v1/me/avatar", LARGE) as refused:
        answer = await refused.answer()
        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    await late.send("a card without a photo")
    assert site.counted("hotseat_upload_bytes") == len(members) * LARGE
    for each in opened:
        await each.leave()
    await until(lambda: site.resources.uploads.held_bytes == 0)
    for each in uploads:
        await each.__aexit__(None, None, None)


async def test_one_person_cannot_take_all_the_room(site: Site) -> None:
    """429 and when to come again."""
    ada = await site.join()
    async with (
        slow_upload(ada.browser, "PUT", "/api/v1/me/avatar", LARGE),
        slow_upload(ada.browser, "PUT", "/api/v1/me/avatar", LARGE),
    ):
        await until(lambda: site.resources.uploads.held_bytes == 2 * LARGE)
        async with slow_upload(ada.browser, "PUT", "/api/v1/me/avatar", LARGE) as third:
            answer = await third.answer()
    assert (answer.status, answer.headers["retry-after"], set(answer.faults)) == (429, "5", {"body"})


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(("path", "field"), [("/cards", "photo"), ("/settings/avatar", "avatar")])
@pytest.mark.parametrize("token", ["", "another"])
async def test_a_form_that_is_not_ours_does_nothing(site: Site, path: str, field: str, token: str) -> None:
    """Its token comes in the body, so it is only known at the end; nothing has happened by then."""
    ada = await site.join()
    fields = {"_xsrf": Part(token.encode()), "text": Part(b"not from a page of ours")}
    answer = await ada.browser.post(path, parts={**fields, field: Part(photo(), "a.jpg")})
    assert answer.status == 403
    assert await stored(site) == (0, [])
    # Nor is a fault told to whoever sends one.
    assert (await ada.browser.post(path, parts={**fields, field: Part(b"no picture", "a.jpg")})).status == 403


@pytest.mark.parametrize(("path", "field"), [("/cards", "photo"), ("/settings/avatar", "avatar")])
async def test_a_page_tells_what_is_wrong_beside_the_field(site: Site, path: str, field: str) -> None:
    """With what was typed behind the picture, which was refused before it came."""
    ada = await site.join()
    body = {field: Part(b"no picture" * 1000, "a.jpg"), "text": Part(b"typed before")}
    texts = {"_xsrf": Part((await ada.browser.token()).encode())}
    answer = await ada.browser.post(path, parts={**texts, **body})
    assert answer.status == 422
    assert f'id="{field}-problem"' in answer.text
    assert ("typed before" in answer.text) == (path == "/cards")


@pytest.mark.usefixtures("bucket")
async def test_a_session_that_ends_while_it_uploads_writes_nothing(site: Site) -> None:
    """It was alive when the upload began; what counts is when it is written (P4)."""
    ada = await site.join()
    async with slow_upload(ada.browser, "POST", "/api/v1/cards", len(CARD)) as upload:
        await upload.send(STARTED)
        await until(lambda: site.resources.uploads.held_bytes == 0 and site.resources.metrics.in_flight == 1)
        await ada.browser.clone().post("/api/v1/logout")
        await upload.send(CARD[len(STARTED) :])
        assert (await upload.answer()).status == 401
    assert await stored(site) == (0, [])


async def test_room_is_given_back_whatever_becomes_of_a_request(site: Site, http_server: FrontServer) -> None:
    """Refused, broken, too large, answered: all of it is free again."""
    ada: Member = await site.join()
    large = photo() + b"\0" * (MAX_BYTES + 1 - len(photo()))
    damaged = large[:200_000]
    for parts in ({"photo": Part(large, "a")}, {"text": Part(b"a" * 100_000)}, {"photo": Part(damaged, "a")}):
        assert (await ada.browser.post("/api/v1/cards", parts=parts)).status == 422
    broken = multipart({"photo": Part(damaged, "a.jpg")})[:-10]
    assert (await ada.browser.post("/api/v1/cards", body=broken, headers={"Content-Type": MULTIPART})).status == 400
    await until(lambda: is_quiet(site, http_server))


async def test_the_bound_is_that_of_the_process(site: Site) -> None:
    """Five of the largest pictures at least, whatever the numbers are changed to."""
    assert isinstance(site.resources.uploads, Uploads)
    assert MOST_UPLOAD_BYTES >= 5 * MAX_BODY_BYTES
