"""The load: an open loop of visits to one site, in this event loop.

    async with Load(workload, "http://127.0.0.1:8080", seed=1) as load:
        await load.run(10, phase="warm-up", rung="hot")
        await load.run(30, phase="measured", rung="hot")
        run = load.so_far()

Visits begin when the plan says so, however the site is doing, and a step's latency counts from when it was meant to be
taken: the wait behind a slow answer counts too (no coordinated omission). What exceeds the bounds is not sent, and
counted as dropped. Each `start` begins the plan of its seed anew: the same people do the same at the same times.
"""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Self

from lab.errors import LabError
from lab.history import Request, now
from lab.load.account import Account
from lab.load.browser import PATIENCE_SECONDS, connected
from lab.load.device import Device
from lab.load.last_look import look_once_more
from lab.load.leaving import leave_for_good
from lab.load.measured import MOST_MARKS, SET_UP, Run, Tally
from lab.load.person import Person
from lab.load.plan import NOBODY, Step, Visit, visits
from lab.load.recording import Recording
from lab.load.settling import settle_in
from lab.load.site import check_site, check_url, shown
from lab.load.town import Town
from lab.workload import Workload

MOST_IN_FLIGHT = 1000
MOST_VISITS = 20_000
GIVE_UP_SECONDS = 10.0


