"""Web processes hear of one another, and move users by what they hear."""

import asyncio
import re

import httpx
import pytest
from admin import admin
from quiet_log import Expects
from redis import Redis
from sites import Member, Site, Starts

from deploy.local import RunningStore
from webapp.affinity import DRAIN_MARK, slot_value
from webapp.fleet import MOST_HEARD, TOLD_SECONDS
from webapp.life import Phase

pytestmark = pytest.mark.gen_test(timeout=30)

KEY = "a" * 40


def names(site: Site) -> list[str]:
    return [told.instance for told in site.resources.fleet.members]


async def through_proxy(member: Member, slot: str, cookie: str | None = None) -> str | None:
    """Asks as HAProxy would pass it on; the affinity cookie that the answer sets."""
    dated = f"{slot_value(KEY, slot)}|{'A' * 5}|{'A' * 5}"
    member.browser.cookies.pop("SRV", None)
    answer = await member.browser.get(
        "/api/v1/me", headers={"X-Slot": slot, "X-Affinity": dated if cookie is None else cookie}
    )
    assert answer.status == 200
    set_cookie = answer.set_cookies.get("SRV")
    member.browser.cookies.pop("SRV", None)
    if set_cookie is None:
        return None
    assert (set_cookie["path"], set_cookie["httponly"], set_cookie["samesite"]) == ("/", True, "Lax")
    return set_cookie.value


