"""What a fault is, and the one way in which a site is disturbed by one.

A fault says what it does, which promise it is about and what may be lost; it is a value, so it remembers nothing of
what it did. `strike` and `heal` return when it is done; `heal` may be called twice, and after a strike that failed.
"""

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from lab.history import Change, Disturbance, now
from lab.testbed.site import Site


@dataclass(frozen=True, kw_only=True)
class Fault(ABC):
    """`part` is a process or a link of the site. `does`, `about` and `loses` are sentences; "" loses nothing.

    `losing` and `losing_seconds` say the same to a checker, and `stales` whether copies may stand in for what is away,
    see `lab.history.Disturbance`. What is not said here is not excused.
    """

    name: str
    part: str
    change: Change
    does: str
    about: str
    loses: str = ""
    losing: tuple[str, ...] = ()
    losing_seconds: float | None = 0.0
    stales: bool = False
    lasts: ClassVar[bool] = True
    """Whether it goes on until it is healed; others are over when they are struck."""

    @abstractmethod
    def strike(self, site: Site) -> None:
        """Do it."""

    def heal(self, site: Site) -> None:  # noqa: B027 - many heal by themselves
        """Undo it, as far as the site does not do so itself."""

    def stale_parts(self) -> tuple[str, ...]:
        """The parts for which copies may stand in."""
        return (self.part,) if self.stales else ()

    def settled(self, site: Site) -> None:
        """Returns when the site has what it needs again. Raises Unsettled."""
        site.settle()


def disturb(site: Site, fault: Fault, seconds: float) -> Disturbance:
    """Strike, wait `seconds` if the fault lasts, heal, and return when the site has settled.

    Healed in any case: after an error and after Ctrl-C too, which are then raised, the site perhaps not yet settled.
    """
    site.note(f"{fault.name} begins ({fault.part})")
    started = now()
    with _healed(site, fault):
        fault.strike(site)
        if fault.lasts:
            time.sleep(max(0.0, seconds - (now() - started)))
    ended = now()
    site.note(f"{fault.name} is over ({fault.part})")
    fault.settled(site)
    return Disturbance(
        started=started,
        ended=ended,
        settled=now(),
        change=fault.change,
        name=fault.name,
        part=fault.part,
        loses=fault.loses,
        losing=fault.losing,
        losing_seconds=fault.losing_seconds,
        stales=fault.stale_parts(),
    )


@contextlib.contextmanager
def _healed(site: Site, fault: Fault) -> Iterator[None]:
    try:
        yield
    finally:
        try:
            fault.heal(site)
        except KeyboardInterrupt:  # once more: the second Ctrl-C is no reason to leave the site broken
            fault.heal(site)
            raise
