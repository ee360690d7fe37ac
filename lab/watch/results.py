"""What was seen of a system while it was watched, as it is written to `watch.json`."""

from collections.abc import Sequence
from typing import Final

import msgspec

from lab.chaos.results import Finding
from lab.history import Request

WATCHED: Final = "watch.json"
APART_SECONDS: Final = 2.0  # without a failed request: then the next one is of another trouble


class Trouble(msgspec.Struct, frozen=True):
    """A stretch in which requests failed: `at` in seconds from the beginning, until the last of them was answered."""

    at: float
    seconds: float
    failed: int
    failed_reads: int


class WatchResult(msgspec.Struct):
    """A whole run, or as much of it as there was. `doing` is what the operator said they were going to do.

    `served_last` is when the last request was served, in seconds from the beginning. `left_behind` says in sentences
    what is still there of it.
    """

    began: str
    version: str
    url: str
    doing: str
    workload: str
    seed: int
    seconds: float = 0.0
    requests: int = 0
    failed: int = 0
    stale: int = 0
    longest_gap_seconds: float = 0.0
    served_last: float | None = None
    moved_share: float | None = None
    by_instance: dict[str, int] = {}
    troubles: list[Trouble] = []
    findings: list[Finding] = []
    left_behind: list[str] = []
    complete: bool = False
    stopped: str = ""

    @property
    def violations(self) -> int:
        return sum(each.broken for each in self.findings)


def troubles_of(requests: Sequence[Request], began: float) -> list[Trouble]:
    """In the order of time. One is over when a request is served and none has failed for a while."""
    found: list[list[Request]] = []
    until, was_served = 0.0, True
    for each in sorted(requests, key=lambda request: request.started):
        if not each.failed:
            was_served |= each.started > until
            continue
        if was_served and each.started > until + APART_SECONDS:
            found.append([])
        found[-1].append(each)
        until, was_served = max(until, each.ended), False
    return [
        Trouble(
            at=those[0].started - began,
            seconds=max(each.ended for each in those) - those[0].started,
            failed=len(those),
            failed_reads=sum(each.kind == "read" for each in those),
        )
        for those in found
    ]