async def test_each_process_hears_of_the_others_until_they_leave(start: Starts) -> None:
    """In either mode, whatever they are called; who says that it leaves is gone at once."""
    one, two = await start(STICKY_MODE="on", INSTANCE_ID="web-1"), await start(INSTANCE_ID="pod-x7")
    assert names(one) == ["web-1"]
    await two.resources.fleet.pulse()
    await one.resources.fleet.pulse()
    assert names(one) == ["pod-x7", "web-1"]
    told = one.resources.fleet.members[0]
    assert (told.mode, told.rung, told.phase) == ("stateless", "cached in Redis", "ready")
    running = asyncio.create_task(two.resources.fleet.run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await one.resources.fleet.pulse()
    assert names(one) == ["web-1"]


async def test_who_retires_leaves_its_name_to_its_successor(start: Starts) -> None:
    """It says nothing more, not even that it is gone."""
    old, new = await start(INSTANCE_ID="web-1", RELEASE="old"), await start(INSTANCE_ID="web-1", RELEASE="new")
    other = await start(INSTANCE_ID="web-2")
    await old.resources.fleet.pulse()
    running = asyncio.create_task(old.resources.fleet.run())
    await asyncio.sleep(0)
    old.resources.life.enter(Phase.RETIRING)
    await new.resources.fleet.pulse()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await other.resources.fleet.pulse()
    assert [told.version.partition("+")[2] for told in other.resources.fleet.members] == ["new", ""]


async def test_who_takes_over_a_slot_expects_its_users(start: Starts) -> None:
    """Else it would look idle, and the others would send it theirs; who comes back after a death expects nobody."""
    old, other = await start(STICKY_MODE="on", INSTANCE_ID="web-1"), await start(STICKY_MODE="on", INSTANCE_ID="web-2")
    members = [await old.join() for _ in range(3)]
    for member in members:
        await through_proxy(member, "web-1")
    await old.resources.fleet.pulse()
    new = await start(STICKY_MODE="on", INSTANCE_ID="web-1")
    for _ in range(2):
        await new.resources.fleet.pulse()
        await other.resources.fleet.pulse()
        assert [told.users for told in other.resources.fleet.members] == [3, 0]
    assert new.counted("hotseat_users") == 0
    with Redis.from_url(new.resources.settings.redis_url) as redis:
        redis.zincrby("fleet-until:{fleet}", -2000, "web-1")  # it was told two seconds ago
    newborn = await start(STICKY_MODE="on", INSTANCE_ID="web-1")
    await newborn.resources.fleet.pulse()
    await other.resources.fleet.pulse()
    assert [told.users for told in other.resources.fleet.members] == [0, 0]


async def test_who_has_died_is_forgotten_and_what_makes_no_sense_is_passed_over(
    start: Starts, redis_server: RunningStore
) -> None:
    """Whatever another release wrote; a field that is not known does no harm."""
    one = await start(INSTANCE_ID="web-1")
    with Redis.from_url(redis_server.url) as redis:
        for name, what in {
            "web-2": b'{"instance": "web-2", "users": 7, "from_the_future": [1]}',
            "web-3": b"garbage",
            "web-4": b'{"instance": "web-4", "version": "' + b"x" * 5000 + b'"}',
        }.items():
            redis.hset("fleet:{fleet}", name, what)
            redis.zadd("fleet-until:{fleet}", {name: 4e12})
        await one.resources.fleet.pulse()
        assert names(one) == ["web-1", "web-2"]
        assert one.resources.fleet.members[1].users == 7
        redis.zadd("fleet-until:{fleet}", {"web-2": 1})
        await one.resources.fleet.pulse()
        assert names(one) == ["web-1"]
        assert redis.hget("fleet:{fleet}", "web-2") is None
        assert 0 < redis.ttl("fleet:{fleet}") <= 10 * TOLD_SECONDS


async def test_of_a_large_fleet_as_many_are_heard_as_are_enough(start: Starts, redis_server: RunningStore) -> None:
    """Drawn anew by lot with each pulse; the page lists them all."""
    one = await start(INSTANCE_ID="web-1")
    many = 3 * MOST_HEARD
    with Redis.from_url(redis_server.url) as redis:
        for number in range(2, many + 1):
            redis.hset("fleet:{fleet}", f"web-{number}", f'{{"instance": "web-{number}", "users": 7}}')
            redis.zadd("fleet-until:{fleet}", {f"web-{number}": 4e12})
    heard = set()
    for _ in range(40):
        await one.resources.fleet.pulse()
        now = names(one)
        assert "web-1" in now
        assert MOST_HEARD <= len(now) == len(set(now)) <= MOST_HEARD + 1
        heard.update(now)
    assert len(heard) == many, "each of them has been drawn"
    async with admin(one) as url:
        listed = (await one.browser().get("/fleet.json", url=url)).json
    assert {each["instance"] for each in listed} == heard


async def test_without_redis_a_process_knows_of_itself_alone(start: Starts) -> None:
    """It goes on pulsing, and fails nobody."""
    one = await start(REDIS_URL="redis://127.0.0.1:1")
    running = asyncio.create_task(one.resources.fleet.run())
    await asyncio.sleep(0.05)
    assert names(one) == ["web-1"]
    assert [told.instance for told in await one.resources.fleet.everybody()] == ["web-1"]
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_draining_process_tells_each_browser_to_go_elsewhere(start: Starts) -> None:
    """By a cookie that HAProxy takes for none and that still says whence it came; a retiring one tells nobody."""
    site = await start(STICKY_MODE="on")
    ada = await site.join()
    assert await through_proxy(ada, "web-1") is None
    for phase in (Phase.DRAINING, Phase.CLOSING):
        site.resources.life.enter(phase)
        assert await through_proxy(ada, "web-1") == DRAIN_MARK + slot_value(KEY, "web-1")
    site.resources.life.enter(Phase.RETIRING)
    assert await through_proxy(ada, "web-1") is None
    assert site.counted("hotseat_drain_seconds") > 0


async def test_connections_are_closed_with_their_answers_once_nobody_is_sent_here_any_more(start: Starts) -> None:
    """In the last phase of leaving, of either kind."""
    site = await start()
    for phase, closes in (
        (Phase.READY, False),
        (Phase.DRAINING, False),
        (Phase.CLOSING, True),
        (Phase.RETIRING, True),
    ):
        site.resources.life.enter(phase)
        async with httpx.AsyncClient(base_url=site.url) as client:
            for path in ("/api/v1/visits", "/static/postcards.css"):
                answer = await client.get(path)
                assert answer.status_code == 200
                assert (answer.headers.get("Connection") == "close") == closes


async def test_users_beyond_its_share_are_sent_to_those_who_hold_fewer(start: Starts) -> None:
    """Each in one answer, and only if nothing else of theirs is under way, and they obey the cookie."""
    site = await start(STICKY_MODE="on", REBALANCE_PER_MINUTE="100000")
    members = [await site.join() for _ in range(4)]
    for member in members:
        assert await through_proxy(member, "web-1") is None
    assert len(site.resources.held) == 4
    await asyncio.sleep(0.05)  # for the allowance to be earned
    site.resources.rebalancing.plan(4, {"web-2": 0})
    assert await through_proxy(members[0], "web-1", cookie="") is None, "it does not obey the cookie"
    site.resources.held.begin(members[1].browser.cookies["session"].split(".")[0])
    assert await through_proxy(members[1], "web-1") is None, "another request of theirs is under way"
    sent = [await through_proxy(member, "web-1") for member in members[2:]]
    assert sent == [slot_value(KEY, "web-2")] * 2
    assert await through_proxy(members[0], "web-1") is None, "enough have gone"
    assert site.counted("hotseat_released_users_total") == 2
    assert len(site.resources.held) == 2
    # Where they come out it is told why they came.
    assert site.resources.affinity.outcome(sent[0] or "", "web-2") == "moved_rebalance"


async def test_what_is_heard_of_the_fleet_sets_users_moving(start: Starts) -> None:
    """Of those only that are ready, sticky, and in a slot."""
    site = await start(STICKY_MODE="on", REBALANCE_PER_MINUTE="100000")
    members = [await site.join() for _ in range(4)]
    for member in members:
        await through_proxy(member, "web-1")
    leaving, stateless, pod = (
        await start(STICKY_MODE="on", INSTANCE_ID="web-2"),
        await start(INSTANCE_ID="web-3"),
        await start(STICKY_MODE="on", INSTANCE_ID="pod-1"),
    )
    leaving.resources.life.enter(Phase.DRAINING)
    for other in (leaving, stateless, pod):
        await other.resources.fleet.pulse()
    await site.resources.fleet.pulse()
    assert [await through_proxy(member, "web-1") for member in members] == [None] * 4
    fresh = await start(STICKY_MODE="on", INSTANCE_ID="web-4")
    await fresh.resources.fleet.pulse()
    await site.resources.fleet.pulse()
    sent = [await through_proxy(member, "web-1") for member in members]
    assert sorted(sent, key=str) == sorted([None, None, *[slot_value(KEY, "web-4")] * 2], key=str)


async def test_the_fleet_can_be_looked_at(start: Starts, expects: Expects) -> None:
    """As a page and as a list, with a warning where modes differ."""
    one = await start(STICKY_MODE="on", INSTANCE_ID="web-1", RELEASE="abc1234")
    two = await start(INSTANCE_ID="web-2", RELEASE="abc1234")
    for site in (two, one):
        await site.resources.fleet.pulse()
    async with admin(one) as url:
        page = (await one.browser().get("/fleet", url=url)).text
        listed = (await one.browser().get("/fleet.json", url=url)).json
    assert [each["instance"] for each in listed] == ["web-1", "web-2"]
    assert listed[0]["version"].endswith("+abc1234")
    assert re.findall(r"<td>(web-\d)</td>", page) == ["web-1", "web-2"]
    assert "Not all instances have the same mode." in page
    assert "the same version" not in page