class Load:
    """The people of a workload on one site; entering makes their accounts, which takes a while.

    Entering raises NoSuchSite, NotPostcards or SiteGone. Later nothing that the site does raises: if it gives nobody an
    answer other than a 5xx for `give_up_seconds` (None: for ever), the load ends, and `cut_short` says why.

    `removes_people`: on leaving they delete their accounts, also if not all could be made; `people_left` are those who
    could not. `verifies`: whether the certificate of an https site has to be good.
    """

    def __init__(
        self,
        workload: Workload,
        url: str,
        *,
        seed: int = 1,
        rate: float | None = None,
        recording: Recording | None = None,
        most_in_flight: int = MOST_IN_FLIGHT,
        most_visits: int = MOST_VISITS,
        patience_seconds: float = PATIENCE_SECONDS,
        give_up_seconds: float | None = GIVE_UP_SECONDS,
        name: str | None = None,
        removes_people: bool = False,
        verifies: bool = True,
        clock: Callable[[], float] = now,
    ) -> None:
        check_url(url)
        self.url, self.workload, self.seed, self.rate = url, workload, seed, rate
        self.recording = recording or Recording()
        self.cut_short = ""
        self.ended = asyncio.Event()
        self.people_left = 0
        self._removes_people, self._verifies = removes_people, verifies
        self._most_in_flight, self._most_visits = most_in_flight, most_visits
        self._patience_seconds, self._give_up_seconds = patience_seconds, give_up_seconds
        self._clock = clock
        self._town = Town(workload, name or f"u{secrets.token_hex(4)}", seed)
        self._people: list[Person] = []
        self._tallies: list[Tally] = []
        self._under_way: set[asyncio.Task[None]] = set()
        self._thinking: set[asyncio.Task[None]] = set()
        self._bug: BaseException | None = None
        self._arrivals: asyncio.Task[None] | None = None
        self._in_flight = 0
        self._served_at = 0.0
        self._life = self._living()

    async def __aenter__(self) -> Self:
        await self._life.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._life.__aexit__(None, None, None)

    @property
    def shown_url(self) -> str:
        """The address as it may be told."""
        return shown(self.url)

    @property
    def handles(self) -> str:
        """By what its people are known on the site."""
        return self._town.handle_pattern

    # What is done

    async def run(
        self,
        seconds: float,
        *,
        phase: str = "measured",
        rung: str = "",
        seed: int | None = None,
        rate: float | None = None,
    ) -> None:
        """`start`, so many seconds, `stop`; less if the load is cut short."""
        self.start(phase=phase, rung=rung, seed=seed, rate=rate)
        try:
            async with asyncio.timeout(seconds):
                await self.ended.wait()
        except TimeoutError:
            pass
        await self.stop()

    def start(
        self, *, phase: str = "measured", rung: str = "", seed: int | None = None, rate: float | None = None
    ) -> None:
        """People begin to come, by the plan of this seed, at this rate; those of the load, if none are given."""
        if self._arrivals is not None:
            raise LabError("The load runs already; `mark` begins another phase, `stop` ends it.")
        plan = visits(self.workload, self.seed if seed is None else seed, rate=rate or self.rate)
        self.mark(phase, rung)
        self._served_at = self._clock()
        self._arrivals = asyncio.create_task(self._let_in(plan, self._clock()), name="arrivals")

    def mark(self, phase: str, rung: str = "") -> None:
        """From now on what is meant to be sent counts as of this phase and rung."""
        if len(self._tallies) >= MOST_MARKS:
            raise LabError(f"There are {MOST_MARKS} phases already, and no more are kept apart.")
        at, cpu = self._clock(), _cpu_seconds()
        if self._tallies:
            self._tallies[-1].end(at, cpu)
        self._tallies.append(Tally(phase, rung, at, cpu))

    async def stop(self) -> None:
        """Nobody comes any more, and nobody asks anything more; what was asked is answered or given up. Idempotent."""
        if self._arrivals is None:
            return
        arrivals, self._arrivals = self._arrivals, None
        self._tallies[-1].end(self._clock(), _cpu_seconds())
        for task in (arrivals, *self._thinking):
            task.cancel()
        await asyncio.gather(arrivals, *self._under_way, return_exceptions=True)
        if self._bug is not None:
            raise self._bug

    async def look_once_more(self) -> None:
        """Everybody reads what is theirs, wherever they are logged in: what nobody reads is neither kept nor lost."""
        self.mark("last look")
        await look_once_more(self._people, clock=self._clock)

    def cut_off(self, why: str) -> None:
        """Nothing more is sent from now on; `why`, a sentence, is kept with what was measured."""
        if not self.ended.is_set():
            self.cut_short = why
            self._tallies[-1].end(self._clock(), _cpu_seconds())
            self.ended.set()

    def so_far(self) -> Run:
        """All that was measured until now; at any time, also after leaving."""
        marks = [each.measured(self._clock(), _cpu_seconds()) for each in self._tallies]
        recording = self.recording
        recording.flush()
        return Run(
            url=self.shown_url,
            workload=self.workload.name,
            seed=self.seed,
            marks=marks,
            kept=recording.kept,
            not_kept=recording.not_kept,
            cut_short=self.cut_short,
        )

    # How

    @asynccontextmanager
    async def _living(self) -> AsyncIterator[None]:
        async with connected(
            self.url, patience_seconds=self._patience_seconds, verifies=self._verifies, clock=self._clock
        ) as connections:
            await check_site(connections)
            self.mark(SET_UP)
            self._connections = connections
            self._people = [
                Person(Account(self._town, connections, self._town.handle(n), self._note))
                for n in range(self.workload.users)
            ]
            try:
                await settle_in(self._people, self._town, self.shown_url, self.seed, clock=self._clock)
                self.mark("idle")
                yield
            finally:
                await self.stop()
                if self._removes_people:
                    self.people_left = len(self._people)  # should this be cancelled
                    self.people_left = await leave_for_good(self._people)

    async def _let_in(self, plan: Iterator[Visit], began: float) -> None:
        for visit in plan:
            await self._sleep_until(began + visit.steps[0].at)
            if self.ended.is_set():
                return
            if len(self._under_way) >= self._most_visits:
                for step in visit.steps:
                    self._drop(self._tally_at(began + step.at))
                continue
            task = asyncio.create_task(self._make(visit, began))
            self._under_way.add(task)
            task.add_done_callback(self._is_over)

    def _is_over(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        bug = None if task.cancelled() else task.exception()
        self._bug = self._bug or bug

    async def _make(self, visit: Visit, began: float) -> None:
        person = self._people[visit.person] if visit.person != NOBODY else self._stranger(visit)
        device = person.account.devices[visit.device]
        device.visits += 1
        try:
            for step in visit.steps:
                at = began + step.at
                is_due = await self._think_until(at)
                if self._arrivals is None or self.ended.is_set():
                    return
                tally = self._tally_at(at)
                if is_due:
                    tally.late(self._clock() - at)
                if self._in_flight >= self._most_in_flight:
                    self._drop(tally)
                else:
                    await self._take(person, device, step, at, tally)
        finally:
            device.visits -= 1

    async def _take(self, person: Person, device: Device, step: Step, at: float, tally: Tally) -> None:
        tally.planned += 1
        self._in_flight += 1
        tally.most_in_flight = max(tally.most_in_flight, self._in_flight)
        try:
            can_go_on = await person.account.come_in(device, at)
            done = can_go_on is not None and await person.take(device, step, can_go_on)
        finally:
            self._in_flight -= 1
        tally.taken += done
        tally.skipped += not done

    def _drop(self, tally: Tally) -> None:
        tally.planned += 1
        tally.dropped += 1

    def _stranger(self, visit: Visit) -> Person:
        account = Account(self._town, self._connections, "", self._note, name=f"visitor {visit.number}", devices=1)
        return Person(account)

    def _note(self, request: Request, intended: float) -> None:
        self._tally_at(intended).note(request, intended)
        self.recording.note(request)
        if not request.failed:
            self._served_at = max(self._served_at, request.ended)
        elif self._give_up_seconds is not None and not self.ended.is_set():
            silent = request.ended - self._served_at
            if self._arrivals is not None and silent >= self._give_up_seconds:
                self.cut_off(f"{self.shown_url} {_not_served(request, silent)}.")

    def _tally_at(self, at: float) -> Tally:
        for tally in reversed(self._tallies):
            if tally.began <= at:
                return tally
        return self._tallies[0]

    async def _think_until(self, at: float) -> bool:
        """Sleeps, and may be sent home meanwhile; whether it did not come to this step late."""
        task = asyncio.current_task()
        if task is None:
            raise LabError("A visit is made in a task.")
        self._thinking.add(task)
        try:
            return await self._sleep_until(at)
        finally:
            self._thinking.discard(task)

    async def _sleep_until(self, at: float) -> bool:
        """False if it is past already."""
        seconds = at - self._clock()
        await asyncio.sleep(max(0.0, seconds))
        return seconds > 0


def _not_served(last: Request, seconds: float) -> str:
    if last.status:
        return f"has answered with nothing but errors for {seconds:.0f} s (the last one: {last.status})"
    return f"has not answered for {seconds:.0f} s ({last.note.partition(': ')[2]})"


def _cpu_seconds() -> float:
    """Of this process."""
    times = os.times()
    return times.user + times.system
