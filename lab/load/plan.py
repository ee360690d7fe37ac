"""Who comes when and does what: decided by the workload and a number alone, before anything is asked.

Visits arrive as a Poisson process, whatever becomes of those before (open loop), and the times of a visit's steps are
fixed as well. The plan begins with visits that are under way, so that the load is even from the first second on.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import accumulate
from random import Random
from typing import Final

from lab.load.popularity import Zipf
from lab.workload import FOR_ANYBODY, Workload

NOBODY: Final = -1
LONGEST_VISIT: Final = 8  # times the mean


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do `at` so many seconds after the start; `chance` in [0, 1) decides what depends on answers."""

    at: float
    action: str
    chance: float


@dataclass(frozen=True, slots=True)
class Visit:
    """One person (NOBODY: somebody without an account) in one browser. Its steps are in the order of their times."""

    number: int
    person: int
    device: int
    steps: tuple[Step, ...]


def visits(workload: Workload, seed: int, *, rate: float | None = None) -> Iterator[Visit]:
    """Without end, in the order of their first steps. `rate`: requests per second, if not the workload's own."""
    return _Planner(workload, seed, rate or workload.requests_per_second).visits()


class _Planner:
    def __init__(self, workload: Workload, seed: int, rate: float) -> None:
        self._workload = workload
        self._chance = Random(f"visits {seed}")  # noqa: S311  # nothing is kept secret by it
        self._per_second = rate / workload.requests
        self._active = Zipf(workload.users, workload.activity_exponent)
        actions = {name: weight for name, weight in workload.mix.items() if weight}
        self._actions = _weighed(actions)
        self._open = _weighed({name: actions[name] for name in FOR_ANYBODY if name in actions} or {"front": 1.0})

    def visits(self) -> Iterator[Visit]:
        under_way = sorted(self._under_way(), key=_first_step)
        return merge(under_way, self._coming(len(under_way)), key=_first_step)

    def _under_way(self) -> list[Visit]:
        """Visits that began earlier: as many as an M/G/infinity queue holds, a Poisson number.

        What is left of a geometric number is geometric, what is left of an exponential pause is exponential: so each is
        like a new visit, whose first step is a pause away.
        """
        mean_seconds = (self._workload.requests - 1) * self._workload.think_seconds
        count = self._poisson(self._per_second * mean_seconds)
        return [self._visit(number, self._pause()) for number in range(count)]

    def _coming(self, number: int) -> Iterator[Visit]:
        at = 0.0
        while True:
            at += self._chance.expovariate(self._per_second)
            yield self._visit(number, at)
            number += 1

    def _visit(self, number: int, at: float) -> Visit:
        chance, workload = self._chance, self._workload
        person = NOBODY if chance.random() < workload.anonymous_share else self._active.place(chance.random())
        device = int(person != NOBODY and chance.random() < workload.second_device_share)
        actions = self._drawn(person, self._length())
        if person != NOBODY and chance.random() < workload.revoke_share:
            actions.insert(len(actions) // 2, "revoke")
        if person != NOBODY and chance.random() < workload.password_share:
            actions.insert(len(actions) // 2, "password")
        if person != NOBODY and chance.random() < workload.logout_share:
            actions.append("logout")
        steps = []
        for action in actions:
            steps.append(Step(at, action, chance.random()))
            at += self._pause()
        return Visit(number, person, device, tuple(steps))

    def _pause(self) -> float:
        think_seconds = self._workload.think_seconds
        return self._chance.expovariate(1 / think_seconds) if think_seconds else 0.0

    def _poisson(self, mean: float) -> int:
        """How many arrivals at that rate fall into one unit of time."""
        count, at = 0, self._chance.expovariate(mean) if mean else 1.0
        while at < 1:
            count += 1
            at += self._chance.expovariate(mean)
        return count

    def _drawn(self, person: int, count: int) -> list[str]:
        names, up_to = self._open if person == NOBODY else self._actions
        return self._chance.choices(names, cum_weights=up_to, k=count)

    def _length(self) -> int:
        """Geometric from 1 on, cut off far above its mean."""
        mean = self._workload.requests
        if mean <= 1:
            return 1
        count = 1 + int(math.log(1 - self._chance.random()) / math.log(1 - 1 / mean))
        return min(count, int(LONGEST_VISIT * mean))


def _first_step(visit: Visit) -> float:
    return visit.steps[0].at


def _weighed(weights: dict[str, float]) -> tuple[list[str], list[float]]:
    return list(weights), list(accumulate(weights.values()))
