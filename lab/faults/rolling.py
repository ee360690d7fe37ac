"""Every process of the application is replaced, one after the other."""

from dataclasses import dataclass
from typing import ClassVar

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.site import Site


@dataclass(frozen=True, kw_only=True)
class RollingRestart(Fault):
    """Make before break, as `hotseat restart` does it."""

    name: str = "rolling-restart"
    part: str = "web"
    change: Change = "planned"
    does: str = "Replaces every instance and then the worker, one at a time."
    about: str = "P1, P7, P9: no request fails, and nobody is moved."
    lasts: ClassVar[bool] = False

    def strike(self, site: Site) -> None:
        site.stack.roll()
