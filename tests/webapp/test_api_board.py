"""The board: whose cards, how fresh, page by page; and what it costs."""

import asyncio
import random

import pytest
from sites import Member, Site, Starts

pytestmark = pytest.mark.gen_test(timeout=60)

BACKENDS = ("redis", "mongodb", "s3")
OFF_THE_PATH = ("lease", "check")  # heartbeats and the staleness meter: nobody's request waits for them
HOT = {"STICKY_MODE": "on"}


def texts(board: dict[str, object]) -> list[str]:
    return [card["text"] for card in board["cards"]]  # type: ignore[index,attr-defined]  # JSON


def calls(site: Site) -> dict[str, float]:
    """Round trips so far, by backing service; those to Redis that read are told apart."""
    made = {backend: site.counted("hotseat_backend_calls_total", backend=backend) for backend in BACKENDS}
    made["redis"] -= sum(
        site.counted("hotseat_backend_calls_total", backend="redis", op=operation) for operation in OFF_THE_PATH
    )
    return {**made, "redis read": site.counted("hotseat_backend_calls_total", backend="redis", op="read")}


async def settled(member: Member) -> None:
    """Looks at the board until there is nothing left to load or to note."""
    for _ in range(3):
        await member.board()


async def test_the_board_of_somebody_new_is_empty(site: Site) -> None:
    """And says so in the same shape."""
    board = await (await site.join()).board()
    assert (board["cards"], board["suggestions"], board["unread"], board["next_cursor"]) == ([], [], 0, None)


async def test_ones_own_card_is_seen_at_once(site: Site) -> None:
    """However fresh the board was."""
    ada = await site.join()
    assert texts(await ada.board()) == []
    await ada.send("mine")
    board = await ada.board()
    assert (texts(board), board["cards"][0]["mine"], board["unread"]) == (["mine"], True, 0)


async def test_the_cards_of_those_one_follows_are_on_the_board(site: Site) -> None:
    """Nobody else's."""
    ada, bob, eve = await site.join(), await site.join(), await site.join()
    await bob.send("from bob")
    await eve.send("from eve")
    assert texts(await ada.board()) == []
    await ada.follow(bob.handle)
    assert texts(await ada.board()) == ["from bob"]
    await ada.browser.delete(f"/api/v1/people/{bob.handle}/follow")
    assert texts(await ada.board()) == []


async def test_people_one_may_know_are_two_steps_away(site: Site) -> None:
    """Followed by somebody one follows, and not by oneself."""
    ada, bob, eve = await site.join(), await site.join(name="Bob"), await site.join()
    await ada.follow(bob.handle)
    await bob.follow(eve.handle)
    await bob.follow(ada.handle)
    [suggestion] = (await ada.board())["suggestions"]
    assert (suggestion["person"]["handle"], suggestion["mutual"], suggestion["via"]) == (eve.handle, 1, ["Bob"])


async def test_a_like_is_seen_on_the_board_at_once(site: Site) -> None:
    """By the one who likes."""
    ada, bob = await site.join(), await site.join()
    card = await bob.send("from bob")
    await ada.follow(bob.handle)
    await ada.board()
    await ada.browser.put(f"/api/v1/cards/{card['id']}/like")
    [seen] = (await ada.board())["cards"]
    assert (seen["likes"], seen["liked"]) == (1, True)


async def test_the_version_rises_with_each_write(site: Site) -> None:
    """And never falls, on /me and /board alike."""
    ada, bob = await site.join(), await site.join()
    card = await bob.send("from bob")
    seen = [(await ada.me())["version"]]
    for write in (
        lambda: ada.send("a card"),
        lambda: ada.follow(bob.handle),
        lambda: ada.browser.put(f"/api/v1/cards/{card['id']}/like"),
        lambda: ada.browser.put("/api/v1/me", json={"name": "Ada"}),
        lambda: ada.browser.patch("/api/v1/me/preferences", json={"theme": "dark"}),
        lambda: ada.browser.delete(f"/api/v1/people/{bob.handle}/follow"),
    ):
        await write()
        seen.append((await ada.board())["version"])
        seen.append((await ada.me())["version"])
    after_writes = seen[::2]
    assert seen == sorted(seen)
    assert len(set(after_writes)) == len(after_writes)


