"""What CPU time, round trips and memory cost, by prices one can set."""

from typing import Final

import msgspec

SECONDS_OF_A_MONTH: Final = 30 * 86_400.0


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In one currency. The defaults are round numbers, nobody's prices: set your own.

    `core_hour`: an hour of one core of a web server. `redis_core_hour`: the same of a managed Redis, which serves with
    one core. `database_core_hour`: of a managed database. `gib_month`: a GiB of memory for a month.
    """

    core_hour: float = 0.04
    redis_core_hour: float = 0.15
    database_core_hour: float = 0.20
    gib_month: float = 3.0

    def per_million(self, cpu_ms: dict[str, float]) -> dict[str, float]:
        """What a million requests cost in CPU, by part; `cpu_ms` is of one request."""
        rates = {"redis": self.redis_core_hour, "mongodb": self.database_core_hour}
        return {part: ms * 1e3 / 3600 * rates.get(part, self.core_hour) for part, ms in cpu_ms.items()}

    def memory_per_million(self, held_bytes: float, requests_per_second: float) -> float:
        """What holding so many bytes costs for each million requests at this rate."""
        if requests_per_second <= 0:
            return 0.0
        seconds = 1e6 / requests_per_second
        return held_bytes / 2**30 * self.gib_month * seconds / SECONDS_OF_A_MONTH
