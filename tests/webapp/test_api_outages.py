"""The outage contract: what is answered while Redis, MongoDB or S3 is gone or slow, and that it heals by itself."""

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from browsing import PROBLEM, Answer, Part
from door import Door, door_to
from photo import photo
from quiet_log import Expects
from sites import PASSWORD, Site, Starts
from tornado.ioloop import IOLoop

pytestmark = pytest.mark.gen_test(timeout=60)

VARIABLE = {"redis": "REDIS_URL", "mongodb": "MONGODB_URL", "s3": "S3_ENDPOINT_URL"}
SOON_SECONDS = 1.5
PHOTO = Part(photo(), "a.jpg", "image/jpeg")


@dataclass(frozen=True)
class Fragile:
    """An instance that reaches each backing service through a door."""

    site: Site
    doors: dict[str, Door]


@pytest.fixture
def fragile(io_loop: IOLoop, start: Starts, variables: dict[str, str], expects: Expects) -> Iterator[Fragile]:
    """All doors are open at first. What is unavailable may be logged."""
    expects("unavailable")
    stack = AsyncExitStack()

    async def build() -> Fragile:
        doors = {name: await stack.enter_async_context(door_to(variables[key])) for name, key in VARIABLE.items()}
        return Fragile(await start(**{VARIABLE[name]: door.url for name, door in doors.items()}), doors)

    yield io_loop.run_sync(build)
    io_loop.run_sync(stack.aclose)


async def soon(asking: Awaitable[Answer]) -> Answer:
    """The answer, which must not keep anybody waiting."""
    started = time.monotonic()
    answer = await asking
    assert time.monotonic() - started < SOON_SECONDS
    return answer


def is_unavailable(answer: Answer) -> bool:
    """503, with when to come again, in the form that was asked for."""
    return answer.status == 503 and answer.headers.get("Retry-After") == "2"


async def knock_out(door: Door, how: str) -> None:
    if how == "gone":
        await door.shut()
    else:
        door.stall()


BOTH = pytest.mark.parametrize("how", ["gone", "slow"])


@BOTH
async def test_without_redis_visitors_are_served(fragile: Fragile, how: str) -> None:
    """The count is unknown, and nobody waits for it."""
    ada = await fragile.site.join()
    card = await ada.send("Hello from Arles.")
    await knock_out(fragile.doors["redis"], how)
    browser = fragile.site.browser()
    front = await soon(browser.get("/"))
    assert front.status == 200
    assert 'data-visits="unknown"' in front.text
    assert "Hello from Arles." in front.text
    for path in ("/people", f"/people/{ada.handle}", f"/cards/{card['id']}", f"/api/v1/cards/{card['id']}", "/login"):
        assert (await soon(browser.get(path))).status == 200, path
    assert is_unavailable(await soon(browser.get("/api/v1/visits")))


@BOTH
async def test_without_redis_who_is_logged_in_is_asked_to_wait_and_stays_logged_in(fragile: Fragile, how: str) -> None:
    """503 in a page or a problem; the cookie is kept and works again afterwards, without a restart."""
    ada = await fragile.site.join()
    door = fragile.doors["redis"]
    cookies = dict(ada.browser.cookies)
    await knock_out(door, how)
    paths = ("/", "/board", "/settings", "/people", "/api/v1/me", "/api/v1/board", "/api/v1/sessions")
    answers = await asyncio.gather(*(soon(ada.browser.get(path)) for path in paths))
    for path, answer in zip(paths, answers, strict=True):
        assert is_unavailable(answer), path
        assert answer.media_type == (PROBLEM if path.startswith("/api") else "text/html")
    for answer in await asyncio.gather(
        soon(ada.browser.post("/api/v1/cards", json={"text": "x"})),
        soon(ada.browser.put("/api/v1/me", json={"name": "Mallory"})),
        soon(ada.browser.patch("/api/v1/me/preferences", json={"theme": "dark"})),
        soon(ada.browser.delete("/api/v1/sessions")),
        soon(ada.browser.post("/api/v1/reports")),
    ):
        assert is_unavailable(answer)
    assert {name: ada.browser.cookies[name] for name in ("session", "floor")} == {
        name: cookies[name] for name in ("session", "floor")
    }
    await door.open()
    assert (await ada.me())["name"] == "Ada Byron"
    assert (await ada.board())["cards"] == []


@BOTH
async def test_without_redis_nobody_signs_up_or_logs_in(fragile: Fragile, how: str) -> None:
    """Closed, and nothing half-done: the handle is still free afterwards."""
    await fragile.site.join("ada")
    door = fragile.doors["redis"]
    await knock_out(door, how)
    browser = fragile.site.browser()
    assert is_unavailable(
        await soon(browser.post("/api/v1/signup", json={"handle": "bob", "password": PASSWORD, "name": "Bob"}))
    )
    assert is_unavailable(await soon(browser.post("/api/v1/login", json={"handle": "ada", "password": PASSWORD})))
    assert browser.cookies == {}
    await door.open()
    assert (await fragile.site.join("bob")).handle == "bob"


