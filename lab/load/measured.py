"""What a load measured: per phase and rung, counts, latencies by route, tiers; and how good the generator itself was.

Invariant, where nobody was cut off: `planned` = `taken` + `dropped` + `skipped`, in steps. (A step is one request,
with a few more where somebody has to log in first.)
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import msgspec

from lab.history import Request
from lab.load.latency import ROUGH, Histogram, Latency

MOST_MARKS: Final = 200
SET_UP: Final = "set-up"


class RouteMeasured(msgspec.Struct, frozen=True):
    """The requests of one route. `failed`: no answer or a 5xx; `refused`: a 4xx, or shown the way to the log-in.

    `response` has two digits, those of a whole phase have three.
    """

    requests: int
    failed: int
    refused: int
    response: Latency


class Measured(msgspec.Struct, frozen=True):
    """One phase of one rung. `began` and `ended` in seconds of CLOCK_BOOTTIME.

    `response` is from when a request was meant to be sent, `service` from when it was sent, `late` by how much the
    generator itself sent later than it should have. `tiers` counts as `session:hot`, `stale` by reason. `cpu_seconds`
    are the generator's. `most_in_flight` is the most requests that were under way at once.
    """

    phase: str
    rung: str
    began: float
    ended: float
    planned: int
    taken: int
    dropped: int
    skipped: int
    requests: int
    failed: int
    refused: int
    sent_bytes: int
    received_bytes: int
    cpu_seconds: float
    most_in_flight: int
    response: Latency
    service: Latency
    late: Latency
    routes: dict[str, RouteMeasured]
    tiers: dict[str, int]
    stale: dict[str, int]
    instances: dict[str, int]
    statuses: dict[str, int]

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def requests_per_second(self) -> float:
        return self.requests / self.seconds if self.seconds > 0 else 0.0


class Run(msgspec.Struct, frozen=True):
    """A whole load. `cut_short` says in a sentence why it ended before it should have, "" if it did not.

    `kept` requests are in the history, `not_kept` did not fit into it.
    """

    url: str
    workload: str
    seed: int
    marks: list[Measured]
    kept: int
    not_kept: int
    cut_short: str = ""

    def of(self, phase: str, rung: str = "") -> list[Measured]:
        """Each time this phase of this rung was measured."""
        return [each for each in self.marks if (each.phase, each.rung) == (phase, rung)]


@dataclass
class _Route:
    requests: int = 0
    failed: int = 0
    refused: int = 0
    response: Histogram = field(default_factory=lambda: Histogram(ROUGH))


class Tally:
    """Counts what becomes a Measured. Steps belong to the mark in which they were meant to be taken."""

    def __init__(self, phase: str, rung: str, began: float, cpu_seconds: float) -> None:
        self.phase, self.rung, self.began = phase, rung, began
        self.planned = self.taken = self.dropped = self.skipped = self.most_in_flight = 0
        self._cpu_began = cpu_seconds
        self._ended: tuple[float, float] | None = None
        self._sent_bytes = self._received_bytes = 0
        self._response, self._service, self._late = Histogram(), Histogram(), Histogram()
        self._routes: dict[str, _Route] = {}
        self._tiers: Counter[str] = Counter()
        self._stale: Counter[str] = Counter()
        self._instances: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()

    def note(self, request: Request, intended: float) -> None:
        response = request.ended - intended
        self._response.record(response)
        self._service.record(request.seconds)
        name = f"{request.method} {request.route}"
        route = self._routes.get(name)
        if route is None:
            route = self._routes[name] = _Route()
        route.requests += 1
        route.failed += request.failed
        route.refused += request.outcome == "refused"
        route.response.record(response)
        for what, tier in request.tiers.items():
            self._tiers[f"{what}:{tier}"] += 1
        if request.stale:
            self._stale[request.stale] += 1
        self._instances[request.instance] += 1
        self._statuses[str(request.status)] += 1
        self._sent_bytes += request.sent_bytes
        self._received_bytes += request.received_bytes

    def late(self, seconds: float) -> None:
        self._late.record(seconds)

    def end(self, at: float, cpu_seconds: float) -> None:
        """The next mark begins; requests of this one may still come in."""
        self._ended = self._ended or (at, cpu_seconds)

    def measured(self, now: float, cpu_seconds: float) -> Measured:
        ended, cpu = self._ended or (now, cpu_seconds)
        routes = {
            name: RouteMeasured(each.requests, each.failed, each.refused, each.response.told())
            for name, each in sorted(self._routes.items())
        }
        return Measured(
            phase=self.phase,
            rung=self.rung,
            began=self.began,
            ended=ended,
            planned=self.planned,
            taken=self.taken,
            dropped=self.dropped,
            skipped=self.skipped,
            requests=sum(each.requests for each in routes.values()),
            failed=sum(each.failed for each in routes.values()),
            refused=sum(each.refused for each in routes.values()),
            sent_bytes=self._sent_bytes,
            received_bytes=self._received_bytes,
            cpu_seconds=cpu - self._cpu_began,
            most_in_flight=self.most_in_flight,
            response=self._response.told(),
            service=self._service.told(),
            late=self._late.told(),
            routes=routes,
            tiers=dict(self._tiers),
            stale=dict(self._stale),
            instances=dict(self._instances),
            statuses=dict(self._statuses),
        )
