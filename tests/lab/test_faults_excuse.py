"""What each fault excuses is what is promised of it, no more; and the guide tells it."""

import re
from pathlib import Path
from typing import get_args

import pytest

from lab.faults import ALL, Fault
from lab.history import Change

GUIDE = Path(__file__).parents[2] / "docs" / "lab.md"

KINDS: dict[Change, set[str]] = {
    "planned": {"rolling-restart", "terminate", "drain", "proxy-restart"},
    "slight": {"worker-kill", "redis-latency", "mongodb-latency", "clients-latency", "clock-on", "clock-back"}
    | {"rolling-restart+redis-latency"},
    "kill": {"kill"},
    "hang": {"stop"},
    "other": {"proxy-kill", "redis-flush", "clients-cut", "clients-bandwidth", "memory-limit"},
}
"""All others are outages."""

LOSING = {
    "redis-flush": (("sessions", "theme", "versions"), None),
    "redis-failover": (("sessions", "theme", "versions"), 1.0),
}
"""All others lose nothing that was acknowledged."""


def row(fault: Fault) -> str:
    """What the guide tells of it."""
    stale = ", ".join(fault.stale_parts()) or "no"
    cells = f"`{fault.name}`", fault.part, fault.does, fault.change, stale, fault.loses or "nothing", fault.about
    return f"| {' | '.join(cells)} |"


@pytest.mark.parametrize("fault", ALL.values(), ids=list(ALL))
def test_a_fault_is_of_its_kind(fault: Fault) -> None:
    """Only what takes a store away is an outage; what takes nothing away excuses no failed request."""
    kind = next((kind for kind, names in KINDS.items() if fault.name in names), "outage")
    assert fault.change == kind
    assert kind != "outage" or any(store in fault.part for store in ("redis", "mongodb", "s3"))


@pytest.mark.parametrize("fault", ALL.values(), ids=list(ALL))
def test_copies_stand_in_for_redis_alone(fault: Fault) -> None:
    """Where it is away, or an instance was cut off from it; never for another store, the way in, or a Redis that is up.

    Whoever hangs has lost the lease on its copies, and whoever has no memory cannot read from a link.
    """
    away = fault.change == "outage" and "redis" in fault.part
    assert bool(fault.stale_parts()) == (away or fault.name in ("stop", "memory-limit"))


@pytest.mark.parametrize("fault", ALL.values(), ids=list(ALL))
def test_only_what_redis_alone_holds_may_be_lost(fault: Fault) -> None:
    """By an empty Redis, and by one that takes over; MongoDB's cards and names by nothing."""
    assert (fault.losing, fault.losing_seconds) == LOSING.get(fault.name, ((), 0.0))
    assert not fault.losing or fault.loses


def test_the_guide_tells_of_every_fault() -> None:
    """A row each, in their order; a changed one is copied from here."""
    told = [
        line
        for line in GUIDE.read_text().splitlines()
        if re.match(r"\| `[a-z0-9+-]+` \| (web|worker|hap|red|mon|s3|cl)", line)
    ]
    assert told == [row(fault) for fault in ALL.values()]


def test_the_guide_tells_what_each_kind_promises() -> None:
    """In the paragraph above the table."""
    [told] = [each for each in GUIDE.read_text().split("\n\n") if each.startswith("The kind says")]
    assert set(re.findall(r"\*(\w+)\*", told)) == set(get_args(Change))
