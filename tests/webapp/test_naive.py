"""The naive rung, a control: what goes wrong with a plain cache in the process is shown, so that it can be measured."""

import pytest
from sites import Starts

pytestmark = pytest.mark.gen_test(timeout=30)

NAIVE = {"STICKY_MODE": "on", "HOT_CACHE": "naive"}


async def test_the_control_shows_what_was_overwritten(start: Starts) -> None:
    """Written through one instance, read through another that holds a copy: the old one, whatever the floor says."""
    one, two = [await start(**NAIVE, INSTANCE_ID=f"web-{n}") for n in (1, 2)]
    ada = await one.join()
    for site in (one, two):
        assert (await ada.me(url=site.url))["name"] == "Ada Byron"
    await ada.browser.put("/api/v1/me", json={"name": "Ada Lovelace"}, url=one.url)
    assert (await ada.me(url=two.url))["name"] == "Ada Byron"


async def test_the_control_keeps_a_session_that_was_ended_elsewhere(start: Starts) -> None:
    """And says so to nobody; but even here a copy does not authorise a write."""
    one, two = [await start(**NAIVE, INSTANCE_ID=f"web-{n}") for n in (1, 2)]
    ada = await one.join()
    copy = ada.browser.clone()
    assert (await copy.get("/api/v1/me", url=two.url)).status == 200
    await ada.browser.post("/api/v1/logout", url=one.url)
    assert (await copy.get("/api/v1/me", url=two.url)).status == 200
    assert (await copy.post("/api/v1/cards", json={"text": "x"}, url=two.url)).status == 401


async def test_the_control_is_as_quick_as_it_looks(start: Starts) -> None:
    """No round trip for what is held: that is what it is compared by."""
    site = await start(**NAIVE)
    ada = await site.join()
    for _ in range(3):
        await ada.board()
    before = site.counted("hotseat_backend_calls_total", backend="redis")
    answer = await ada.browser.get("/api/v1/board")
    assert site.counted("hotseat_backend_calls_total", backend="redis") == before
    assert 'web-1; hit; detail="board-hot"' in answer.headers.get_list("Cache-Status")
    assert site.counted("hotseat_info", hot_cache="naive") == 1
