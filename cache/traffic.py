"""How much goes over connections to Redis: bytes that streams were given and gave, counted once per read or write.

What TLS adds is not in it, and what was given to a connection that broke is, whether or not it went out.
"""

import asyncio
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Traffic:
    """Bytes so far, over all connections that count here. For one event loop."""

    sent: int = 0
    received: int = 0


class CountingReader(asyncio.StreamReader):
    """Counts what arrives."""

    traffic: Traffic

    def feed_data(self, data: Any) -> None:
        self.traffic.received += len(data)
        super().feed_data(data)


class CountingWriter(asyncio.StreamWriter):
    """Counts what is sent."""

    traffic: Traffic

    def write(self, data: Any) -> None:
        self.traffic.sent += len(data)
        super().write(data)

    def writelines(self, data: Any) -> None:
        chunks = list(data)
        self.traffic.sent += sum(map(len, chunks))
        super().writelines(chunks)


def count(reader: Any, writer: Any, traffic: Traffic, kind: type[CountingReader] = CountingReader) -> None:
    """From now on these streams count; once, however often it is said.

    They become another class rather than being wrapped: whoever holds them already goes on with them.
    """
    reader.__class__, writer.__class__ = kind, CountingWriter
    reader.traffic = writer.traffic = traffic
