"""The rungs of the ladder: ways to keep a board ready, from none to hot behind stickiness."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Rung:
    """One way to run the application. `reads_database`: its boards come out of MongoDB each time."""

    name: str
    title: str
    chosen: tuple[tuple[str, str], ...]
    reads_database: bool = False

    @property
    def settings(self) -> dict[str, str]:
        """The variables that make it so."""
        return dict(self.chosen)

    @property
    def sticky(self) -> bool:
        return self.settings["STICKY_MODE"] == "on"


def _settings(sticky: str, hot: str, board: str) -> tuple[tuple[str, str], ...]:
    return (("STICKY_MODE", sticky), ("HOT_CACHE", hot), ("BOARD_STRATEGY", board))


COMPUTE: Final = Rung("compute", "computed each time", _settings("off", "off", "compute"), reads_database=True)
DENORMALISED: Final = Rung(
    "denormalised", "kept ready in MongoDB", _settings("off", "off", "denormalised"), reads_database=True
)
REDIS: Final = Rung("redis", "cached in Redis", _settings("off", "off", "redis"))
HOT_ANYWHERE: Final = Rung("hot-anywhere", "hot, without stickiness", _settings("off", "on", "hot"))
HOT: Final = Rung("hot", "hot, behind stickiness", _settings("on", "on", "hot"))

LADDER: Final = (COMPUTE, DENORMALISED, REDIS, HOT_ANYWHERE, HOT)
