"""One counter for all instances: what was answered was counted, whoever died meanwhile."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from figures import Figures
from fleet import end_suddenly
from member import plain_client

from deploy.local import Stack

VISITS = 1000
AT_ONCE = 50
KILLED_AFTER = 400
VICTIM = "web-2"
SHOWN = re.compile(r'data-visits="(\d+)"|"visits":(\d+)')

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


@dataclass
class Outcome:
    """What became of the visits. `numbers` are the counts that answers showed, `failed` statuses other than 200."""

    answered: int = 0
    closed: int = 0
    failed: Counter[int] = field(default_factory=Counter)
    numbers: list[int] = field(default_factory=list)
    instances: Counter[str] = field(default_factory=Counter)

    @property
    def lost(self) -> int:
        """Nobody knows whether these were counted: their instance died, or the counter was too slow for it.

        HAProxy answers 502 when a server dies, or closes the client's connection if it has been used before.
        """
        return self.closed + self.failed[502] + self.failed[503]

    @property
    def total(self) -> int:
        return self.answered + self.closed + self.failed.total()


async def test_each_visit_answered_is_counted_once(stack: Stack, figures: Figures) -> None:
    """1,000 visits over the API, 50 at a time, one of three instances killed in the middle: the count is exact."""
    counted, found = await _visit(stack, "POST", "/api/v1/visits", figures)
    assert found.total == found.answered + found.lost == VISITS
    assert found.lost <= AT_ONCE
    assert found.answered <= counted <= found.answered + found.lost
    assert len(set(found.numbers)) == found.answered


async def test_no_visit_of_the_front_page_fails_and_each_is_counted(stack: Stack, figures: Figures) -> None:
    """The same with the front page: a read is asked again when its server dies, so it may count twice, never fail."""
    counted, found = await _visit(stack, "GET", "/", figures)
    assert found.answered == VISITS
    # A page that the counter did not answer soon enough says so and shows no number.
    assert 0 < len(set(found.numbers)) == len(found.numbers) <= counted <= VISITS + AT_ONCE


async def _visit(stack: Stack, method: str, path: str, figures: Figures) -> tuple[int, Outcome]:
    found = Outcome()
    to_do = iter(range(VISITS))
    before = await _count(stack)
    async with asyncio.TaskGroup() as visitors:
        for _ in range(AT_ONCE):
            visitors.create_task(_keep_visiting(stack, method, path, to_do, found))
    counted = await _count(stack) - before
    assert set(found.instances) == {"web-1", "web-2", "web-3"}
    share = ", ".join(f"{name} {number}" for name, number in sorted(found.instances.items()))
    figures(f"{found.answered} of {VISITS} answered ({share}), {found.lost} lost, {counted} counted")
    return counted, found


async def _keep_visiting(stack: Stack, method: str, path: str, to_do: Iterator[int], found: Outcome) -> None:
    """One after the other over one connection; the browsers behind it are strangers to each other."""
    async with plain_client(stack.url) as client:
        for _ in to_do:
            client.cookies.clear()
            try:
                _note(found, await client.request(method, path))
            except httpx.RemoteProtocolError:
                found.closed += 1
            if found.total == KILLED_AFTER:
                end_suddenly(stack, VICTIM)


def _note(found: Outcome, answer: httpx.Response) -> None:
    if answer.status_code != 200:
        found.failed[answer.status_code] += 1
        return
    found.answered += 1
    found.instances[answer.headers["X-Instance"]] += 1
    if shown := SHOWN.search(answer.text):
        found.numbers.append(int(shown[1] or shown[2]))


async def _count(stack: Stack) -> int:
    async with plain_client(stack.url) as client:
        visits: int = (await client.get("/api/v1/visits")).json()["visits"]
        return visits
