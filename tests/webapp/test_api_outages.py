"""The outage contract: what is answered while Redis, MongoDB or S3 is gone or slow, and that it heals by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from browsing import PROBLEM, Answer, Part
from door import Door, door_to
from photo import photo
from quiet_log import Expects
from sites import PASSWORD, Member, ShiftedClock, Site, Starts
from tornado.ioloop import IOLoop

pytestmark = pytest.mark.gen_test(timeout=60)

VARIABLE = {"redis": "REDIS_URL", "mongodb": "MONGODB_URL", "s3": "S3_ENDPOINT_URL"}
SOON_SECONDS = 1.5
STALE_WITHIN_SECONDS = 0.5
REFUSED_WITHIN_SECONDS = 1.0
SLACK_SECONDS = 0.3  # for a machine that is busy with other tests
HEALS_WITHIN_SECONDS = 3.0
TRUST_SECONDS = 0.5
HOT = {"STICKY_MODE": "on", "HOT_STALENESS_SECONDS": str(TRUST_SECONDS)}
PHOTO = Part(photo(), "a.jpg", "image/jpeg")


@dataclass(frozen=True)
class Fragile:
    """An instance that reaches each backing service through a door."""

    site: Site
    doors: dict[str, Door]


Builds = Callable[..., Awaitable[Fragile]]


@pytest.fixture
def build(io_loop: IOLoop, start: Starts, variables: dict[str, str], expects: Expects) -> Iterator[Builds]:
    """`await build(STICKY_MODE="on")` is such an instance, all doors open. What is unavailable may be logged."""
    expects("unavailable")
    expects("hot copies are not trusted")
    stack = AsyncExitStack()

    async def build_one(**more: str) -> Fragile:
        doors = {name: await stack.enter_async_context(door_to(variables[key])) for name, key in VARIABLE.items()}
        return Fragile(await start(**{VARIABLE[name]: door.url for name, door in doors.items()}, **more), doors)

    yield build_one
    io_loop.run_sync(stack.aclose)


@pytest.fixture
def fragile(io_loop: IOLoop, build: Builds) -> Fragile:
    """One in stateless mode."""
    return io_loop.run_sync(build)


async def within(seconds: float, asking: Awaitable[Answer]) -> Answer:
    """The answer, which must not keep anybody waiting for longer than this."""
    started = time.monotonic()
    answer = await asking
    took = time.monotonic() - started
    assert took < seconds + SLACK_SECONDS, took
    return answer


async def soon(asking: Awaitable[Answer]) -> Answer:
    """The answer, which must not keep anybody waiting."""
    return await within(SOON_SECONDS, asking)


async def comes_true(predicate: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + HEALS_WITHIN_SECONDS
    while not await predicate():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def healed(site: Site) -> None:
    """Returns once the instance has found its way back to Redis; it looks for one at least once a second."""

    async def reaches_redis() -> bool:
        return (await site.browser().get("/api/v1/visits")).status == 200

    await comes_true(reaches_redis)


async def trust_is_over(site: Site) -> None:
    """Returns once the instance does not trust its copies any more."""

    async def is_over() -> bool:
        return site.resources.cache.state()[0] != "trusted"

    await comes_true(is_over)


def is_unavailable(answer: Answer) -> bool:
    """503, with when to come again, in the form that was asked for."""
    return answer.status == 503 and answer.headers.get("Retry-After") == "2"


async def warm(member: Member) -> None:
    """Looks around until everything about this person is held in the instance's memory."""
    for _ in range(3):
        await member.board()
        await member.me()


async def warmed(site: Site) -> Member:
    """Somebody with a card, all about whom is held in the instance's memory."""
    member = await site.join()
    await member.send("Hello from Arles.")
    await warm(member)
    return member


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
async def test_without_redis_and_mongodb_visitors_see_the_cards_that_are_held(build: Builds, how: str) -> None:
    """The front page's cards are kept in memory like everything else."""
    fragile = await build(**HOT)
    await warmed(fragile.site)
    browser = fragile.site.browser()
    for _ in range(2):
        assert "Hello from Arles." in (await browser.get("/")).text
    for name in ("redis", "mongodb"):
        await knock_out(fragile.doors[name], how)
    await trust_is_over(fragile.site)
    front = await within(STALE_WITHIN_SECONDS, browser.get("/"))
    assert (front.status, 'data-visits="unknown"' in front.text) == (200, True)
    assert "Hello from Arles." in front.text


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
    await healed(fragile.site)
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
    await healed(fragile.site)
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


