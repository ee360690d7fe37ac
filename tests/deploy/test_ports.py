"""Choosing ports."""

import os
import socket
from pathlib import Path

from deploy.local.ports import free_port_from, free_ports, holder, is_free


def test_free_ports_are_free_different_and_below_the_ephemeral_range():
    """No outgoing connection can ever sit on a port that was chosen."""
    first_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    chosen = free_ports(50)
    assert len(set(chosen)) == 50
    assert all(is_free(port) for port in chosen)
    assert max(chosen) < first_ephemeral


def test_taken_port_is_seen_with_its_holder():
    """Who listens is told by pid, and the next free port is offered."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not is_free(port)
        assert str(os.getpid()) in (holder(port) or "")
        assert free_port_from(port) > port
    assert is_free(port)


def test_ports_to_avoid_are_avoided():
    """Ports that were set by hand are never chosen for something else."""
    avoid = frozenset(range(10_000, 32_000))
    assert not avoid & set(free_ports(5, avoid=avoid))
