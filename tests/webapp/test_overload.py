"""Too much at once: what is under way is bounded, what is beyond it is refused at once, and nothing of it is done."""

import asyncio
from typing import Any

import pytest
from browsing import Answer
from coming import comes_true
from quiet_log import Expects
from sites import Site, Starts

from webapp import outage
from webapp.documents import Documents
from webapp.feed import compute_board
from webapp.handlers import visitor
from webapp.model import Board

pytestmark = pytest.mark.gen_test(timeout=60)

PEOPLE = 30
MOST_LOADS = 8


class Gate:
    """Boards are computed once it is open. `running` and `most` count them by instance, `loads` all there were."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.running: dict[int, int] = {}
        self.most: dict[int, int] = {}
        self.loads = 0

    async def compute(self, documents: Documents, person_id: str) -> Board:
        instance = id(documents)
        self.loads += 1
        self.running[instance] = self.running.get(instance, 0) + 1
        self.most[instance] = max(self.most.get(instance, 0), self.running[instance])
        try:
            await self.opened.wait()
            return await compute_board(documents, person_id)
        finally:
            self.running[instance] -= 1


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Gate:
    gate = Gate()
    monkeypatch.setattr(visitor, "compute_board", gate.compute)
    return gate


def is_refused(answer: Answer) -> bool:
    return (answer.status, answer.headers.get("Retry-After")) == (503, "2") and answer.json["detail"] == outage.BUSY


async def test_requests_in_flight_are_bounded(
    site: Site, gate: Gate, expects: Expects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is beyond the bound does not wait; there is room again as soon as one is answered."""
    expects("overloaded")
    members = [await site.join() for _ in range(2)]
    monkeypatch.setattr(outage, "MOST_IN_FLIGHT", 2)
    waiting = [asyncio.ensure_future(member.browser.get("/api/v1/board")) for member in members]
    await comes_true(lambda: site.resources.metrics.in_flight == 2)
    assert is_refused(await site.browser().get("/api/v1/visits"))
    assert is_refused(await site.browser().post("/api/v1/visits"))
    gate.opened.set()
    assert [answer.status for answer in await asyncio.gather(*waiting)] == [200, 200]
    assert (await site.browser().get("/api/v1/visits")).json["visits"] == 0


async def test_loads_that_wait_are_bounded(
    site: Site, gate: Gate, expects: Expects, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One more than may wait is refused, whoever asks; what is cached is served meanwhile."""
    expects("overloaded")
    members = [await site.join() for _ in range(3)]
    loading: Any = site.resources.boards._loading
    monkeypatch.setattr(loading, "_max_waiting", 2)
    waiting = [asyncio.ensure_future(member.browser.get("/api/v1/board")) for member in members[:2]]
    await comes_true(lambda: gate.loads == 2)
    assert is_refused(await members[2].browser.get("/api/v1/board"))
    assert (await members[2].browser.get("/api/v1/me")).status == 200
    gate.opened.set()
    assert [answer.status for answer in await asyncio.gather(*waiting)] == [200, 200]
    assert (await members[2].browser.get("/api/v1/board")).status == 200


@pytest.mark.parametrize("mode", [{}, {"STICKY_MODE": "on"}], ids=["stateless", "sticky"])
async def test_instances_that_all_start_cold_load_within_their_bound(
    site: Site, start: Starts, gate: Gate, mode: dict[str, str]
) -> None:
    """Three at once, all people at each: a bounded number of loads at once, and each board once in the fleet."""
    members = [await site.join() for _ in range(PEOPLE)]
    fleet = [await start(**mode) for _ in range(3)]

    async def ask(member: Any, one: Site) -> int:
        browser = member.browser.clone()
        return (await browser.get("/api/v1/board", url=one.url)).status

    asking = [asyncio.ensure_future(ask(member, one)) for member in members for one in fleet]
    await comes_true(lambda: len(gate.running) == 3 and sum(gate.running.values()) >= MOST_LOADS)
    await asyncio.sleep(0.2)  # whoever would load beyond the bound would do so now
    gate.opened.set()
    assert await asyncio.gather(*asking) == [200] * 3 * PEOPLE
    assert max(gate.most.values()) <= MOST_LOADS
    assert gate.loads == PEOPLE