@BOTH
async def test_without_redis_what_is_held_is_served_marked_stale(build: Builds, how: str) -> None:
    """Pages and API, within half a second, with everything the answers say about themselves."""
    fragile = await build(**HOT)
    site, ada = fragile.site, await warmed(fragile.site)
    card = (await ada.board())["cards"][0]["id"]
    await knock_out(fragile.doors["redis"], how)
    await trust_is_over(site)
    for path in ("/api/v1/board", "/api/v1/me"):
        answer = await within(STALE_WITHIN_SECONDS, ada.browser.get(path))
        assert (answer.status, answer.json["stale"]) == (200, True), path
        assert 'web-1; hit; detail="session-hot-stale-outage"' in answer.headers.get_list("Cache-Status")
    paths = ("/board", "/", "/people", f"/people/{ada.handle}", f"/cards/{card}")
    for path in paths:
        answer = await within(STALE_WITHIN_SECONDS, ada.browser.get(path))
        assert (answer.status, 'data-stale="outage"' in answer.text) == (200, True), path
    board = await within(STALE_WITHIN_SECONDS, ada.browser.get("/board"))
    assert 'data-testid="stale"' in board.text
    assert "Hello from Arles." in board.text
    assert 'web-1; hit; detail="board-hot-stale-outage"' in board.headers.get_list("Cache-Status")
    assert site.counted("hotseat_cache_stale_served_total", region="board", reason="outage") > 0
    await fragile.doors["redis"].open()
    await healed(site)
    fresh = await ada.browser.get("/api/v1/board")
    assert (fresh.status, fresh.json["stale"]) == (200, False)
    assert 'data-stale=""' in (await ada.browser.get("/board")).text


@BOTH
async def test_without_redis_settings_sessions_and_reports_are_never_stale(build: Builds, how: str) -> None:
    """However much is held: 503 within a second, and the cookies stay."""
    fragile = await build(**HOT)
    ada = await warmed(fragile.site)
    report = (await ada.browser.post("/api/v1/reports")).json["id"]
    await warm(ada)
    cookies = dict(ada.browser.cookies)
    await knock_out(fragile.doors["redis"], how)
    await trust_is_over(fragile.site)
    for path in ("/settings", "/api/v1/sessions", f"/api/v1/reports/{report}"):
        assert is_unavailable(await within(REFUSED_WITHIN_SECONDS, ada.browser.get(path))), path
    assert ada.browser.cookies == {**ada.browser.cookies, **cookies}


@BOTH
async def test_without_redis_nobody_writes_on_the_strength_of_a_copy(build: Builds, how: str) -> None:
    """What this process holds in memory is for reading: 503, nothing is done, and reads go on being served."""
    fragile = await build(**HOT)
    ada = await warmed(fragile.site)
    card = (await ada.board())["cards"][0]["id"]
    token = await ada.browser.token()
    await warm(ada)
    await knock_out(fragile.doors["redis"], how)
    await trust_is_over(fragile.site)
    for writing in (
        ada.browser.post("/api/v1/cards", json={"text": "x"}),
        ada.browser.put("/api/v1/me", json={"name": "Mallory"}),
        ada.browser.patch("/api/v1/me/preferences", json={"theme": "dark"}),
        ada.browser.put(f"/api/v1/cards/{card}/like"),
        ada.browser.delete("/api/v1/sessions"),
        ada.browser.post("/api/v1/reports"),
        ada.browser.post("/cards", form={"_xsrf": token, "text": "x"}),
        ada.browser.post("/settings/profile", form={"_xsrf": token, "name": "Mallory"}),
    ):
        assert is_unavailable(await within(REFUSED_WITHIN_SECONDS, writing))
    answer = await within(STALE_WITHIN_SECONDS, ada.browser.get("/api/v1/board"))
    assert (answer.status, answer.json["stale"]) == (200, True)
    await fragile.doors["redis"].open()
    await healed(fragile.site)
    assert [each["text"] for each in (await ada.board())["cards"]] == ["Hello from Arles."]
    assert ((await ada.me())["name"], (await ada.me())["preferences"]) == ("Ada Byron", {})