@BOTH
async def test_without_redis_logging_out_says_what_it_could_not_do(fragile: Fragile, how: str) -> None:
    """The browser forgets its cookie; the session itself ends by expiry."""
    api, page = await fragile.site.join(), await fragile.site.join()
    token = await page.browser.token()
    await knock_out(fragile.doors["redis"], how)
    by_api = await soon(api.browser.post("/api/v1/logout"))
    by_page = await soon(page.browser.post("/logout", form={"_xsrf": token}))
    for answer, browser in ((by_api, api.browser), (by_page, page.browser)):
        assert answer.status == 503
        assert "You are logged out in this browser" in answer.text
        assert "session" not in browser.cookies


async def test_without_redis_hot_copies_do_not_authorise_writes(fragile: Fragile, start: Starts) -> None:
    """What this process holds in memory is for reading."""
    hot = await start(STICKY_MODE="on", HOT_STALENESS_SECONDS="60", REDIS_URL=fragile.doors["redis"].url)
    ada = await hot.join()
    for _ in range(3):
        await ada.board()
    await fragile.doors["redis"].shut()
    assert is_unavailable(await soon(ada.browser.post("/api/v1/cards", json={"text": "x"})))
    await fragile.doors["redis"].open()
    assert (await ada.board())["cards"] == []


@BOTH
async def test_without_mongodb_what_is_cached_is_served(fragile: Fragile, how: str) -> None:
    """A board that Redis has; the rest is 503."""
    ada = await fragile.site.join()
    await ada.send("Hello from Arles.")
    await ada.board()
    door = fragile.doors["mongodb"]
    await knock_out(door, how)
    assert [card["text"] for card in (await ada.board())["cards"]] == ["Hello from Arles."]
    assert (await ada.me())["handle"] == ada.handle
    patience = SOON_SECONDS if how == "gone" else 4
    async with asyncio.timeout(patience):
        answers = await asyncio.gather(
            ada.browser.post("/api/v1/cards", json={"text": "x"}),
            ada.browser.get(f"/api/v1/people/{ada.handle}"),
            fragile.site.browser().get("/people"),
            fragile.site.browser().post("/api/v1/login", json={"handle": ada.handle, "password": PASSWORD}),
        )
    assert all(is_unavailable(answer) for answer in answers), [answer.status for answer in answers]
    await door.open()
    assert len((await ada.board())["cards"]) <= 2


async def test_without_mongodb_a_write_that_is_repeated_afterwards_happens_once(fragile: Fragile) -> None:
    """Whether the first attempt got through is unknown to its sender; the key makes it safe to ask again."""
    ada = await fragile.site.join()
    key = {"Idempotency-Key": "a-key"}
    fragile.doors["mongodb"].stall()
    assert is_unavailable(await ada.browser.post("/api/v1/cards", json={"text": "once"}, headers=key))
    await fragile.doors["mongodb"].open()
    await ada.send("once", headers=key)
    assert [card["text"] for card in (await ada.board())["cards"]] == ["once"]
    assert (await ada.me())["cards"] == 1


@pytest.mark.usefixtures("bucket")
async def test_without_s3_nothing_is_half_stored(fragile: Fragile) -> None:
    """No card without its photo, no avatar that nobody can see; everything else is served."""
    ada = await fragile.site.join()
    await fragile.doors["s3"].shut()
    look = {"text": Part(b"Look!"), "photo": PHOTO}
    assert is_unavailable(await soon(ada.browser.post("/api/v1/cards", parts=look)))
    assert is_unavailable(await soon(ada.browser.put("/api/v1/me/avatar", body=photo())))
    assert is_unavailable(await soon(ada.browser.get("/media/" + "0" * 16 + "/" + "0" * 64)))
    assert ((await ada.me())["avatar"], (await ada.board())["cards"]) == (None, [])
    await ada.send("without a photo")
    await fragile.doors["s3"].open()
    assert (await ada.browser.post("/api/v1/cards", parts=look)).status == 201
    assert len((await ada.board())["cards"]) == 2


async def test_an_instance_that_was_started_during_an_outage_heals(
    start: Starts, variables: dict[str, str], expects: Expects
) -> None:
    """It starts, answers by the table, and serves as soon as it can."""
    expects("unavailable")
    door = Door(variables["REDIS_URL"])
    site = await start(REDIS_URL=door.url)
    front = await soon(site.browser().get("/"))
    assert (front.status, 'data-visits="unknown"' in front.text) == (200, True)
    await door.open()
    ada = await site.join()
    assert (await ada.me())["handle"] == ada.handle
    await door.shut()


async def test_a_report_cannot_be_asked_for_without_redis(fragile: Fragile) -> None:
    """The queue lives there."""
    ada = await fragile.site.join()
    await fragile.doors["redis"].shut()
    assert is_unavailable(await soon(ada.browser.post("/api/v1/reports")))
    await fragile.doors["redis"].open()
    assert (await ada.browser.post("/api/v1/reports")).status == 202


async def test_what_failed_is_counted(fragile: Fragile) -> None:
    """By backing service."""
    ada = await fragile.site.join()
    for name in ("redis", "mongodb", "s3"):
        assert fragile.site.counted("hotseat_backend_calls_total", backend=name, result="error") == 0
    await fragile.doors["s3"].shut()
    await ada.browser.put("/api/v1/me/avatar", body=photo())
    await fragile.doors["mongodb"].shut()
    await ada.browser.get(f"/api/v1/people/{ada.handle}")
    await fragile.doors["redis"].shut()
    await ada.browser.get("/api/v1/me")
    for name in ("redis", "mongodb", "s3"):
        assert fragile.site.counted("hotseat_backend_calls_total", backend=name, result="error") >= 1
