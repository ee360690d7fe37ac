"""Two faults at once."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import get_args

from lab.errors import NotTogether
from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.site import Site

_GENTLE_FIRST: tuple[Change, ...] = get_args(Change)


@dataclass(frozen=True, kw_only=True)
class Both(Fault):
    """The first is struck before the second and healed after it; what either may lose may be lost."""

    first: Fault
    second: Fault

    @property
    def lasts(self) -> bool:  # type: ignore[override]  # of this one it depends on the two
        return self.first.lasts or self.second.lasts

    def strike(self, site: Site) -> None:
        self.first.strike(site)
        self.second.strike(site)

    def heal(self, site: Site) -> None:
        with ExitStack() as healing:
            healing.callback(self.first.heal, site)
            healing.callback(self.second.heal, site)

    def stale_parts(self) -> tuple[str, ...]:
        return (*self.first.stale_parts(), *self.second.stale_parts())

    def settled(self, site: Site) -> None:
        self.first.settled(site)
        self.second.settled(site)


def at_once(first: Fault, second: Fault) -> Both:
    """Raises NotTogether for two about the same part: healing one would undo the other."""
    if first.part == second.part or first.part.endswith(f"-{second.part}") or second.part.endswith(f"-{first.part}"):
        raise NotTogether(first.name, second.name, min(first.part, second.part, key=len))
    return Both(
        name=f"{first.name}+{second.name}",
        part=f"{first.part}+{second.part}",
        change=max(first.change, second.change, key=_GENTLE_FIRST.index),
        does=f"{first.does} {second.does}",
        about=f"{first.about} {second.about}",
        loses=" ".join(dict.fromkeys(filter(None, [first.loses, second.loses]))),
        losing=tuple(dict.fromkeys((*first.losing, *second.losing))),
        losing_seconds=_longer(first.losing_seconds, second.losing_seconds),
        stales=first.stales or second.stales,
        first=first,
        second=second,
    )


def _longer(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else max(first, second)
