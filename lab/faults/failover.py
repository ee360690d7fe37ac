"""Redis's master dies, and its replica takes its place under the same address, as with a managed Redis."""

import time
from dataclasses import dataclass
from typing import ClassVar

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.line import Line
from lab.testbed.redis_call import Address
from lab.testbed.site import Site
from lab.testbed.standby import Standby, catch_up, follow, promote

DEFAULT_BOUND_SECONDS = 2.0
DOWN_AFTER_SECONDS = 2.5  # beyond B: every lease on the old master has ended before the new one takes a write
_NOBODY = Line(refuses=True)


@dataclass(frozen=True, kw_only=True)
class Failover(Fault):
    """The address is that of the wires. Healed, the first one follows the second, and takes over from it in order."""

    name: str = "redis-failover"
    part: str = "redis"
    change: Change = "outage"
    does: str = "Kills Redis for good, and lets a replica of it take over at the same address after B + 2.5 s."
    about: str = "P1, P4, P5, P8: the outage contract; nothing ended comes back, no copy of the old master is trusted."
    loses: str = "What the master had acknowledged and its replica had not received: milliseconds' worth."
    losing: tuple[str, ...] = ("sessions", "theme", "versions")
    losing_seconds: float | None = 1.0
    stales: bool = True
    lasts: ClassVar[bool] = True

    def strike(self, site: Site) -> None:
        master = _address(site)
        site.standby = standby = Standby(site.stack, site.folder)
        follow(standby.address, master)
        site.note(f"SIGKILL to redis, pid {site.stack.pid('redis')}, which stays away")
        site.bend(self.part, _NOBODY)
        site.stack.kill("redis")
        site.cut(self.part)
        site.stack.stop("redis")
        bound = float(site.stack.environ_of("web-1").get("HOT_STALENESS_SECONDS") or DEFAULT_BOUND_SECONDS)
        time.sleep(bound + DOWN_AFTER_SECONDS)
        promote(standby.address)
        standby.leads = True
        self._lead(site, standby.address)

    def heal(self, site: Site) -> None:
        master = _address(site)
        site.stack.start("redis")
        if site.standby is not None:
            if site.standby.leads:
                self._hand_back(site, site.standby.address, master)
            site.standby.stop()
            site.standby = None
        self._lead(site, master)

    def _hand_back(self, site: Site, standby: Address, master: Address) -> None:
        follow(master, standby)
        site.bend(self.part, _NOBODY)
        site.cut(self.part)
        catch_up(master, standby)
        promote(master)

    def _lead(self, site: Site, address: Address) -> None:
        site.wires.point(site.wires_of(self.part), *address)
        site.mend(self.part)


def _address(site: Site) -> Address:
    host, _, port = site.stack.address("redis").rpartition(":")
    return host, int(port)
