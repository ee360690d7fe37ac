"""People: profiles and following."""

import asyncio

import pytest
from sites import Site

pytestmark = pytest.mark.gen_test(timeout=60)


async def test_following_twice_counts_once(site: Site) -> None:
    """And so does ending it."""
    ada, bob = await site.join(), await site.join()
    for _ in range(2):
        answer = await ada.follow(bob.handle)
        assert (answer.status, answer.json) == (200, {"following": True})
    seen = (await ada.browser.get(f"/api/v1/people/{bob.handle}")).json
    assert (seen["following"], seen["person"]["followers"]) == (True, 1)
    assert ((await ada.me())["following"], (await bob.me())["followers"]) == (1, 1)
    for _ in range(2):
        answer = await ada.browser.delete(f"/api/v1/people/{bob.handle}/follow")
        assert (answer.status, answer.json) == (200, {"following": False})
    seen = (await ada.browser.get(f"/api/v1/people/{bob.handle}")).json
    assert (seen["following"], seen["person"]["followers"]) == (False, 0)
    assert (await ada.me())["following"] == 0


async def test_follows_at_once_are_all_counted(site: Site) -> None:
    """Repeats of one person among them."""
    star = await site.join()
    fans = [await site.join() for _ in range(5)]
    await asyncio.gather(*(fan.follow(star.handle) for fan in fans for _ in range(4)))
    assert (await site.browser().get(f"/api/v1/people/{star.handle}")).json["person"]["followers"] == 5
    path = f"/api/v1/people/{star.handle}/follow"
    await asyncio.gather(*(fan.browser.delete(path) for fan in fans[:3] for _ in range(4)))
    assert (await site.browser().get(f"/api/v1/people/{star.handle}")).json["person"]["followers"] == 2
    assert [(await fan.me())["following"] for fan in fans] == [0, 0, 0, 1, 1]


async def test_nobody_follows_themselves(site: Site) -> None:
    """422, naming the field."""
    ada = await site.join()
    answer = await ada.follow(ada.handle)
    assert (answer.status, answer.faults) == (422, {"handle": "You cannot follow yourself."})


async def test_somebody_who_is_not_there(site: Site) -> None:
    """Neither shown nor followed."""
    ada = await site.join()
    answers = [
        await ada.browser.get("/api/v1/people/nobody_here"),
        await ada.follow("nobody_here"),
        await ada.browser.delete("/api/v1/people/nobody_here/follow"),
        await ada.browser.get("/api/v1/people/NOT.A.HANDLE"),
    ]
    assert [(answer.status, answer.faults) for answer in answers] == [(404, {})] * 4


async def test_a_profile_pages_through_every_card_once(site: Site) -> None:
    """Newest first."""
    ada = await site.join()
    sent = [(await ada.send(f"card {n}"))["id"] for n in range(30)]
    seen: list[str] = []
    cursor = None
    while True:
        path = f"/api/v1/people/{ada.handle}" + (f"?cursor={cursor}" if cursor else "")
        page = (await site.browser().get(path)).json
        seen += [card["id"] for card in page["cards"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == sent[::-1]


@pytest.mark.parametrize("cursor", ["x", "1", "-1.0", "", "1e5", "%00", "9" * 400 + ".0"])
async def test_a_cursor_that_was_never_given_out_is_refused(site: Site, cursor: str) -> None:
    """422, naming the field."""
    ada = await site.join()
    answer = await ada.browser.get(f"/api/v1/people/{ada.handle}?cursor={cursor}")
    assert (answer.status, set(answer.faults)) == (422, {"cursor"})


async def test_a_profile_shows_nothing_of_the_account(site: Site) -> None:
    """No password, no tag, no session."""
    ada = await site.join()
    seen = (await site.browser().get(f"/api/v1/people/{ada.handle}")).json
    assert set(seen["person"]) == {
        "id", "handle", "name", "bio", "avatar", "followers", "following", "cards", "joined",
    }  # fmt: skip
    assert ada.browser.cookies["session"].split(".")[0] not in str(seen)
