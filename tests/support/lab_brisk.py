"""A comparison of systems that are there already, over in a second or two."""

from collections.abc import Callable, Mapping
from typing import Any

from lab_small_workload import small_workload

from lab.compare.measuring import Times
from lab.compare.plan import Plan
from lab.compare.rungs import LADDER

NO_TIME = Times(first=0.1, warm=0.1, measured=0.4, step=0.2)
BRISK = {"rounds": 2, "times": NO_TIME, "bearing": ()}
WORKLOAD = """
[people]
users = 5
follows = 1
first_cards = 1
[visits]
requests_per_second = 100
requests = 5
think_seconds = 0.02
[mix]
board = 5
me = 5
name = 1
post = 1
"""


def brisk_plan(sites: Mapping[str, str], **changed: Any) -> Plan:
    """Of these rungs at these addresses."""
    chosen = {**BRISK, "failing": (), "give_up_seconds": 0.3, **changed}
    rungs = tuple(rung for rung in LADDER if rung.name in sites)
    return Plan(workload=small_workload(), seed=1, rungs=rungs, bound_ms=500.0, sites=sites, **chosen)


class Steps:
    """Who is told how far a run is, and does something `when` a step of a certain kind begins."""

    def __init__(self, when: Callable[[str], None] = lambda what: None) -> None:
        self.begun: list[str] = []
        self._when = when

    def begins(self, what: str) -> None:
        self.begun.append(what)
        self._when(what)

    def done(self) -> None:
        pass
