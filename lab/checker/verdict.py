"""What was found: per promise how much bore on it, how often it was broken, and the smallest proofs of that.

Memory is bounded: violations are counted, and the smallest few are kept whole.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from lab.history import Disturbance, Request

MOST_KEPT = 20
MOST_STEPS = 8

TITLES = {
    "P1": "durable",
    "P2": "read your writes",
    "P3": "monotonic",
    "P4": "no resurrection",
    "P5": "bounded staleness",
    "P6": "isolation",
    "P7": "unbroken service",
}


class Step(NamedTuple):
    """One request of a proof, and what of it matters: `wrote name 2`, `saw name 1`."""

    request: Request
    did: str


def lasting(seconds: float) -> str:
    """`0.3 ms`, `12 ms`, `2.11 s`."""
    if seconds < 0.00995:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.2f} s"


@dataclass(frozen=True, slots=True)
class Violation:
    """The few requests that prove that a promise was broken, in order of time, and why they do."""

    promise: str
    steps: tuple[Step, ...]
    why: str
    disturbance: Disturbance | None = None

    @property
    def size(self) -> tuple[int, float]:
        """Fewer requests are a smaller proof, then those closer together."""
        requests = [step.request for step in self.steps]
        return len(requests), max(each.ended for each in requests) - min(each.started for each in requests)


@dataclass(slots=True)
class Finding:
    """One promise: `bore` requests could have shown it broken, `broken` times it was; `violations` smallest first."""

    promise: str
    bore: int = 0
    broken: int = 0
    violations: list[Violation] = field(default_factory=list)
    _bearing: set[int] = field(default_factory=set)

    @property
    def title(self) -> str:
        """The promise in two words."""
        return TITLES[self.promise]

    @property
    def state(self) -> str:
        """`kept`, `broken` or `not exercised`: nothing in the history could have shown it broken."""
        if self.broken:
            return "broken"
        return "kept" if self.bore else "not exercised"

    def bear(self, request: Request) -> None:
        """This request could have shown it broken; it counts once, however much of it could."""
        self._bearing.add(id(request))

    def tally(self) -> None:
        """Everything of one user was looked at."""
        self.bore += len(self._bearing)
        self._bearing.clear()

    def blame(self, steps: Iterable[Step], why: str, disturbance: Disturbance | None = None) -> None:
        """One more violation; of steps about the same request the first is told."""
        self.broken += 1
        told: dict[int, Step] = {}
        for step in steps:
            told.setdefault(id(step.request), step)
        ordered = sorted(told.values(), key=lambda step: (step.request.started, step.request.ended))
        found = Violation(self.promise, tuple(ordered[-MOST_STEPS:]), why, disturbance)
        if len(self.violations) < MOST_KEPT or found.size < self.violations[-1].size:
            insort(self.violations, found, key=lambda each: each.size)
            del self.violations[MOST_KEPT:]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All promises, of `requests` requests; `failed_in_calm` of them failed while nothing was done to the site."""

    requests: int
    failed_in_calm: int
    findings: Sequence[Finding]

    def __getitem__(self, promise: str) -> Finding:
        return next(each for each in self.findings if each.promise == promise)

    @property
    def broken(self) -> tuple[str, ...]:
        """The promises that were broken."""
        return tuple(each.promise for each in self.findings if each.broken)

    @property
    def not_exercised(self) -> tuple[str, ...]:
        """The promises of which nothing can be said."""
        return tuple(each.promise for each in self.findings if each.state == "not exercised")

    @property
    def smallest(self) -> Violation | None:
        """The smallest proof of all."""
        return min((one for each in self.findings for one in each.violations), key=lambda one: one.size, default=None)
