"""What a run of faults stands on: each mode as it is by default, or one rung of the ladder, or the control."""

from typing import Final

from lab.compare.rungs import LADDER, Rung

MODES: Final = ("stateless", "sticky")

NAIVE: Final = Rung(
    "naive",
    "control: naive, wrong by design",
    (("STICKY_MODE", "on"), ("HOT_CACHE", "naive"), ("BOARD_STRATEGY", "hot")),
)
"""A plain cache with a time to live: the checker has to find it out, or it proves nothing about the others."""

RUNGS: Final = {rung.name: rung for rung in (*LADDER, NAIVE)}


def mode_of(rung: Rung) -> str:
    """The mode that it runs in."""
    return "sticky" if rung.sticky else "stateless"
