"""An instance is told to end by somebody who is not the stack's own command."""

import os
import signal
import time
from dataclasses import dataclass
from typing import ClassVar

from lab.errors import Unsettled
from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.site import LOOK_EVERY_SECONDS, Site

SPARE_SECONDS = 10.0
DRAIN_SECONDS = 25.0


@dataclass(frozen=True, kw_only=True)
class Terminate(Fault):
    """SIGTERM; over when the process has left, which takes DRAIN_SECONDS at most. Its supervisor starts another one."""

    name: str = "terminate"
    part: str = "web-2"
    change: Change = "planned"
    does: str = "Tells an instance to end (SIGTERM): it moves its users to others and leaves."
    about: str = "P7: no request fails."
    lasts: ClassVar[bool] = False

    def strike(self, site: Site) -> None:
        pid = site.stack.pid(self.part)
        if not pid:
            raise Unsettled(0, [f"{self.part} does not run"])
        site.note(f"SIGTERM to {self.part}, pid {pid}")
        os.kill(pid, signal.SIGTERM)
        seconds = float(site.stack.environ_of(self.part).get("DRAIN_SECONDS") or DRAIN_SECONDS) + SPARE_SECONDS
        deadline = time.monotonic() + seconds
        while site.stack.pid(self.part) == pid:
            if time.monotonic() > deadline:
                raise Unsettled(seconds, [f"{self.part} (pid {pid}) has not ended"])
            time.sleep(LOOK_EVERY_SECONDS)