@BOTH
async def test_without_redis_and_without_a_copy_one_is_asked_to_wait(build: Builds, how: str) -> None:
    """503 and when to come again within a second; the session is still there afterwards."""
    fragile = await build(**HOT)
    ada, cold = await warmed(fragile.site), await fragile.site.join()
    fragile.site.resources.cache.forget(cold.browser.cookies["session"].split(".")[0])
    cookies = dict(cold.browser.cookies)
    await knock_out(fragile.doors["redis"], how)
    await trust_is_over(fragile.site)
    for path in ("/", "/board", "/api/v1/board", "/api/v1/me"):
        assert is_unavailable(await within(REFUSED_WITHIN_SECONDS, cold.browser.get(path))), path
    assert cold.browser.cookies == {**cold.browser.cookies, **cookies}
    assert (await within(STALE_WITHIN_SECONDS, ada.browser.get("/board"))).status == 200
    await fragile.doors["redis"].open()
    await healed(fragile.site)
    assert (await cold.browser.get("/board")).status == 200


async def test_a_copy_past_its_time_is_served_at_once_when_redis_stalls(build: Builds) -> None:
    """The copies are still trusted, but the board is older than BOARD_FRESH_SECONDS: nobody waits for a new one."""
    fragile = await build(STICKY_MODE="on", HOT_STALENESS_SECONDS="60", BOARD_FRESH_SECONDS="1")
    ada = await warmed(fragile.site)
    await asyncio.sleep(1.1)
    fragile.doors["redis"].stall()
    answer = await within(STALE_WITHIN_SECONDS, ada.browser.get("/api/v1/board"))
    assert (answer.status, answer.json["stale"]) == (200, True)


async def test_a_touch_that_is_due_neither_fails_nor_delays_a_page(build: Builds) -> None:
    """Redis stalls while the copies are still trusted, and the unread mark would move."""
    fragile = await build(STICKY_MODE="on", HOT_STALENESS_SECONDS="60")
    site = fragile.site
    bob, ada = await site.join(), await site.join()
    await ada.follow(bob.handle)
    await bob.send("from bob")
    await ada.browser.put("/api/v1/me", json={"name": "Ada"})  # so that the board is computed anew
    for _ in range(3):
        await ada.board("500." + "a" * 24)  # any page but the first leaves the mark where it is
    fragile.doors["redis"].stall()
    answer = await within(STALE_WITHIN_SECONDS, ada.browser.get("/board"))
    assert (answer.status, "from bob" in answer.text) == (200, True)
    assert site.counted("hotseat_sessions_total", event="touch_lost") == 1


async def test_without_redis_copies_stand_in_for_so_long_and_no_longer(build: Builds) -> None:
    """STALE_ON_OUTAGE_SECONDS after Redis was last heard of, 503 as without a copy."""
    fragile = await build(**HOT, STALE_ON_OUTAGE_SECONDS="1.5")
    ada = await warmed(fragile.site)
    await fragile.doors["redis"].shut()
    last_heard = time.monotonic()
    await trust_is_over(fragile.site)
    assert (await ada.browser.get("/api/v1/board")).status == 200
    await asyncio.sleep(max(0.0, last_heard + 1.6 - time.monotonic()))
    assert is_unavailable(await ada.browser.get("/api/v1/board"))


async def test_copies_do_not_stand_in_where_that_is_switched_off(build: Builds) -> None:
    """STALE_ON_OUTAGE_SECONDS=0."""
    fragile = await build(**HOT, STALE_ON_OUTAGE_SECONDS="0")
    ada = await warmed(fragile.site)
    await fragile.doors["redis"].shut()
    await trust_is_over(fragile.site)
    for path in ("/board", "/api/v1/me"):
        assert is_unavailable(await within(REFUSED_WITHIN_SECONDS, ada.browser.get(path)))


