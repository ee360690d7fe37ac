"""An instance leaves in order, and comes back."""

from dataclasses import dataclass

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.site import Site


@dataclass(frozen=True, kw_only=True)
class Drain(Fault):
    """Its slot is closed until it is healed; then it is started and gets people again."""

    name: str = "drain"
    part: str = "web-2"
    change: Change = "planned"
    does: str = "Drains an instance: its users are moved, it ends, and after a while it is started again."
    about: str = "P2, P3, P7: no request fails, and who is moved sees nothing older than before."

    def strike(self, site: Site) -> None:
        site.stack.drain(self.part)

    def heal(self, site: Site) -> None:
        site.stack.start(self.part)
