"""Ports: whether one is free, who holds it if not, and free ones to choose.

A chosen port lies below the range from which the kernel takes the ports of outgoing connections; otherwise one of
those could sit on a slot's port at the moment its process restarts. Nothing is held: between choosing and binding a
port may be taken.
"""

import random
import socket
from pathlib import Path

import psutil

_LOWEST = 10_000
_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do it: connections of a former holder that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free_ports(count: int, *, avoid: frozenset[int] = frozenset()) -> list[int]:
    """`count` different free ports, none of `avoid`."""
    chosen: list[int] = []
    highest = _first_ephemeral() - 1
    while len(chosen) < count:
        port = random.randint(_LOWEST, highest)  # noqa: S311 - not a secret
        if port not in avoid and port not in chosen and is_free(port):
            chosen.append(port)
    return chosen


def free_port_from(port: int) -> int:
    """The first free port from `port` on."""
    return next((candidate for candidate in range(port, 65_536) if is_free(candidate)), 0)


def holder(port: int) -> str | None:
    """The program and pid listening on `port`, as far as this user may see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return f"{psutil.Process(connection.pid).name()}, pid {connection.pid}" if connection.pid else None
    except psutil.Error:
        return None
    return None


def _first_ephemeral() -> int:
    try:
        return max(int(_EPHEMERAL.read_text().split()[0]), _LOWEST + 5_000)
    except (OSError, ValueError, IndexError):
        return 32_768
