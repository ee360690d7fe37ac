"""Limits of docs/limits.md that no other test meets."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from sites import Site

from webapp.handlers.people import LONGEST_SEARCH

pytestmark = pytest.mark.gen_test(timeout=60)

DAY_MS = 86_400_000


async def test_one_follows_so_many_and_no_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """422 with the number, nothing done; taking one back makes room. Whoever is followed already is not refused."""
    monkeypatch.setattr("webapp.documents.follows.MOST_FOLLOWED", 2)
    ada, others = await site.join(), [await site.join() for _ in range(3)]
    answers = [await ada.follow(other.handle) for other in (*others, others[0])]
    assert [answer.status for answer in answers] == [200, 200, 422, 200]
    assert answers[2].faults == {"handle": "You follow 2 people already, which is the most."}
    assert (await ada.me())["following"] == 2
    await ada.browser.delete(f"/api/v1/people/{others[0].handle}/follow")
    assert (await ada.follow(others[2].handle)).status == 200


async def test_a_search_has_a_longest_text(site: Site) -> None:
    """As long as a handle may be."""
    for length, status in ((LONGEST_SEARCH, 200), (LONGEST_SEARCH + 1, 422)):
        assert (await site.browser().get(f"/people?q={'a' * length}")).status == status


async def test_so_many_people_are_listed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are."""
    monkeypatch.setattr("webapp.handlers.people.MOST_LISTED", 2)
    members = [await site.join() for _ in range(3)]
    page = (await site.browser().get("/people?q=ada")).text
    assert sum(f'href="/people/{member.handle}"' in page for member in members) == 2


async def test_lists_come_in_pages(site: Site) -> None:
    """20 cards of a board, 12 of a profile, and a cursor to the rest."""
    ada = await site.join()
    for number in range(21):
        await ada.send(f"card {number}")
    board = await ada.board()
    profile = (await ada.browser.get(f"/api/v1/people/{ada.handle}")).json
    assert (len(board["cards"]), len(profile["cards"])) == (20, 12)
    assert len((await ada.board(board["next_cursor"]))["cards"]) == 1
    assert profile["next_cursor"]


async def test_a_key_is_remembered_for_a_day(site: Site) -> None:
    """And then forgotten by Redis itself."""
    ada = await site.join()

    async def kept() -> dict[bytes, int]:
        link = site.resources.cache.link
        [keys] = await link.ask("read", ("KEYS", "*"))
        return {key: (await link.ask("read", ("PTTL", key)))[0] for key in keys}

    before = await kept()
    await ada.send("once", headers={"Idempotency-Key": "a-key"})
    lives = [life for key, life in (await kept()).items() if key not in before]
    assert any(DAY_MS - 60_000 < life <= DAY_MS for life in lives), lives


async def test_an_exports_link_works_for_a_minute_and_downloads(site: Site) -> None:
    """As a file of a name that nobody chose."""
    url = await site.resources.media.link(f"exports/{'0' * 16}/{'0' * 24}.zip", "postcards.zip")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["X-Amz-Expires"] == "60"
    assert re.fullmatch(r'attachment; filename="[a-z.]+"', asked["response-content-disposition"])
