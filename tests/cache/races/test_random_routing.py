"""Copies in every process, and no affinity at all: a proxy that sends each request wherever it likes."""

import asyncio
import random

import pytest
from cache_races import FAR, HOT, NAIVE, STATELESS, Fleet, Process, must, race

pytestmark = pytest.mark.asyncio

USERS = ("ada", "bob", "cyd", "dee", "eve")
REQUESTS = 30  # per browser; two browsers per user


class Browser:
    """One browser of a user: its cookie's floor, and what it may not be shown less of than."""

    def __init__(self, fleet: Fleet, user: str, number: int, seed: int) -> None:
        self._fleet = fleet
        self._user = user
        self._session = f"s{number}"
        self._rng = random.Random(f"{user} {number} {seed}")
        self._floor = 0
        self._seen = 0
        self._visits = 0

    async def surf(self) -> None:
        """Logs in, then reads and writes, one request after the other, each anywhere."""
        await self._process().sessions.create(
            self._user, self._session, {"visits": "0"}, lives_seconds=1000, now=0, ends=FAR
        )
        for _ in range(REQUESTS):
            step = self._rng.choices([self._read, self._write, self._visit, self._read_session], [6, 2, 2, 5])[0]
            await step(self._process())

    def _process(self) -> Process:
        return self._rng.choice(self._fleet.processes)

    async def _read(self, process: Process) -> None:
        answer = await process.board.get(self._user, self._slow_load, floor=self._floor)
        must(answer.value >= self._seen, f"{self._user} was shown {answer.value} after {self._seen}")
        self._seen = answer.value
        self._floor = max(self._floor, answer.version)

    async def _write(self, process: Process) -> None:
        async with process.cache.write(self._user, alive=process.sessions.key(self._user, self._session)) as write:
            await self._dawdle()
            self._fleet.truth[self._user] = written = self._fleet.truth.get(self._user, 0) + 1
            await self._dawdle()
        self._seen = max(self._seen, written)
        self._floor = max(self._floor, write.version)

    async def _visit(self, process: Process) -> None:
        self._visits += 1
        version = await process.sessions.change(self._user, self._session, {"visits": str(self._visits)})
        self._floor = max(self._floor, version)

    async def _read_session(self, process: Process) -> None:
        [answer] = await process.cache.look(process.sessions.lookup(self._user, self._session, floor=self._floor))
        must(answer is not None, f"{self._user} was logged out")
        if answer is not None:
            visits = int(answer.value["visits"])
            must(visits == self._visits, f"{self._user}'s session has {visits} visits, not {self._visits}")
            self._floor = max(self._floor, answer.version)

    async def _slow_load(self) -> int:
        value = self._fleet.truth.get(self._user, 0)
        await self._dawdle()
        return value

    async def _dawdle(self) -> None:
        for _ in range(self._rng.randrange(8)):
            await asyncio.sleep(0)


@pytest.mark.parametrize("seed", range(3))
@race(HOT, STATELESS, NAIVE)
async def test_no_browser_loses_sight_of_its_writes_or_goes_back_in_time(fleet: Fleet, seed: int) -> None:
    """300 requests of five users' browsers over three processes: P2 and P3 hold for each, by the floor alone."""
    for _ in range(3):
        await fleet.process()
    await asyncio.gather(
        *(fleet.begin(Browser(fleet, user, number, seed).surf()) for user in USERS for number in range(2)),
    )
    must(not await fleet.differing(), "a copy differs from Redis at rest")
    for user in USERS:
        for process in fleet.processes:
            must(await fleet.read(process, user) == fleet.truth.get(user, 0), f"{user}'s truth is not what is answered")
