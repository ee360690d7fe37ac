"""One run: a fleet of some size under one routing, from its cold start through a calm time and some changes.

The same seed gives the same run, and the same people asking the same things at the same times whatever the routing.
Arrivals are sorted beforehand; what is done to the fleet comes in between from a heap.
"""

import heapq
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count as counting
from typing import Final

import msgspec
import numpy as np

from lab.collector import collector_resting
from lab.simulate.affinity import PULSE_SECONDS
from lab.simulate.changes import Change, Step
from lab.simulate.copies import SESSION_IDLE_SECONDS, Copies
from lab.simulate.fleet import Fleet
from lab.simulate.plan import Plan
from lab.simulate.result import Felt, Result, result_of
from lab.simulate.routing import routing_of
from lab.simulate.tally import WINDOW_SECONDS, Count, Seconds, dip
from lab.simulate.workload import BOARD as BOARD_PAGE
from lab.simulate.workload import CARD, Arrivals, arrivals

SLICE: Final = 50_000


@dataclass(slots=True)
class _Watched:
    """A change that was done, who is concerned, and what they found since."""

    change: Change
    concerned: bytearray
    before: float
    seconds: Seconds
    moved: set[int] = field(default_factory=set)


class Run:
    """One run under way. `advanced` hears how many of its requests are done."""

    def __init__(self, plan: Plan, advanced: Callable[[int, int], None] = lambda done, all_of_them: None) -> None:
        self._plan = plan
        self._advanced = advanced
        workload = plan.workload
        rng = np.random.default_rng([plan.seed, plan.instances])
        self._arrivals: Arrivals = arrivals(workload, plan.seconds, rng, remembered_seconds=SESSION_IDLE_SECONDS)
        lots = random.Random(plan.seed)  # noqa: S311  # a lot, not a secret
        copies = Copies(workload, lots=lots, hot_bytes=plan.hot_bytes, fresh_seconds=plan.fresh_seconds)
        cards = np.count_nonzero((self._arrivals.kind == CARD) & (self._arrivals.at >= 0)) / plan.seconds
        copies.cards_per_second = workload.followed * cards / workload.users
        self.fleet = Fleet(
            copies,
            routing_of(plan.routing, workload.users, plan.first_choice),
            plan.instances,
            lots=lots,
            rebalance_per_minute=plan.rebalance_per_minute,
        )
        self._everybody = Seconds(plan.seconds)
        self._hot_of = [0] * workload.users
        self._lookups_of = [0] * workload.users
        self._is_calm = False
        self._watched: list[_Watched] = []
        self._calm: Result | None = None
        self._heap: list[tuple[float, int, Callable[[Fleet], None]]] = []
        self._order = counting()

    def result(self) -> Result:
        """Runs it to its end."""
        plan = self._plan
        self._at(0.0, self._pulse)
        self._at(float(plan.warm_seconds), self._begin_calm)
        self._at(float(plan.warm_seconds + plan.calm_seconds), self._end_calm)
        for change in plan.planned():
            self._at(change.at, lambda fleet, change=change: self._watch(change))  # type: ignore[misc]
            steps: Sequence[Step] = list(change.steps(plan.away_seconds))
            for at, step in steps:
                self._at(at, step)
        # nothing here is part of a cycle that grows, and looking through millions of copies takes long
        with collector_resting():
            self._pass(plan.seconds)
        if self._calm is None:
            raise AssertionError("the calm time is part of every run")
        return msgspec.structs.replace(
            self._calm,
            changes=[self._felt(each) for each in self._watched],
            over_time=[
                self._everybody.rate(at, at + WINDOW_SECONDS)[0] for at in range(0, plan.seconds, WINDOW_SECONDS)
            ],
        )

    def _pass(self, until: float) -> None:
        asked = self._arrivals
        total = asked.at.size
        for start in range(0, total, SLICE):
            part = slice(start, start + SLICE)
            self._serve(asked.at[part].tolist(), asked.user[part].tolist(), asked.kind[part].tolist())
            self._advanced(min(start + SLICE, total), total)
        self._do_until(until)

    def _serve(self, times: list[float], users: list[int], kinds: list[int]) -> None:
        heap, serve = self._heap, self.fleet.serve
        everybody = self._everybody
        hot_of, lookups_of = self._hot_of, self._lookups_of
        for at, user, kind in zip(times, users, kinds, strict=True):
            if heap and at >= heap[0][0]:
                self._do_until(at)
            before = self.fleet.last_slot[user] if self._watched else 0
            hot = serve(at, user, kind)
            if at < 0:
                continue
            lookups = 3 if kind == BOARD_PAGE else 2
            second = int(at)
            everybody.hot[second] += hot
            everybody.lookups[second] += lookups
            if self._is_calm:
                hot_of[user] += hot
                lookups_of[user] += lookups
            elif self._watched:
                watched = self._watched[-1]
                if watched.concerned[user]:
                    watched.seconds.hot[second] += hot
                    watched.seconds.lookups[second] += lookups
                    if self.fleet.last_slot[user] != before:
                        watched.moved.add(user)

    # --- what comes in between -----------------------------------------------------------------------------------

    def _at(self, at: float, step: Callable[[Fleet], None]) -> None:
        heapq.heappush(self._heap, (at, next(self._order), step))

    def _do_until(self, at: float) -> None:
        while self._heap and self._heap[0][0] <= at:
            due, _, step = heapq.heappop(self._heap)
            self.fleet.copies.now = due
            step(self.fleet)

    def _pulse(self, fleet: Fleet) -> None:
        fleet.pulse(fleet.copies.now)
        if fleet.copies.now + PULSE_SECONDS < self._plan.seconds:
            self._at(fleet.copies.now + PULSE_SECONDS, self._pulse)

    def _begin_calm(self, fleet: Fleet) -> None:
        fleet.copies.count = Count()
        for process in fleet.processes.values():
            process.requests = 0
        self._is_calm = True

    def _end_calm(self, fleet: Fleet) -> None:
        self._is_calm = False
        self._calm = result_of(self._plan, fleet)

    def _watch(self, change: Change) -> None:
        fleet, users = self.fleet, self._plan.workload.users
        slots = set(change.slots)
        last = fleet.last_slot
        concerned = bytearray(change.joins or last[user] in slots for user in range(users))
        hot = sum(hits for hits, is_one in zip(self._hot_of, concerned, strict=True) if is_one)
        lookups = sum(asked for asked, is_one in zip(self._lookups_of, concerned, strict=True) if is_one)
        before = hot / lookups if lookups else 0.0
        self._watched.append(_Watched(change, concerned, before, Seconds(self._plan.seconds)))

    def _felt(self, watched: _Watched) -> Felt:
        change, began = watched.change, int(watched.change.at)
        ended = began + self._plan.apart_seconds
        assert self._calm is not None  # noqa: S101  # for mypy; see `result`
        own = dip(watched.seconds, watched.before, began, ended)
        people = sum(watched.concerned)
        return Felt(
            change=change.kind,
            instances=len(change.slots),
            people=people,
            before=own.before,
            lowest=own.lowest,
            recovered_seconds=own.recovered_seconds,
            fleet_lowest=dip(self._everybody, self._calm.hit_rate, began, ended).lowest,
            moved_share=len(watched.moved) / people if people else 0.0,
            at=change.at,
        )
