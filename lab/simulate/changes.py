"""What is done to the fleet during a run: which slots, when, and whom it concerns.

Those concerned are the people whom the slots answered last, or everybody where slots are added. A killed process is
away for a while and finds the manifest it wrote up to half a minute before; one that is replaced hands over at once.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from lab.errors import Misuse
from lab.simulate.affinity import DRAIN_SECONDS, MANIFEST_SECONDS
from lab.simulate.copies import Name
from lab.simulate.fleet import Fleet

KINDS: Final = ("kill", "restart", "cold restart", "grow", "shrink")
"""In the order in which they come. `restart` is make before break with the manifest, `cold restart` the same without;
`shrink` takes away what `grow` added."""

Step = tuple[float, Callable[[Fleet], None]]


@dataclass(frozen=True, slots=True)
class Change:
    """One of KINDS, done at a second to some slots; `joins` are slots that were not there before."""

    kind: str
    at: float
    slots: range
    joins: bool

    def steps(self, away_seconds: float) -> Iterator[Step]:
        """What is to be done, and when."""
        slots = self.slots
        match self.kind:
            case "kill":
                left: dict[int, list[Name]] = {}
                yield self.at - MANIFEST_SECONDS / 2, partial(_leave_manifests, slots=slots, left=left)
                yield self.at, lambda fleet: fleet.end(slots)
                yield self.at + away_seconds, lambda fleet: fleet.start(slots, left.__getitem__)
            case "restart":
                yield self.at, lambda fleet: fleet.replace(slots, warm=True)
            case "cold restart":
                yield self.at, lambda fleet: fleet.replace(slots, warm=False)
            case "grow":
                yield self.at, lambda fleet: fleet.start(slots)
            case "shrink":
                yield self.at, lambda fleet: fleet.drain(slots)
                yield self.at + DRAIN_SECONDS, lambda fleet: fleet.end(slots)


def planned(
    kinds: tuple[str, ...], instances: int, began: float, apart: float, *, hit_share: float, grow_share: float
) -> list[Change]:
    """The changes, one after the other. Raises Misuse for what cannot be done."""
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise Misuse(f"There is no change {unknown[0]!r}; there are: {', '.join(KINDS)}.")
    for name, share in (("hit", hit_share), ("grow", grow_share)):
        if not 0 < share <= 1:
            raise Misuse(f"The {name} share is above 0 and at most 1, not {share}.")
    hit = max(1, round(hit_share * instances))
    if "kill" in kinds and hit >= instances:
        raise Misuse(f"Of {instances} instances {hit} cannot be killed: one has to be left.")
    added = range(instances, instances + math.ceil(grow_share * instances))
    found = []
    for number, kind in enumerate(kind for kind in KINDS if kind in kinds):
        grows = kind in ("grow", "shrink")
        if kind == "shrink" and "grow" not in kinds:
            raise Misuse("Only what was added can be taken away: shrink needs grow.")
        first = number * hit if (number + 1) * hit <= instances else 0  # each hits others, as far as there are others
        slots = added if grows else range(first, first + hit)
        found.append(Change(kind, began + number * apart, slots, joins=kind == "grow"))
    return found


def _leave_manifests(fleet: Fleet, slots: range, left: dict[int, list[Name]]) -> None:
    left.update({slot: fleet.manifest(slot) for slot in slots})
