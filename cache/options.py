"""What can be set for a region, checked once."""

from dataclasses import dataclass
from math import inf
from typing import Final

from cache.errors import Misuse

LOAD_SECONDS: Final = 5.0
MAX_VALUE_BYTES: Final = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class RegionOptions:
    """See `Cache.region`. Raises Misuse for what cannot work, naming the region and the option."""

    name: str
    ttl_seconds: float
    schema: int = 1
    refresh_seconds: float = 0.0
    stale_on_error_seconds: float = 0.0
    outage: bool = True
    max_loads: int = 8
    load_seconds: float = LOAD_SECONDS
    max_value_bytes: int = MAX_VALUE_BYTES

    def __post_init__(self) -> None:
        for option in ("ttl_seconds", "max_loads", "load_seconds", "max_value_bytes", "schema"):
            if not 0 < getattr(self, option) < inf:  # NaN included
                raise Misuse(f"region {self.name!r}: {option} must be positive, got {getattr(self, option)}")
        for option in ("refresh_seconds", "stale_on_error_seconds"):
            if not 0 <= getattr(self, option) < inf:
                raise Misuse(f"region {self.name!r}: {option} must not be negative, got {getattr(self, option)}")

    @property
    def stale_seconds(self) -> float:
        """How long past its time a value is still kept in Redis."""
        return max(self.refresh_seconds, self.stale_on_error_seconds)
