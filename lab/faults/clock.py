"""The time of day of an instance jumps; the machine's own clock is left alone."""

from dataclasses import dataclass

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.site import Site

TEN_MINUTES = 600.0


@dataclass(frozen=True, kw_only=True)
class ClockJump(Fault):
    """Off by so many `seconds` against everybody else, until it is healed: a second jump."""

    name: str = "clock-on"
    part: str = "web-2"
    change: Change = "slight"
    does: str = "Sets the clock of an instance ten minutes on, and back again after a while."
    about: str = "P2 to P5: what is fresh or trusted, and what was ended, does not depend on an instance's time of day."
    loses: str = "Sessions within ten minutes of their end by age, which that instance refuses early."
    seconds: float = TEN_MINUTES

    def strike(self, site: Site) -> None:
        site.clocks.put_off(self.part, self.seconds)
        site.note(f"the clock of {self.part} is off by {self.seconds:+g} s")

    def heal(self, site: Site) -> None:
        site.clocks.put_off(self.part, 0.0)


CLOCK_BACK = ClockJump(
    name="clock-back",
    does="Sets the clock of an instance ten minutes back, and on again after a while.",
    loses="",
    seconds=-TEN_MINUTES,
)
