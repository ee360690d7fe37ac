"""The floor: what a browser has seen once it never sees older, whichever instance answers, whatever its cookies say."""

import asyncio
import itertools

import pytest
from browsing import Answer, Browser
from sites import PASSWORD, Member, Site, Starts

pytestmark = pytest.mark.gen_test(timeout=60)

HOT = {"STICKY_MODE": "on"}
FLOORS = ("floor", "floor-read")
FORGED = "999999999999999"
NO_FLOORS = ("9" * 40, "-1", "x", "", "1e9", "²", "0x10", "1 2", "1,2")


def floor_of(browser: Browser) -> int:
    """The highest version that a browser's cookies name."""
    return max(int(browser.cookies.get(name, "0")) for name in FLOORS)


def reads(site: Site) -> float:
    """Round trips to Redis that requests have waited for."""
    return sum(
        site.counted("hotseat_backend_calls_total", backend="redis", op=operation)
        for operation in ("read", "fill", "store", "begin", "commit", "script")
    )


async def warmed(member: Member, **how: str) -> None:
    for _ in range(3):
        await member.board(**how)
        await member.me(**how)


def keep(browser: Browser, answer: Answer) -> None:
    """The answer's cookies reach the browser now."""
    browser.cookies.update({name: morsel.value for name, morsel in answer.set_cookies.items()})


async def test_a_write_raises_the_floor(site: Site) -> None:
    """To the version that includes it."""
    ada = await site.join()
    before = floor_of(ada.browser)
    version = (await ada.browser.put("/api/v1/me", json={"name": "Ada"})).json["version"]
    assert before < version == floor_of(ada.browser)


async def test_a_read_that_saw_more_raises_the_floor(site: Site) -> None:
    """What another device wrote and this browser has seen, it never misses again."""
    ada = await site.join("ada")
    phone = await site.log_in("ada")
    await warmed(ada)
    written = (await phone.browser.put("/api/v1/me", json={"name": "Ada"})).json["version"]
    assert floor_of(ada.browser) < written
    assert (await ada.me())["name"] == "Ada"
    assert floor_of(ada.browser) >= written


async def test_what_was_seen_on_one_instance_is_not_unseen_on_another(start: Starts) -> None:
    """Both hold copies; a third writes; the browser sees the new name on one, and from then on everywhere."""
    one, two, three = [await start(**HOT, INSTANCE_ID=f"web-{n}") for n in (1, 2, 3)]
    ada = await one.join("ada")
    phone = await three.log_in("ada")
    for n in range(20):
        for site in (one, two):
            await warmed(ada, url=site.url)
        await phone.browser.put("/api/v1/me", json={"name": f"Ada {n}"})
        seen = [(await ada.me(url=site.url))["name"] for site in (one, two, one)]
        first_new = seen.index(f"Ada {n}") if f"Ada {n}" in seen else len(seen)
        assert set(seen[first_new:]) <= {f"Ada {n}"}


async def test_a_slow_read_does_not_take_back_what_a_write_raised(site: Site) -> None:
    """Its answer comes in behind the write's: the browser still asks for what it wrote."""
    ada = await site.join("ada")
    phone = await site.log_in("ada")
    await warmed(ada)
    await phone.browser.patch("/api/v1/me/preferences", json={"theme": "dark"})
    slow = await ada.browser.clone().get("/api/v1/me")
    assert set(slow.set_cookies) == {"floor-read"}
    version = (await ada.browser.put("/api/v1/me", json={"name": "Ada"})).json["version"]
    keep(ada.browser, slow)
    assert floor_of(ada.browser) == version


@pytest.mark.parametrize("settings", [{}, HOT], ids=["stateless", "hot"])
async def test_a_floor_of_ones_own_making_costs_one_read_and_no_error(start: Starts, settings: dict[str, str]) -> None:
    """The answers are the honest ones; nothing is loaded, stored or refused because of it."""
    site = await start(**settings)
    ada = await site.join()
    await ada.send("mine")
    await warmed(ada)
    honest = await ada.board(), await ada.me()
    cookies = dict(ada.browser.cookies)
    loads = site.counted("hotseat_cache_load_duration_seconds_count")
    for cookie, floor in itertools.product(FLOORS, (FORGED, *NO_FLOORS)):
        costs = 1 if floor == FORGED or not settings else 0
        ada.browser.cookies = {**cookies, cookie: floor}
        for ask, answer in ((ada.board, honest[0]), (ada.me, honest[1])):
            before = reads(site)
            assert await ask() == answer
            assert (floor, reads(site) - before) == (floor, costs)
    assert site.counted("hotseat_cache_load_duration_seconds_count") == loads


