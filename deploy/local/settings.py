"""What the stack reads from the environment. The application's own variables pass through untouched and unread.

Every faulty variable is named in one message, with what was given and what is allowed. An empty one counts as not set.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.errors import Misuse

MOST_SLOTS = 8  # as many as haproxy.cfg declares

STORE_PORTS = ("REDIS_PORT", "MONGODB_PORT", "S3_PORT", "PROMETHEUS_PORT")
PORTS = ("HTTP_PORT", "HAPROXY_ADMIN_PORT", "WORKER_ADMIN_PORT", "GRAFANA_PORT", *STORE_PORTS)
BASE_PORTS = ("WEB_PORT_BASE", "WEB_ADMIN_PORT_BASE")
EXTERNAL = {"redis": "REDIS_URL", "mongodb": "MONGODB_URL", "s3": "S3_ENDPOINT_URL"}
DEFAULT_HTTP_PORT = 8080
DEFAULT_DRAIN_SECONDS = 25
DEFAULT_SCRAPE_SECONDS = 5

# The application's variables that a running stack may be given anew (`hotseat restart`); the mode has its own command.
CHANGEABLE = (
    "BOARD_FRESH_SECONDS",
    "BOARD_STRATEGY",
    "DRAIN_SECONDS",
    "EVIDENCE",
    "HANDOVER",
    "HOT_CACHE",
    "HOT_CACHE_BYTES",
    "HOT_STALENESS_SECONDS",
    "LOG_FORMAT",
    "LOG_LEVEL",
    "MEDIA_BASE_URL",
    "REBALANCE_PER_MINUTE",
    "SESSION_ABSOLUTE_SECONDS",
    "SESSION_IDLE_SECONDS",
    "STALE_ON_OUTAGE_SECONDS",
)


@dataclass(frozen=True, slots=True)
class StackSettings:
    """The stack's settings, checked. A port of 0 means: a free one."""

    web_instances: int
    web_slots: int
    sticky: bool
    http_bind: str
    ports: Mapping[str, int]
    external: Mapping[str, str]
    drain_seconds: float
    web_may_write: bool
    public_origin: str | None
    grafana: bool
    grafana_home: str | None
    scrape_seconds: int

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "StackSettings":
        """Raises Misuse naming every faulty variable."""
        read = _Reader(environ)
        slots = read.integer("WEB_SLOTS", MOST_SLOTS, 1, MOST_SLOTS)
        settings = cls(
            web_instances=read.integer("WEB_INSTANCES", min(3, slots), 1, slots),
            web_slots=slots,
            sticky=read.choice("STICKY_MODE", ("off", "on")) == "on",
            http_bind=environ.get("HTTP_BIND") or "127.0.0.1",
            ports={
                name: read.integer(name, DEFAULT_HTTP_PORT if name == "HTTP_PORT" else 0, 0, 65_535)
                for name in (*PORTS, *BASE_PORTS)
            },
            external={name: environ[variable] for name, variable in EXTERNAL.items() if environ.get(variable)},
            drain_seconds=read.seconds("DRAIN_SECONDS", DEFAULT_DRAIN_SECONDS),
            web_may_write=read.choice("HOTSEAT_WEB_FSIZE", ("unlimited", "0")) == "unlimited",
            public_origin=environ.get("PUBLIC_ORIGIN") or None,
            grafana=read.choice("GRAFANA", ("auto", "off")) == "auto",
            grafana_home=environ.get("GRAFANA_HOME") or None,
            scrape_seconds=read.integer("SCRAPE_SECONDS", DEFAULT_SCRAPE_SECONDS, 1, 60),
        )
        read.raise_if_faulty()
        return settings


def drain_seconds(environ: Mapping[str, str]) -> float:
    """DRAIN_SECONDS alone. Raises Misuse."""
    read = _Reader(environ)
    seconds = read.seconds("DRAIN_SECONDS", DEFAULT_DRAIN_SECONDS)
    read.raise_if_faulty()
    return seconds


def changeable(environ: Mapping[str, str]) -> dict[str, str]:
    """Those of the changeable variables that are set in `environ`."""
    return {name: environ[name] for name in CHANGEABLE if environ.get(name)}


def check_changeable(settings: Mapping[str, str]) -> None:
    """Raises Misuse naming those that a running stack cannot be given."""
    others = sorted(set(settings) - set(CHANGEABLE))
    if "STICKY_MODE" in others:
        raise Misuse("STICKY_MODE is changed by: hotseat sticky on|off")
    if others:
        raise Misuse(f"{', '.join(others)} cannot be changed while the stack runs; these can: {', '.join(CHANGEABLE)}.")
    drain_seconds(settings)


def run_dir_of(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOTSEAT_RUN_DIR") or ".run").absolute()


def machine_environ() -> Mapping[str, str]:
    """The environment of this process: the one place that reads it."""
    return dict(os.environ)


class _Reader:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._faults: list[str] = []

    def integer(self, name: str, default: int, lowest: int, highest: int) -> int:
        given = self._environ.get(name) or str(default)
        if given.isascii() and given.isdigit() and lowest <= int(given) <= highest:
            return int(given)
        self._faults.append(f"{name}={given!r} must be a whole number from {lowest} to {highest}")
        return default

    def seconds(self, name: str, default: float) -> float:
        given = self._environ.get(name) or str(default)
        try:
            value = float(given)
        except ValueError:
            value = -1
        if 0 <= value <= 3600:
            return value
        self._faults.append(f"{name}={given!r} must be a number of seconds from 0 to 3600")
        return default

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """The first of `allowed` is the default."""
        given = self._environ.get(name) or allowed[0]
        if given in allowed:
            return given
        self._faults.append(f"{name}={given!r} must be one of: {', '.join(allowed)}")
        return allowed[0]

    def raise_if_faulty(self) -> None:
        if self._faults:
            raise Misuse("; ".join(self._faults) + ".")