@pytest.mark.parametrize("path", ["/api/v1/me", "/api/v1/board"])
async def test_what_did_not_change_is_not_sent_again(site: Site, path: str) -> None:
    """304 to who has it, 200 to who wrote since."""
    ada = await site.join()
    await ada.send("mine")
    await settled(ada)
    first = await ada.browser.get(path)
    etag = {"If-None-Match": first.headers["ETag"]}
    again = await ada.browser.get(path, headers=etag)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    await ada.browser.put("/api/v1/me", json={"name": "Ada Lovelace"})
    assert (await ada.browser.get(path, headers=etag)).status == 200


@pytest.mark.parametrize("strategy", ["redis", "compute", "denormalised"])
async def test_the_pages_of_a_board_hold_every_card_once(start: Starts, strategy: str) -> None:
    """Whatever the order."""
    site = await start(BOARD_STRATEGY=strategy)
    ada, bob = await site.join(), await site.join()
    sent = {(await who.send(f"card {n}"))["id"] for n in range(25) for who in (ada, bob)}
    await ada.follow(bob.handle)
    seen, cursor = [], None
    while True:
        page = await ada.board(cursor)
        seen += [card["id"] for card in page["cards"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert set(seen) == sent


async def test_a_page_goes_on_behind_the_last_card_seen_though_the_board_has_changed(site: Site) -> None:
    """A card was sent between two pages, in the same second as like as not: nothing is shown twice."""
    ada = await site.join()
    for n in range(25):
        await ada.send(f"card {n}")
    first = await ada.board()
    await ada.send("one more")
    second = await ada.board(first["next_cursor"])
    assert set(texts(first)) & set(texts(second)) == set()
    assert len(texts(first)) + len(texts(second)) >= 25


@pytest.mark.parametrize("cursor", ["x", "1", "2.zz", "-2.ab", "", "%00", "2." + "a" * 65, "9999.ab", "%C2%B2.ab"])
async def test_a_cursor_that_was_never_given_out_is_refused(site: Site, cursor: str) -> None:
    """422, naming the field."""
    ada = await site.join()
    answer = await ada.browser.get(f"/api/v1/board?cursor={cursor}")
    assert (answer.status, set(answer.faults)) == (422, {"cursor"})


async def test_a_cursor_beyond_the_end_is_an_empty_page(site: Site) -> None:
    """The board may have shrunk meanwhile."""
    ada = await site.join()
    await ada.send("mine")
    board = await ada.board("500." + "a" * 24)
    assert (board["cards"], board["next_cursor"]) == ([], None)


async def test_what_is_new_is_counted_until_it_was_seen(site: Site) -> None:
    """Somebody else's cards from after one was last here; looking clears it, paging does not count."""
    ada, bob = await site.join(), await site.join()
    await bob.send("one")
    await bob.send("two")
    await ada.send("mine")
    await ada.follow(bob.handle)
    board = await ada.board()
    assert (board["unread"], [card["fresh"] for card in board["cards"] if not card["mine"]]) == (2, [True, True])
    board = await ada.board()
    assert (board["unread"], any(card["fresh"] for card in board["cards"])) == (0, False)


async def test_looking_at_a_later_page_leaves_what_is_new_as_it_is(site: Site) -> None:
    """Only the first page shows it."""
    ada, bob = await site.join(), await site.join()
    for n in range(25):
        await bob.send(f"card {n}")
    await ada.follow(bob.handle)
    other = ada.browser.clone()
    cursor = (await Member(other, ada.handle).board())["next_cursor"]
    again = await site.log_in(ada.handle)
    await bob.send("one more")
    await again.browser.put("/api/v1/me", json={"name": "Ada"})  # so that the board is computed anew
    assert (await again.board(cursor))["unread"] == 1
    assert (await again.board(cursor))["unread"] == 1
    assert (await again.board())["unread"] == 1
    assert (await again.board())["unread"] == 0


async def test_a_stateless_board_costs_one_round_trip(start: Starts) -> None:
    """Session, profile and board are asked for together."""
    site = await start()
    ada = await site.join()
    await ada.send("mine")
    await settled(ada)
    before = calls(site)
    for _ in range(5):
        await ada.board()
    assert {name: made - before[name] for name, made in calls(site).items()} == {
        "redis": 5,
        "redis read": 5,
        "mongodb": 0,
        "s3": 0,
    }


async def test_a_hot_board_costs_no_round_trip(start: Starts) -> None:
    """For as long as its copies are trusted."""
    site = await start(**HOT)
    ada = await site.join()
    await ada.send("mine")
    await settled(ada)
    before = calls(site)
    for _ in range(20):
        answer = await ada.browser.get("/api/v1/board")
    assert {name: made - before[name] for name, made in calls(site).items()} == {
        "redis": 0,
        "redis read": 0,
        "mongodb": 0,
        "s3": 0,
    }
    assert answer.headers.get_list("Cache-Status") == [
        'web-1; hit; detail="session-hot"',
        'web-1; hit; detail="board-hot"',
    ]


async def test_what_one_instance_wrote_the_other_shows(start: Starts) -> None:
    """Hot copies on both, every request to one of them at random, no affinity: nothing one wrote is ever missing."""
    sites = [await start(**HOT, INSTANCE_ID=f"web-{n}") for n in (1, 2)]
    routed = random.Random(1)
    ada, bob = await sites[0].join(), await sites[0].join()
    card = await bob.send("from bob")
    await ada.follow(bob.handle)
    stale = []
    last_version = 0

    def anywhere() -> str:
        return routed.choice(sites).url

    for n in range(200):
        kind = routed.choice(("name", "card", "like", "preference"))
        if kind == "name":
            await ada.browser.put("/api/v1/me", json={"name": f"Ada {n}"}, url=anywhere())
            seen = (await ada.me(url=anywhere()))["name"] == f"Ada {n}"
        elif kind == "card":
            sent = await ada.send(f"card {n}", url=anywhere())
            seen = sent["id"] in {each["id"] for each in (await ada.board(url=anywhere()))["cards"]}
        elif kind == "like":
            liked = n % 2 == 0
            method = "PUT" if liked else "DELETE"
            await ada.browser.ask(method, f"/api/v1/cards/{card['id']}/like", url=anywhere())
            board = await ada.board(url=anywhere())
            seen = {each["id"]: each["liked"] for each in board["cards"]}.get(card["id"], liked) == liked
        else:
            await ada.browser.patch("/api/v1/me/preferences", json={"theme": f"t{n}"}, url=anywhere())
            seen = (await ada.me(url=anywhere()))["preferences"]["theme"] == f"t{n}"
        version = (await ada.me(url=anywhere()))["version"]
        if not seen or version < last_version:
            stale.append((n, kind, version, last_version))
        last_version = version
    assert stale == []
    assert all(site.counted("hotseat_cache_lookups_total", tier="hot", result="hit") > 20 for site in sites)


async def test_many_who_ask_at_once_share_one_load(start: Starts) -> None:
    """A board that is not there yet is computed once."""
    site = await start()
    ada = await site.join()
    await ada.send("mine")
    before = site.counted("hotseat_cache_load_duration_seconds_count", region="board")
    boards = await asyncio.gather(*(ada.browser.clone().get("/api/v1/board") for _ in range(20)))
    assert {answer.status for answer in boards} == {200}
    assert site.counted("hotseat_cache_load_duration_seconds_count", region="board") - before == 1