async def test_a_forged_floor_does_not_slow_down_anybody_else(start: Starts) -> None:
    """Nor its sender's other browsers: the copies stay where they are."""
    site = await start(**HOT)
    ada = await site.join("ada")
    phone = await site.log_in("ada")
    await warmed(ada)
    await warmed(phone)
    await warmed(ada)
    forger = ada.browser.clone()
    forger.cookies["floor"] = FORGED
    assert (await forger.get("/api/v1/board")).status == 200
    before = reads(site)
    for member in (ada, phone):
        await member.board()
    assert reads(site) == before


@pytest.mark.parametrize("cookie", FLOORS)
async def test_logging_in_sets_a_floor_of_its_own(start: Starts, cookie: str) -> None:
    """Redis came back without its data and counts from the beginning: the browser gets hot hits again."""
    site = await start(**HOT)
    ada = await site.join("ada")
    for n in range(5):
        await ada.send(f"card {n}")
    await warmed(ada)
    ada.browser.cookies[cookie] = FORGED
    await site.resources.cache.link.ask("script", ("FLUSHALL",))
    assert (await ada.browser.get("/api/v1/me")).status == 401
    ada.browser.cookies[cookie] = FORGED
    assert (await ada.browser.post("/api/v1/login", json={"handle": "ada", "password": PASSWORD})).status == 200
    assert floor_of(ada.browser) < 5
    await warmed(ada)
    before = reads(site)
    assert len((await ada.board())["cards"]) == 5
    await ada.me()
    assert reads(site) == before


async def test_somebody_else_in_the_same_browser_does_not_inherit_a_floor(start: Starts) -> None:
    """The floor is of the one who is logged in."""
    site = await start(**HOT)
    await site.join("bob")
    ada = await site.join("ada")
    for n in range(5):
        await ada.send(f"card {n}")
    await warmed(ada)
    await ada.browser.post("/api/v1/login", json={"handle": "bob", "password": PASSWORD})
    bob = Member(ada.browser, "bob")
    await warmed(bob)
    before = reads(site)
    assert (await bob.me())["handle"] == "bob"
    assert reads(site) == before


async def test_a_preference_does_not_cost_a_computation(start: Starts) -> None:
    """It raises the version; the board is asked for once more and is still the one that was computed."""
    site = await start(**HOT)
    ada = await site.join()
    await ada.send("mine")
    await warmed(ada)
    loads = site.counted("hotseat_cache_load_duration_seconds_count")
    for theme in ("dark", "light", "dark"):
        await ada.browser.patch("/api/v1/me/preferences", json={"theme": theme})
        before = reads(site)
        await ada.board()
        assert reads(site) - before == 1
        assert (await ada.me())["preferences"] == {"theme": theme}
        assert reads(site) - before == 1
    assert site.counted("hotseat_cache_load_duration_seconds_count") == loads


async def test_parallel_writes_and_reads_of_one_browser_never_show_less(start: Starts) -> None:
    """Two instances, requests side by side: whatever was acknowledged before a request was sent is in its answer."""
    sites = [await start(**HOT, INSTANCE_ID=f"web-{n}") for n in (1, 2)]
    ada = await sites[0].join()
    acknowledged = 0
    lost = []

    async def look(turn: int) -> None:
        floor = acknowledged
        name = (await ada.me(url=sites[turn % 2].url))["name"]
        if (int(name.rpartition(" ")[2]) if name != "Ada Byron" else 0) < floor:
            lost.append((name, floor))

    for n in range(1, 41):
        await asyncio.gather(
            *(look(turn) for turn in (n, n + 1)),
            ada.browser.put("/api/v1/me", json={"name": f"Ada {n}"}, url=sites[n % 2].url),
        )
        acknowledged = n
        await look(n)
        await look(n + 1)
    assert lost == []
