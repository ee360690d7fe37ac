"""An instance gets no more memory (RLIMIT_AS, setrlimit(2))."""

from dataclasses import dataclass

import psutil

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.site import Site

SPARE_BYTES = 8 << 20


@dataclass(frozen=True, kw_only=True)
class MemoryLimit(Fault):
    """It may have `spare_bytes` more than it has now. Healed: what who starts it has, and would have given it."""

    name: str = "memory-limit"
    part: str = "web-2"
    change: Change = "other"
    does: str = "Lets an instance have 8 MiB more than it has, for a while."
    about: str = "P1, P2, P6: a request may fail or its instance die; nothing wrong is said, nothing kept is lost."
    loses: str = "Requests to that instance; if it dies, its hot copies."
    stales: bool = True  # what cannot be read for want of memory is a link that is lost
    spare_bytes: int = SPARE_BYTES

    def strike(self, site: Site) -> None:
        process = psutil.Process(site.stack.pid(self.part))
        _, hard = process.rlimit(psutil.RLIMIT_AS)
        most = process.memory_info().vms + self.spare_bytes
        site.note(f"{self.part}, pid {process.pid}, may have {most} bytes")
        process.rlimit(psutil.RLIMIT_AS, (most, hard))

    def heal(self, site: Site) -> None:
        pid = site.stack.pid(self.part)
        if not pid:
            return
        try:
            process = psutil.Process(pid)
            parent = process.parent()
            process.rlimit(psutil.RLIMIT_AS, (parent or process).rlimit(psutil.RLIMIT_AS))
        except psutil.NoSuchProcess:
            return  # its successor begins without the limit
