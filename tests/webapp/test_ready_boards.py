"""The denormalised rung: boards kept ready in MongoDB, computed by the worker before they are asked for."""

import asyncio
from typing import Any

import pytest
from quiet_log import Expects
from sites import Member, ShiftedClock, Site, Starts

from webapp import keeping
from webapp.documents.boards import COLLECTION as BOARDS
from webapp.errors import BackendUnavailable
from webapp.keeping import LOOKED_AT_SECONDS
from webapp.model import Board
from webapp.registry import run_job

pytestmark = [pytest.mark.gen_test(timeout=30)]

FRESH_SECONDS = 30


async def ready_site(start: Starts, **more: Any) -> Site:
    return await start(BOARD_STRATEGY="denormalised", BOARD_FRESH_SECONDS=str(FRESH_SECONDS), **more)


async def look(member: Member) -> tuple[str, list[str]]:
    """Where the board came from, and its texts."""
    answer = await member.browser.get("/api/v1/board")
    assert answer.status == 200, answer.text
    [tier] = [part.split('"')[1] for part in answer.headers["Server-Timing"].split(", ") if part.startswith("board")]
    return tier, [card["text"] for card in answer.json["cards"]]


async def test_a_board_is_ready_once_it_was_computed(start: Starts) -> None:
    """The first look computes it, the next one reads one document."""
    site = await ready_site(start)
    ada = await site.join()
    await ada.send("mine")
    assert await look(ada) == ("load", ["mine"])
    reads = site.counted("hotseat_backend_calls_total", backend="mongodb", op="read")
    assert await look(ada) == ("mongodb", ["mine"])
    assert site.counted("hotseat_backend_calls_total", backend="mongodb", op="read") == reads + 1
    assert 'detail="board-mongodb"' in (await ada.browser.get("/api/v1/board")).headers["Cache-Status"]


async def test_ones_own_write_is_on_the_board_at_once_on_any_instance(start: Starts) -> None:
    """P2: a card, a like, somebody followed."""
    one, two = await ready_site(start), await ready_site(start, INSTANCE_ID="web-2")
    ada, bob = await one.join(), await one.join()
    await bob.send("bob's")
    elsewhere = Member(two.browser(), ada.handle)
    await look(ada)
    await ada.send("mine")
    elsewhere.browser.cookies.update(ada.browser.cookies)
    assert (await look(elsewhere))[1] == ["mine"]
    await ada.follow(bob.handle)
    elsewhere.browser.cookies.update(ada.browser.cookies)
    assert sorted((await look(elsewhere))[1]) == ["bob's", "mine"]


async def test_a_preference_does_not_end_a_board(start: Starts) -> None:
    """It is nothing that a board shows."""
    site = await ready_site(start)
    ada = await site.join()
    await look(ada)
    await ada.browser.patch("/api/v1/me/preferences", json={"theme": "dark"})
    assert (await look(ada))[0] == "mongodb"


async def test_others_cards_are_there_within_the_freshness_without_a_worker(start: Starts) -> None:
    """A worker that is down costs speed only."""
    clock = ShiftedClock()
    site = await ready_site(start, wall_clock=clock)
    ada, bob = await site.join(), await site.join()
    await ada.follow(bob.handle)
    await look(ada)
    await bob.send("news")
    assert await look(ada) == ("mongodb", [])
    clock.shift = FRESH_SECONDS
    assert await look(ada) == ("load", ["news"])


async def test_the_worker_has_it_ready_before_it_is_asked_for(start: Starts) -> None:
    """Right after a write, and at half its freshness."""
    clock = ShiftedClock()
    site = await ready_site(start, wall_clock=clock)
    ada, bob = await site.join(), await site.join()
    await ada.follow(bob.handle)
    await look(ada)
    await ada.send("mine")
    assert await run_job(site.resources, "boards") == "1 computed"
    assert await look(ada) == ("mongodb", ["mine"])
    assert await site.resources.keeping.round() == 0
    await bob.send("news")
    clock.shift = FRESH_SECONDS / 2
    assert await site.resources.keeping.round() == 1
    assert sorted((await look(ada))[1]) == ["mine", "news"]


async def test_nothing_is_computed_for_who_does_not_look(start: Starts) -> None:
    """Not for who never did, nor for who has not for ten minutes; who comes back is noticed."""
    clock = ShiftedClock()
    site = await ready_site(start, wall_clock=clock)
    ada, _ = await site.join(), await site.join()
    await look(ada)
    clock.shift = LOOKED_AT_SECONDS + 1
    assert await site.resources.keeping.round() == 0
    await look(ada)
    clock.shift += FRESH_SECONDS
    assert await site.resources.keeping.round() == 1


async def test_nothing_is_kept_of_who_has_left(start: Starts) -> None:
    site = await ready_site(start)
    ada = await site.join()
    await look(ada)
    person_id, documents = (await ada.me())["id"], site.resources.documents
    await documents.departures.begin(person_id, "tag")
    await documents.departures.erase(person_id)
    assert await documents.store.find_one(BOARDS, {"_id": person_id}) is None


class Held:
    """Holds back the first board that is computed from now on, once it is computed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.computed, self.go_on = asyncio.Event(), asyncio.Event()
        computes, first = keeping.compute_board, iter([True])

        async def compute(*arguments: Any) -> Board:
            board = await computes(*arguments)
            if next(first, False):
                self.computed.set()
                await self.go_on.wait()
            return board

        monkeypatch.setattr(keeping, "compute_board", compute)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    return Held(monkeypatch)


async def test_what_was_computed_before_a_write_is_not_kept_after_it(start: Starts, held: Held) -> None:
    """The worker read the truth, its owner wrote and was answered, then the worker is done."""
    site = await ready_site(start)
    ada = await site.join()
    await site.resources.documents.boards.one((await ada.me())["id"], 4e9)
    working = asyncio.create_task(site.resources.keeping.round())
    await held.computed.wait()
    await ada.send("mine")
    held.go_on.set()
    assert await working == 1
    assert await look(ada) == ("load", ["mine"])


async def test_an_older_board_does_not_take_the_place_of_a_newer_one(start: Starts, held: Held) -> None:
    """P3: a slow computation ends after a quick one that began later; who waited for it is shown the newer one."""
    site = await ready_site(start)
    ada, bob = await site.join(), await site.join()
    await ada.follow(bob.handle)
    slow = asyncio.create_task(look(ada))
    await held.computed.wait()
    await bob.send("news")
    assert await look(ada) == ("load", ["news"])
    held.go_on.set()
    assert (await slow)[1] == ["news"]
    assert await look(ada) == ("mongodb", ["news"])


async def test_the_worker_goes_on_after_an_outage(
    start: Starts, monkeypatch: pytest.MonkeyPatch, expects: Expects
) -> None:
    """It says so, waits and tries again."""
    expects("boards are not kept ready just now")
    site = await ready_site(start)
    done = asyncio.Event()
    failures = [BackendUnavailable("mongodb", "gone")]

    async def one_round() -> int:
        if failures:
            raise failures.pop()
        done.set()
        return 0

    monkeypatch.setattr(keeping, "AWAY_SECONDS", 0.01)
    monkeypatch.setattr(site.resources.keeping, "round", one_round)
    working = asyncio.create_task(site.resources.keeping.run())
    await asyncio.wait_for(done.wait(), 5)
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
