"""A link is slow, or narrow."""

from dataclasses import dataclass

from lab.faults.fault import Fault
from lab.history import Change
from lab.testbed.line import Line, Way
from lab.testbed.site import Site

FAR = Way(latency_seconds=0.005)


@dataclass(frozen=True, kw_only=True)
class Slow(Fault):
    """`way` is what either direction is like."""

    name: str = "redis-latency"
    part: str = "redis"
    change: Change = "slight"
    does: str = "Adds 5 ms each way between the application and Redis."
    about: str = "P2 to P5, P7: everything holds, and no request fails; it only takes longer."
    loses: str = ""
    way: Way = FAR

    def strike(self, site: Site) -> None:
        site.bend(self.part, Line.both(self.way))
        site.note(f"{self.part} has {self.way.latency_seconds} s each way and {self.way.bytes_per_second} bytes/s")

    def heal(self, site: Site) -> None:
        site.mend(self.part)


CRAWLING = Slow(
    name="redis-crawling",
    change="outage",
    does="Adds 400 ms each way between the application and Redis, beyond what it waits for.",
    about="P5, P8: slow is gone; the outage contract, in its times.",
    loses="Answers that were under way: such a write may or may not have been done.",
    stales=True,
    way=Way(latency_seconds=0.4),
)
NARROW = Slow(
    name="redis-bandwidth",
    change="outage",
    does="Leaves each instance 32 KiB/s to and from Redis.",
    about="P5, P8: the outage contract, where Redis is too slow; memory stays bounded.",
    loses="Answers that were under way: such a write may or may not have been done.",
    stales=True,
    way=Way(bytes_per_second=32_768),
)
MONGODB_LATENCY = Slow(
    name="mongodb-latency",
    part="mongodb",
    does="Adds 20 ms each way between the application and MongoDB.",
    about="P2, P7: no request fails.",
    way=Way(latency_seconds=0.02),
)
S3_BANDWIDTH = Slow(
    name="s3-bandwidth",
    part="s3",
    change="outage",
    does="Leaves each instance 64 KiB/s to and from the object store.",
    about="P8: the outage contract, for pictures alone.",
    loses="Uploads that were under way: they may or may not have been done.",
    way=Way(bytes_per_second=65_536),
)
CLIENTS_LATENCY = Slow(
    name="clients-latency",
    part="clients",
    does="Adds 50 ms each way between browsers and HAProxy.",
    about="P2, P3, P7: no request fails.",
    way=Way(latency_seconds=0.05),
)
CLIENTS_BANDWIDTH = Slow(
    name="clients-bandwidth",
    part="clients",
    change="other",
    does="Leaves all browsers together 256 KiB/s each way.",
    about="P2, P3: who is slow to read gets what others get.",
    loses="Requests that take longer than their browser waits.",
    way=Way(bytes_per_second=262_144),
)
