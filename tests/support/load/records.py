"""What the load saw, request by request, and the promises it saw broken; also as JSON, between processes."""

import msgspec


class Record(msgspec.Struct, array_like=True, frozen=True):
    """One request. `at` is when it was sent (seconds of CLOCK_MONOTONIC), status 0 means that no answer came.

    `route` is its name without ids, `before` the instance that answered this browser's request before this one,
    `session` and `board` are the tiers that answered. `ok`: the answer is one that a fault-free run gives.
    """

    at: float
    ms: float
    user: str
    kind: str
    method: str
    route: str
    status: int
    instance: str
    before: str
    session: str
    board: str
    stale: str
    ok: bool
    keyed: bool
    note: str

    @property
    def moved(self) -> bool:
        return bool(self.before and self.instance and self.before != self.instance)

    @property
    def is_read(self) -> bool:
        return self.method == "GET"


class Violation(msgspec.Struct, array_like=True, frozen=True):
    """A promise that did not hold: which one (P1 to P6), and how that was seen."""

    at: float
    promise: str
    user: str
    request: str
    instance: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise} {self.user} {self.request} by {self.instance or 'nobody'} at {self.at:.2f}: {self.what}"
