"""What the disturbances of a run excuse: stale answers, failed requests, what they may lose."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from lab.history import Disturbance, History, Request

NO_REQUEST_FAILS = ("planned", "slight")
NO_GET_FAILS = ("kill", "hang")
EXCUSING_FAILURES = ("outage", "other")
_OF_ONE_INSTANCE = re.compile(r"(web-\d+)(-[a-z0-9]+)?")

ANY_INSTANCE = "*"

Read = TypeVar("Read")
Binds = Callable[[float, float], bool]
"""Whether what happened between these moments cannot have been lost."""


class Loss(NamedTuple):
    """From `struck` on, what happened within `since` and `until` may be gone."""

    struck: float
    since: float
    until: float


class Spans:
    """Pairs of start and end in seconds, both within, that may overlap; asked in O(log n)."""

    def __init__(self, spans: Iterable[tuple[float, float]]) -> None:
        self._starts: list[float] = []
        self._ends: list[float] = []
        for start, end in sorted(spans):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._starts.append(start)
                self._ends.append(end)

    def touch(self, started: float, ended: float) -> bool:
        """Whether this time has a moment in common with one of them."""
        place = bisect_right(self._starts, ended) - 1
        return place >= 0 and self._ends[place] >= started


class Disturbed:
    """All disturbances of a history, asked by what they excuse."""

    def __init__(self, history: History) -> None:
        self._all = sorted(history.disturbances, key=lambda each: each.started)
        self._bound_seconds = history.bound_seconds
        self._losses: dict[str, list[Loss]] = {}
        self.no_request_fails = self._spans(each for each in self._all if each.change in NO_REQUEST_FAILS)
        self.no_get_fails = self._spans(each for each in self._all if each.change in NO_GET_FAILS)
        self._stale = _stale_spans(self._all, history.stale_seconds + history.bound_seconds)
        self._starts = [each.started for each in self._all]

    def excuses_staleness(self, request: Request) -> bool:
        """A copy that stood in for what was away, marked so, where and no longer than is promised."""
        return request.stale == "outage" and any(
            self._stale[instance].touch(request.started, request.ended)
            for instance in {ANY_INSTANCE, request.instance} & self._stale.keys()
        )

    def began_within(self, started: float, ended: float) -> bool:
        """Whether anything was begun between these moments."""
        return bisect_right(self._starts, ended) > bisect_right(self._starts, started)

    def during(self, request: Request) -> list[Disturbance]:
        """Those that were not over yet while this request was under way."""
        return [each for each in self._all if each.started <= request.ended and request.started <= each.settled]

    def losses(self, what: str) -> list[Loss]:
        """What may be lost of a register, of `cards`, `sessions` or `versions`, in the order it struck."""
        if what not in self._losses:
            self._losses[what] = [_loss(each, self._bound_seconds) for each in self._all if what in each.losing]
        return self._losses[what]

    @staticmethod
    def _spans(disturbances: Iterable[Disturbance]) -> Spans:
        return Spans((each.started, each.settled) for each in disturbances)


def _stale_spans(disturbances: Iterable[Disturbance], limit: float) -> dict[str, Spans]:
    """When copies could stand in, by the instance that could not do without."""
    found: dict[str, list[tuple[float, float]]] = {}
    for each in disturbances:
        ended = each.settled if each.change == "other" else min(each.settled, each.started + limit)
        for part in each.stales:
            of_one = _OF_ONE_INSTANCE.fullmatch(part)
            found.setdefault(of_one[1] if of_one else ANY_INSTANCE, []).append((each.started, ended))
    return {instance: Spans(spans) for instance, spans in found.items()}


def lost(losses: Sequence[Loss], started: float, ended: float, looked_at: float) -> bool:
    """Whether what happened between these moments may be gone when somebody looks."""
    return any(loss.since <= ended and started <= loss.until and loss.struck <= looked_at for loss in losses)


def epochs(
    reads: Sequence[tuple[Read, Request]], losses: Sequence[Loss]
) -> Iterator[tuple[Sequence[tuple[Read, Request]], Binds]]:
    """Reads by what had struck when they ended, with what still binds them."""
    if not losses:
        yield reads, lambda started, ended: True
        return
    struck = [loss.struck for loss in losses]
    apart: dict[int, list[tuple[Read, Request]]] = {}
    for read in reads:
        apart.setdefault(bisect_right(struck, read[1].ended), []).append(read)
    for count, those in sorted(apart.items()):
        yield those, _binding(losses[:count])


def _binding(losses: Sequence[Loss]) -> Binds:
    return lambda started, ended: not any(loss.since <= ended and started <= loss.until for loss in losses)


def _loss(disturbance: Disturbance, bound_seconds: float) -> Loss:
    seconds = disturbance.losing_seconds
    since = float("-inf") if seconds is None else disturbance.started - seconds
    return Loss(disturbance.started, since, disturbance.settled + bound_seconds)  # a copy may show it so long
