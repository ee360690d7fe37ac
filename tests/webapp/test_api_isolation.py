"""P6: whoever knows another person's tag, but has no session of theirs, reads, drops, keeps and changes nothing."""

from typing import Any

import pytest
from browsing import Browser
from sites import PASSWORD, Member, Site, Starts

pytestmark = pytest.mark.gen_test(timeout=60)

TOKEN = "B" * 43


def held(site: Site) -> list[tuple[str, int, Any]]:
    """Every hot copy, the hottest first, with what it holds."""
    return [(key, entry.version, entry.stamp) for key, entry in site.resources.cache.hot.hottest()]


async def stored(site: Site) -> dict[bytes, tuple[Any, ...]]:
    """What Redis holds of everybody, and how long it has to live, to ten seconds."""
    link = site.resources.cache.link
    [keys] = await link.ask("read", ("KEYS", "*{*"))
    found = {}
    for key in keys:
        if not key.startswith(b"live:"):
            content, left_ms = await link.ask("read", ("DUMP", key), ("PTTL", key))
            found[key] = (content, round(left_ms, -4))
    return found


async def everything_asked_as(browser: Browser, cookie: str, card: str) -> list[tuple[str, str, int]]:
    """Every kind of request with this session cookie, each sent anew; what was asked and how it was answered."""
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/api/v1/me", {}),
        ("GET", "/api/v1/board", {}),
        ("GET", "/board", {}),
        ("GET", "/settings", {}),
        ("GET", "/api/v1/sessions", {}),
        ("PUT", "/api/v1/me", {"json": {"name": "Mallory"}}),
        ("PUT", "/api/v1/me/password", {"json": {"current": PASSWORD, "new": "mallory's own"}}),
        ("DELETE", "/api/v1/me", {"json": {"password": PASSWORD}}),
        ("PATCH", "/api/v1/me/preferences", {"json": {"theme": "dark"}}),
        ("POST", "/api/v1/cards", {"json": {"text": "from mallory"}}),
        ("PUT", f"/api/v1/cards/{card}/like", {}),
        ("POST", "/api/v1/reports", {}),
        ("DELETE", "/api/v1/sessions", {}),
        ("DELETE", "/api/v1/sessions/" + "0" * 64, {}),
        ("POST", "/api/v1/logout", {}),
    ]
    answers = []
    for method, path, how in asked:
        browser.cookies = {"session": cookie, "floor": "1"}
        answer = await browser.ask(method, path, **how)
        assert "Ada Byron" not in answer.text, path
        answers.append((method, path, answer.status))
    return answers


async def test_another_persons_tag_opens_nothing_and_leaves_everything_as_it_is(start: Starts) -> None:
    """Every kind of request over an instance that holds all about her: 401 each; copies, their order and Redis stay."""
    site = await start(STICKY_MODE="on")
    ada = await site.join()
    card = (await ada.send("Hello from Arles."))["id"]
    for _ in range(3):
        await ada.board()
        await ada.me()
    tag = ada.browser.cookies["session"].split(".")[0]
    copies, kept = held(site), await stored(site)
    loads = site.counted("hotseat_cache_load_duration_seconds_count")
    assert len(copies) == 3

    answers = await everything_asked_as(site.browser(), f"{tag}.{TOKEN}", card)

    assert {status for _, path, status in answers if path.startswith("/api") and "logout" not in path} == {401}
    assert {status for _, path, status in answers if not path.startswith("/api")} == {302}
    assert held(site) == copies
    assert await stored(site) == kept
    assert site.counted("hotseat_cache_load_duration_seconds_count") == loads
    before = site.counted("hotseat_backend_calls_total", backend="redis", op="read")
    assert (await ada.board())["cards"][0]["id"] == card
    assert site.counted("hotseat_backend_calls_total", backend="redis", op="read") == before


async def test_logging_in_with_another_persons_tag_in_the_cookie_leaves_her_as_she_is(start: Starts) -> None:
    """The session a log-in replaces is the one whose token was shown, and nobody's if there is none such."""
    site = await start(STICKY_MODE="on")
    ada, eve = await site.join(), await site.join("eve")
    await ada.board()
    tag = ada.browser.cookies["session"].split(".")[0]
    copies = {copy for copy in held(site) if tag in copy[0]}
    kept = {key: content for key, content in (await stored(site)).items() if tag.encode() in key}
    eve.browser.cookies = {"session": f"{tag}.{TOKEN}"}
    assert (await eve.browser.post("/api/v1/login", json={"handle": "eve", "password": PASSWORD})).status == 200
    assert (await Member(eve.browser, "eve").me())["handle"] == "eve"
    assert {copy for copy in held(site) if tag in copy[0]} == copies
    assert {key: content for key, content in (await stored(site)).items() if tag.encode() in key} == kept


async def test_made_up_tags_leave_nothing_behind_in_redis(start: Starts) -> None:
    """However many are made up: no key is made for any of them."""
    site = await start(STICKY_MODE="on")
    before = await stored(site)
    for n in range(10):
        await everything_asked_as(site.browser(), f"{n:016d}.{TOKEN}", "0" * 24)
    assert await stored(site) == before
