"""Whoever serves a slot next: the people of the slot find their session, profile and board hot at their first visit."""

import asyncio
from typing import Any

import pytest
from cache_races import until
from door import door_to
from quiet_log import Expects
from redis import Redis
from sites import Member, Site, Starts
from tornado.ioloop import IOLoop

from deploy.local import RunningStore
from webapp.handover import Handover

pytestmark = pytest.mark.gen_test(timeout=60)

STICKY = {"STICKY_MODE": "on", "HOT_STALENESS_SECONDS": "10", "BOARD_FRESH_SECONDS": "60"}
MANIFEST = "manifest:web-1"


@pytest.fixture
def redis(io_loop: IOLoop, redis_server: RunningStore) -> Any:
    """Another client of the same Redis."""
    del io_loop
    with Redis.from_url(redis_server.url) as client:
        client.delete(MANIFEST)
        yield client


async def regulars(site: Site, number: int) -> list[Member]:
    """Somebody who has seen their board here twice, so many times."""
    members = [await site.join() for _ in range(number)]
    for member in members * 2:
        await member.board()
    return members


def redis_calls(site: Site) -> float:
    """Round trips that requests made."""
    return sum(
        site.counted("hotseat_backend_calls_total", backend="redis", op=operation)
        for operation in ("read", "fill", "store", "begin", "commit", "script")
    )


async def test_people_find_their_boards_hot_after_a_restart(start: Starts, redis: Any) -> None:
    """No question of theirs goes to Redis, and nothing of theirs is in the manifest but names; no token among them."""
    old = await start(**STICKY)
    members = await regulars(old, 3)
    leaving = Handover(old.resources)
    await leaving.preload()
    await leaving.leave()
    manifest = redis.get(MANIFEST)
    for member in members:
        tag, _, token = member.browser.cookies["session"].partition(".")
        assert tag.encode() in manifest
        assert token.encode() not in manifest
        assert member.handle.encode() not in manifest
    new = await start(**STICKY)
    preloaded = await Handover(new.resources).preload()
    assert (preloaded.ended, preloaded.loaded) == ("done", 0)
    assert preloaded.kept == preloaded.asked >= 9
    before = redis_calls(new)
    for member in members:
        answer = await member.browser.get("/api/v1/board", url=new.url)
        assert 'web-1; hit; detail="board-hot"' in answer.headers.get_list("Cache-Status")
    assert redis_calls(new) == before


async def test_what_redis_holds_no_more_is_loaded_for_who_is_logged_in(start: Starts, redis: Any) -> None:
    """A board and a profile are made from MongoDB, as their person would have had them made; not for who has left."""
    old = await start(**STICKY)
    ada, bob = await regulars(old, 2)
    handover = Handover(old.resources)
    await handover.preload()
    await handover.leave()
    tag = ada.browser.cookies["session"].partition(".")[0]
    await bob.browser.post("/api/v1/logout")
    redis.delete(*redis.keys("board:*"), *redis.keys("profile:*"))
    new = await start(**STICKY)
    preloaded = await Handover(new.resources).preload()
    assert (preloaded.ended, preloaded.loaded) == ("done", 2)
    assert {key for key, entry in new.resources.cache.hot.hottest() if entry.region != "session"} == {
        new.resources.boards.key(tag),
        new.resources.profiles.key(tag),
    }
    answer = await ada.browser.get("/api/v1/board", url=new.url)
    assert 'web-1; hit; detail="board-hot"' in answer.headers.get_list("Cache-Status")
    assert (await ada.me(url=new.url))["handle"] == ada.handle


async def test_a_killed_process_has_left_a_manifest(start: Starts, redis: Any) -> None:
    """It is written now and then, whatever happens between."""
    site = await start(**STICKY)
    await regulars(site, 2)
    keeping = asyncio.create_task(Handover(site.resources, period_seconds=0.05).keep_manifest())
    for _ in range(2):
        await until(lambda: redis.exists(MANIFEST), 10)
        redis.delete(MANIFEST)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_nothing_waits_for_a_redis_that_is_away(
    start: Starts, redis: Any, redis_server: RunningStore, expects: Expects
) -> None:
    """Neither the start, nor leaving, nor what keeps the manifest; and a cold process overwrites no manifest."""
    expects("hot copies are not trusted")
    redis.set(MANIFEST, "former")
    async with door_to(redis_server.url) as door:
        site = await start(**STICKY, REDIS_URL=door.url)
        await regulars(site, 1)
        handover = Handover(site.resources, period_seconds=0.05)
        door.stall()
        site.resources.cache._tiers.tracked.drop("as if it had just begun")  # type: ignore[attr-defined]
        preloaded = await handover.preload(seconds=0.3)
        assert (preloaded.kept, preloaded.ended) == (0, "untrusted")
        await door.open()
        await handover.leave()
        assert redis.get(MANIFEST) == b"former"
        keeping = asyncio.create_task(handover.keep_manifest())
        await door.shut()
        await asyncio.sleep(0.2)
        assert not keeping.done()
        await handover.leave()
        await door.open()
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_leaving_is_bounded_while_redis_says_nothing(
    start: Starts, redis: Any, redis_server: RunningStore, expects: Expects
) -> None:
    """It is given up sooner than a call to Redis is by itself."""
    expects("hot copies are not trusted")
    async with door_to(redis_server.url) as door:
        site = await start(**STICKY, REDIS_URL=door.url)
        await regulars(site, 1)
        handover = Handover(site.resources)
        await handover.preload()
        door.stall()
        await handover.leave()
        given_up = {"backend": "redis", "op": "handover", "result": "cancelled"}
        assert site.counted("hotseat_backend_calls_total", **given_up) == 1
        assert not redis.exists(MANIFEST)
        await door.open()


async def test_a_stateless_process_has_nothing_to_hand_over(start: Starts, redis: Any) -> None:
    """It says so, and writes nothing."""
    site = await start()
    await site.join()
    handover = Handover(site.resources)
    assert (await handover.preload()).ended == "off"
    await handover.leave()
    assert not redis.exists(MANIFEST)
