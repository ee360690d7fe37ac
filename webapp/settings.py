"""The settings: one frozen object built from a mapping. The only file that mentions `os.environ`.

Every faulty or missing variable is found in one go; the error names each, what was given and what is allowed.
A value of "" counts as not set.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from webapp.errors import SettingsInvalid

SECRET = "secret"  # noqa: S105  # the mark of a field, not a secret

# rung of the ladder: STICKY_MODE, HOT_CACHE, BOARD_STRATEGY
RUNGS = {
    ("off", "off", "compute"): "compute each time",
    ("off", "off", "denormalised"): "kept ready in MongoDB by the worker",
    ("off", "off", "redis"): "cached in Redis",
    ("off", "on", "hot"): "control: hot without stickiness",
    ("on", "on", "hot"): "hot behind stickiness",
    ("on", "naive", "hot"): "control: naive, wrong by design",
}
STRATEGIES = ("compute", "denormalised", "redis", "hot")
NAIVE_MEANING = "copies in a plain TTL cache, stale and never told so: a control for the lab, wrong by design"

REDIS_SCHEMES = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster")
HOT_SCHEMES = ("redis", "rediss", "unix")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The effective settings of one process. Times in seconds, sizes in bytes."""

    port: int
    admin_port: int
    instance_id: str
    sticky_mode: bool
    hot_cache: str
    hot_cache_bytes: int
    hot_staleness_seconds: float
    stale_on_outage_seconds: float
    board_strategy: str
    board_fresh_seconds: float
    redis_url: str = field(metadata={SECRET: "url"})
    mongodb_url: str = field(metadata={SECRET: "url"})
    s3_endpoint_url: str | None
    s3_bucket: str
    aws_access_key_id: str = field(metadata={SECRET: "all"})
    aws_secret_access_key: str = field(metadata={SECRET: "all"})
    aws_default_region: str
    media_base_url: str | None
    secret_keys: tuple[str, ...] = field(metadata={SECRET: "all"})
    affinity_key: str = field(metadata={SECRET: "all"})
    public_origin: str | None
    session_idle_seconds: float
    session_absolute_seconds: float
    drain_seconds: float
    rebalance_per_minute: float
    cards_per_day: int
    photos_per_day: int
    reports_per_day: int
    logins_per_address: int
    failed_logins_per_account: int
    handover: bool
    release: str
    web_slots: int
    evidence: bool
    log_level: str
    log_format: str

    @property
    def rung(self) -> str:
        """The name of the ladder's rung these settings stand on."""
        return RUNGS[_switch(self.sticky_mode), self.hot_cache, self.board_strategy]

    @property
    def caches_boards(self) -> bool:
        """Whether boards are kept by the cache: in Redis, hot copies in front of it or not."""
        return self.board_strategy in ("redis", "hot")

    @property
    def mode(self) -> str:
        """In one word, as people call it."""
        return "sticky" if self.sticky_mode else "stateless"

    @property
    def secure(self) -> bool:
        """Whether browsers reach the application over TLS."""
        return self.public_origin is not None and self.public_origin.startswith("https://")

    def shown(self) -> dict[str, str]:
        """Variable and value as text, secrets as stars."""
        return {item.name.upper(): _shown(getattr(self, item.name), item.metadata.get(SECRET)) for item in fields(self)}


def from_environ() -> Settings:
    """The settings in this process's environment. Raises SettingsInvalid."""
    return from_mapping(os.environ)


