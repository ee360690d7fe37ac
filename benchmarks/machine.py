"""Where and when figures were taken: without that they mean nothing."""

import os
import platform
import socket
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

LIBRARIES: Final = ("redis", "msgspec", "uvloop", "prometheus-client")


def machine(redis_url: str) -> dict[str, str]:
    """Cores, memory, system, versions, date, and how busy the machine was already."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": f"{len(os.sched_getaffinity(0))} cores of {_processor()}, {memory / (1 << 30):.0f} GiB",
        "system": f"{_system()}, Linux {platform.release()}",
        "versions": ", ".join(
            [
                f"Python {platform.python_version()}",
                f"Redis {_redis_version(redis_url)}",
                *(f"{library} {version(library)}" for library in LIBRARIES),
            ]
        ),
        "load average when it began": f"{os.getloadavg()[0]:.2f}",
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _system() -> str:
    return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")


def _redis_version(url: str) -> str:
    address = urlsplit(url)
    with socket.create_connection((address.hostname or "", address.port or 6379), timeout=5) as connection:
        connection.sendall(b"INFO server\r\n")
        for line in connection.makefile():
            if line.startswith("redis_version:"):
                return line.partition(":")[2].strip()
    return "of an unknown version"