async def test_a_session_that_expired_meanwhile_is_not_answered_from_a_copy(build: Builds, start: Starts) -> None:
    """Redis would have ended it; nobody can be asked, but the copy says itself when it is over."""
    fragile = await build(**HOT)
    clock = ShiftedClock()
    site = await start(clock, **HOT, SESSION_IDLE_SECONDS="100", REDIS_URL=fragile.doors["redis"].url)
    ada = await warmed(site)
    await fragile.doors["redis"].shut()
    await trust_is_over(site)
    assert (await ada.browser.get("/api/v1/me")).status == 200
    clock.shift = 101
    assert (await ada.browser.get("/api/v1/me")).status == 401


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

    async def is_computed() -> bool:
        answer = await ada.browser.get("/api/v1/board")
        return answer.status == 200 and len(answer.json["cards"]) <= 2

    await comes_true(is_computed)


@pytest.mark.parametrize(
    ("mode", "how"),
    [({}, "gone"), ({"STICKY_MODE": "on"}, "gone"), ({"STICKY_MODE": "on"}, "slow")],
    ids=["stateless-gone", "sticky-gone", "sticky-slow"],
)
async def test_without_mongodb_a_board_past_its_time_is_served_marked_stale(
    build: Builds, mode: dict[str, str], how: str
) -> None:
    """Better than none, for ten times as long as a board is fresh; fresh again as soon as it can be computed."""
    fragile = await build(**mode, BOARD_FRESH_SECONDS="1")
    ada = await warmed(fragile.site)
    door = fragile.doors["mongodb"]
    await knock_out(door, how)
    await asyncio.sleep(1.1)
    answer = await ada.browser.get("/api/v1/board")
    assert (answer.status, answer.json["stale"]) == (200, True)
    assert [card["text"] for card in answer.json["cards"]] == ["Hello from Arles."]
    assert 'web-1; hit; detail="board-redis-stale-error"' in answer.headers.get_list("Cache-Status")
    page = await ada.browser.get("/board")
    assert (page.status, 'data-testid="stale"' in page.text, 'data-stale="error"' in page.text) == (200, True, True)
    assert fragile.site.counted("hotseat_cache_stale_served_total", region="board", reason="error") == 2
    await door.open()

    async def is_fresh() -> bool:
        return not (await ada.board())["stale"]

    await comes_true(is_fresh)


async def test_without_mongodb_a_write_that_is_repeated_afterwards_happens_once(fragile: Fragile) -> None:
    """Whether the first attempt got through is unknown to its sender; the key makes it safe to ask again."""
    ada = await fragile.site.join()
    key = {"Idempotency-Key": "a-key"}
    fragile.doors["mongodb"].stall()
    assert is_unavailable(await ada.browser.post("/api/v1/cards", json={"text": "once"}, headers=key))
    await fragile.doors["mongodb"].open()

    async def is_sent() -> bool:
        return (await ada.browser.post("/api/v1/cards", json={"text": "once"}, headers=key)).status == 201

    await comes_true(is_sent)
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
    await healed(site)
    ada = await site.join()
    assert (await ada.me())["handle"] == ada.handle
    await door.shut()


async def test_an_instance_that_keeps_copies_and_was_started_during_an_outage_heals(
    build: Builds, start: Starts, expects: Expects
) -> None:
    """Its copies are trusted once there is a Redis that tells it what changed."""
    expects("unavailable")
    fragile = await build()
    door = fragile.doors["redis"]
    await door.shut()
    starting = asyncio.ensure_future(start(**HOT, REDIS_URL=door.url))
    await asyncio.sleep(0.3)
    await door.open()
    site = await starting
    ada = await warmed(site)
    assert site.counted("hotseat_link_state", state="trusted") == 1
    assert (await ada.browser.get("/api/v1/me")).headers.get_list("Cache-Status") == [
        'web-1; hit; detail="session-hot"'
    ]


async def test_a_report_cannot_be_asked_for_without_redis(fragile: Fragile) -> None:
    """The queue lives there."""
    ada = await fragile.site.join()
    await fragile.doors["redis"].shut()
    assert is_unavailable(await soon(ada.browser.post("/api/v1/reports")))
    await fragile.doors["redis"].open()
    await healed(fragile.site)
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
