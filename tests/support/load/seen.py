"""What a load saw, cut into phases and counted."""

import math
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from load.records import Record, Violation

SHOWN_FAULTS = 8
HASHING = ("signup", "login")


@dataclass(frozen=True)
class Phase:
    """A named time, in seconds of CLOCK_MONOTONIC."""

    name: str
    began: float
    ended: float


@dataclass(frozen=True)
class Seen:
    """`unasked`: users whom the final check could not be made for; `lateness`: when the load itself was woken late."""

    records: list[Record]
    violations: list[Violation]
    phases: list[Phase]
    unasked: list[str]
    lateness: list[tuple[float, float]]

    def within(self, began: float, ended: float = math.inf) -> "Seen":
        """The requests sent in this time."""
        lateness = [late for late in self.lateness if began <= late[0] < ended]
        return Seen([each for each in self.records if began <= each.at < ended], [], self.phases, [], lateness)

    def during(self, name: str) -> "Seen":
        [phase] = [each for each in self.phases if each.name == name]
        return self.within(phase.began, phase.ended)

    def those(self, wanted: Callable[[Record], bool]) -> "Seen":
        return Seen([each for each in self.records if wanted(each)], [], self.phases, [], self.lateness)

    @property
    def failed(self) -> list[Record]:
        return [record for record in self.records if not record.ok]

    @property
    def failed_reads(self) -> list[Record]:
        return [record for record in self.failed if record.is_read]

    def first_faults(self) -> str:
        """The first broken promises and failed requests, in words."""
        lines = [str(each) for each in self.violations[:SHOWN_FAULTS]]
        lines += [
            f"{each.method} {each.route} of {each.user} ({each.kind}) at {each.at:.2f}: {each.status or 'no answer'}"
            f" after {each.ms:.0f} ms from {each.instance or 'nobody'}, before that {each.before}: {each.note}"
            for each in self.failed[:SHOWN_FAULTS]
        ]
        lines += [f"{handle}: the final check got no answer" for handle in self.unasked[:SHOWN_FAULTS]]
        rest = f"the load itself was late by up to {self.latest_ms():.0f} ms; "
        rest += f"{len(self.violations)} promises broken, {len(self.failed)} of {len(self.records)} requests failed"
        return "\n".join([rest, *lines])

    def latest_ms(self) -> float:
        """By how much the machine kept the load itself waiting, at worst."""
        return max((ms for _, ms in self.lateness), default=0.0)

    def percentile_ms(self, share: float) -> float:
        """Of all requests but those that hash a password, which take a third of a second on purpose."""
        return percentile([record.ms for record in self.records if record.route not in HASHING], share)

    def hit_rate(self) -> float:
        """The share of lookups, of session and board, that were answered from the instance's own memory."""
        tiers = Counter(tier for record in self.records for tier in (record.session, record.board) if tier)
        return tiers["hot"] / tiers.total() if tiers else 0.0

    def first_after(self, at: float, instance: str) -> list[Record]:
        """The first request, sent after `at`, of each user whom `instance` had answered last."""
        last: dict[str, Record] = {}
        firsts: dict[str, Record] = {}
        for record in sorted(self.records, key=lambda each: each.at):
            if record.at < at:
                last[record.user] = record
            elif record.user in last and last[record.user].instance == instance:
                firsts.setdefault(record.user, record)
        return list(firsts.values())

    def homes(self) -> Counter[str]:
        """How many of the users who obey the affinity cookie each instance answered last."""
        last = {record.user: record.instance for record in self.records if record.kind == "obeys" and record.instance}
        return Counter(last.values())

    def summary(self) -> dict[str, float]:
        """The figures of a phase."""
        return {
            "requests": len(self.records),
            "failed": len(self.failed),
            "p50_ms": round(self.percentile_ms(0.5), 2),
            "p99_ms": round(self.percentile_ms(0.99), 2),
            "slowest_ms": round(max((record.ms for record in self.records), default=0.0), 1),
            "machine_late_ms": round(self.latest_ms()),
            "hot_hit_rate": round(self.hit_rate(), 4),
        }


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least this share of all does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0