def from_mapping(variables: Mapping[str, str]) -> Settings:
    """The settings in `variables`. Raises SettingsInvalid naming every faulty one."""
    read = _Reader(variables)
    sticky = read.choice("STICKY_MODE", ("off", "on"), "off") == "on"
    hot = read.choice("HOT_CACHE", ("auto", "on", "off", "naive"), "auto")
    if hot == "auto":
        hot = _switch(sticky)
    strategy = read.choice("BOARD_STRATEGY", STRATEGIES, "redis" if hot == "off" else "hot")
    values = {
        "port": read.integer("PORT", 0, 65535, 8001),
        "admin_port": read.integer("ADMIN_PORT", 0, 65535, 9001),
        "instance_id": read.name("INSTANCE_ID", "web-1"),
        "sticky_mode": sticky,
        "hot_cache": hot,
        "hot_cache_bytes": read.integer("HOT_CACHE_BYTES", 1 << 20, 1 << 40, 64 << 20),
        "hot_staleness_seconds": read.number("HOT_STALENESS_SECONDS", 0.1, 60, 2),
        "stale_on_outage_seconds": read.number("STALE_ON_OUTAGE_SECONDS", 0, 3600, 60),
        "board_strategy": strategy,
        "board_fresh_seconds": read.number("BOARD_FRESH_SECONDS", 1, 3600, 30),
        "redis_url": read.url("REDIS_URL", REDIS_SCHEMES),
        "mongodb_url": read.url("MONGODB_URL", ("mongodb", "mongodb+srv")),
        "s3_endpoint_url": read.url("S3_ENDPOINT_URL", ("http", "https"), required=False),
        "s3_bucket": read.text("S3_BUCKET", "hotseat"),
        "aws_access_key_id": read.text("AWS_ACCESS_KEY_ID", ""),
        "aws_secret_access_key": read.text("AWS_SECRET_ACCESS_KEY", ""),
        "aws_default_region": read.text("AWS_DEFAULT_REGION", "us-east-1"),
        "media_base_url": read.url("MEDIA_BASE_URL", ("http", "https"), required=False),
        "secret_keys": read.secrets("SECRET_KEYS"),
        "affinity_key": read.secrets("AFFINITY_KEY", several=False)[0],
        "public_origin": read.url("PUBLIC_ORIGIN", ("http", "https"), required=False),
        "session_idle_seconds": read.number("SESSION_IDLE_SECONDS", 10, 30 * 86400, 1800),
        "session_absolute_seconds": read.number("SESSION_ABSOLUTE_SECONDS", 10, 365 * 86400, 28800),
        "drain_seconds": read.number("DRAIN_SECONDS", 1, 600, 25),
        "rebalance_per_minute": read.number("REBALANCE_PER_MINUTE", 0, 100_000, 120),
        "cards_per_day": read.integer("CARDS_PER_DAY", 1, 10_000_000, 500),
        "photos_per_day": read.integer("PHOTOS_PER_DAY", 1, 10_000_000, 100),
        "reports_per_day": read.integer("REPORTS_PER_DAY", 1, 10_000_000, 10),
        "logins_per_address": read.integer("LOGINS_PER_ADDRESS", 1, 10_000_000, 300),
        "failed_logins_per_account": read.integer("FAILED_LOGINS_PER_ACCOUNT", 1, 10_000_000, 10),
        "handover": read.choice("HANDOVER", ("on", "off"), "on") == "on",
        "release": read.name("RELEASE", "") if read.text("RELEASE", "") else "",
        "web_slots": read.integer("WEB_SLOTS", 1, 64, 8),
        "evidence": read.choice("EVIDENCE", ("on", "off"), "on") == "on",
        "log_level": read.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
        "log_format": read.choice("LOG_FORMAT", ("json", "console"), "json"),
    }
    if "BOARD_STRATEGY" not in read.faults and (_switch(sticky), hot, strategy) not in RUNGS:
        read.faults["BOARD_STRATEGY"] = (
            f"{strategy} does not go with STICKY_MODE={_switch(sticky)} and HOT_CACHE={hot}; the rungs are "
            + ", ".join(f"{'/'.join(rung)} ({text})" for rung, text in RUNGS.items())
            + " as STICKY_MODE/HOT_CACHE/BOARD_STRATEGY"
        )
    scheme = read.text("REDIS_URL", "").partition("://")[0]
    if hot != "off" and "REDIS_URL" not in read.faults and scheme not in HOT_SCHEMES:
        read.faults["REDIS_URL"] = (
            f"no hot copies are kept over {scheme}:// yet; give one address that starts with {_schemes(HOT_SCHEMES)}, "
            "or set STICKY_MODE=off and HOT_CACHE=off"
        )
    if read.faults:
        raise SettingsInvalid(read.faults)
    return Settings(**values)  # type: ignore[arg-type]  # each value was read with its field's type


class _Reader:
    """Reads variables one by one and remembers what was wrong instead of stopping at the first."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self.faults: dict[str, str] = {}

    def text(self, name: str, default: str) -> str:
        return self._variables.get(name, "").strip() or default

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        given = self.text(name, default)
        if given not in allowed:
            self.faults[name] = f"{given!r} is not one of {', '.join(allowed)}"
            return default
        return given

    def integer(self, name: str, low: int, high: int, default: int) -> int:
        return int(self._bounded(name, int, low, high, default))

    def number(self, name: str, low: float, high: float, default: float) -> float:
        return self._bounded(name, float, low, high, default)

    def name(self, name: str, default: str) -> str:
        given = self.text(name, default)
        if not given.replace("-", "").isalnum() or not given.isascii() or len(given) > 40:
            self.faults[name] = f"{given!r} is not a name of up to 40 letters, digits and hyphens"
        return given

    def url(self, name: str, schemes: tuple[str, ...], *, required: bool = True) -> str | None:
        given = self.text(name, "")
        if not given:
            if required:
                self.faults[name] = f"is not set; give an address that starts with {_schemes(schemes)}"
            return None
        parts = urlsplit(given)
        if parts.scheme not in schemes or not (parts.netloc or parts.scheme == "unix"):
            self.faults[name] = f"{_starred(given)!r} is not an address that starts with {_schemes(schemes)}"
        return given.rstrip("/") if parts.scheme in ("http", "https") else given

    def secrets(self, name: str, *, several: bool = True) -> tuple[str, ...]:
        given = self.text(name, "")
        keys = tuple(key.strip() for key in given.split(",") if key.strip()) if several else (given,)
        if not keys or any(len(key) < 32 for key in keys):
            self.faults[name] = (
                "give "
                + ("one or more keys, newest first" if several else "a key")
                + (" of at least 32 characters each; `openssl rand -hex 32` makes one")
            )
        return keys or ("",)

    def _bounded(self, name: str, kind: Callable[[str], float], low: float, high: float, default: float) -> float:
        given = self.text(name, str(default))
        try:
            value = kind(given)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            self.faults[name] = f"{given!r} is not a number from {low} to {high}"
            return default
        return value


def _switch(value: bool) -> str:
    return "on" if value else "off"


def _schemes(schemes: tuple[str, ...]) -> str:
    return " or ".join(f"{scheme}://" for scheme in schemes)


def _shown(value: Any, secret: str | None) -> str:
    if secret == "all":  # noqa: S105  # the kind of secrecy, not a secret
        return "***" if value else ""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _switch(value)
    return _starred(str(value)) if secret == "url" else str(value)  # noqa: S105  # as above


def _starred(url: str) -> str:
    """The address with its passwords as stars, those among its options too."""
    credentials = urlsplit(url).netloc.rpartition("@")[0]
    user, colon, _ = credentials.partition(":")
    if colon:
        url = url.replace(f"{credentials}@", f"{user}:***@", 1)
    return re.sub(r"([?&]\w*password=)[^&#]*", r"\1***", url)
