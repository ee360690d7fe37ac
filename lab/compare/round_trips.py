"""How long Redis is away from here, really: PINGs over one connection, as it is and by way of the wire that adds."""

import socket
import statistics
import time
from contextlib import closing
from typing import Final
from urllib.parse import urlsplit

from lab.compare.results import RoundTrip
from lab.errors import SiteTrouble
from lab.testbed.site import Site

PINGS: Final = 200
LEAST_PINGS: Final = 3
LONGEST_SECONDS: Final = 1.0  # for all of them, if the least are done
PATIENCE_SECONDS: Final = 30.0
_PING: Final = b"*1\r\n$4\r\nPING\r\n"


def measure_round_trip(site: Site) -> RoundTrip | None:
    """To the site's Redis, `added_ms` where the site is wired; None where it cannot be asked (TLS, several addresses).

    Raises SiteTrouble.
    """
    address = _plain(site.stack.address("redis"))
    if address is None:
        return None
    wires = [name for name in site.wires.names if name.endswith("-redis")]
    return RoundTrip(round_trip_ms(*address), round_trip_ms("127.0.0.1", site.wires.port(wires[0])) if wires else None)


def round_trip_ms(host: str, port: int) -> float:
    """The median. Any answer in one line counts: a Redis that wants a password says so as fast. Raises SiteTrouble."""
    try:
        with closing(socket.create_connection((host, port), PATIENCE_SECONDS)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            began, found = time.perf_counter(), [_ping(connection)]
            while len(found) < PINGS and (len(found) < LEAST_PINGS or time.perf_counter() - began < LONGEST_SECONDS):
                found.append(_ping(connection))
    except OSError as error:
        raise SiteTrouble(f"Redis at {host}:{port} cannot be asked for its round trip: {error}.") from error
    return statistics.median(found) * 1000


def _ping(connection: socket.socket) -> float:
    began, got = time.perf_counter(), b""
    connection.sendall(_PING)
    while not got.endswith(b"\n"):
        more = connection.recv(4096)
        if not more:
            raise ConnectionError("it closed the connection")
        got += more
    return time.perf_counter() - began


def _plain(address: str) -> tuple[str, int] | None:
    parts = urlsplit(address if "://" in address else f"redis://{address}")
    if parts.scheme != "redis" or "," in parts.netloc or not parts.hostname:
        return None
    return parts.hostname, parts.port or 6379
