"""Everything that the lab can do to a site, one kind in each file.

disturbance = disturb(site, named("kill"), seconds=5)
"""

from collections.abc import Mapping
from types import MappingProxyType

from lab.errors import Unknown
from lab.faults import black_hole, cut, gone, kill, pause, slow
from lab.faults.both import at_once
from lab.faults.clock import CLOCK_BACK, ClockJump
from lab.faults.drain import Drain
from lab.faults.failover import Failover
from lab.faults.fault import Fault, disturb
from lab.faults.flush import Flush
from lab.faults.memory import MemoryLimit
from lab.faults.proxy import ReplaceProxy
from lab.faults.rolling import RollingRestart
from lab.faults.terminate import Terminate

__all__ = ["ALL", "Fault", "at_once", "disturb", "named"]

_SINGLE = (
    *(RollingRestart(), Terminate(), Drain(), ReplaceProxy()),
    *(kill.Kill(), pause.Pause(), kill.WORKER_KILL, kill.PROXY_KILL),
    *(kill.REDIS_KILL, pause.REDIS_PAUSE, gone.Gone(), Flush(), Failover(), cut.Cut(), black_hole.BlackHole()),
    *(black_hole.HALF_OPEN, slow.Slow(), slow.CRAWLING, slow.NARROW),
    *(gone.MONGODB_GONE, pause.MONGODB_PAUSE, cut.MONGODB_CUT, black_hole.MONGODB_BLACK_HOLE, slow.MONGODB_LATENCY),
    *(gone.S3_GONE, pause.S3_PAUSE, cut.S3_CUT, black_hole.S3_BLACK_HOLE, slow.S3_BANDWIDTH),
    *(cut.CLIENTS_CUT, slow.CLIENTS_LATENCY, slow.CLIENTS_BANDWIDTH),
    *(ClockJump(), CLOCK_BACK, MemoryLimit()),
)
_AT_ONCE = (
    at_once(kill.Kill(), pause.REDIS_PAUSE),
    at_once(RollingRestart(), slow.Slow()),
)

ALL: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in (*_SINGLE, *_AT_ONCE)})
"""By name, in the order in which they are told of."""


def named(name: str) -> Fault:
    """The fault of that name; two with a plus between them happen at once. Raises Unknown or NotTogether."""
    if name in ALL:
        return ALL[name]
    first, plus, second = name.partition("+")
    if not plus or first not in ALL or second not in ALL:
        raise Unknown("fault", name, ALL)
    return at_once(ALL[first], ALL[second])
