"""How both modes are told apart: in the same words and colours on every board."""

from typing import Final

STICKY: Final = "sticky on"
STATELESS: Final = "sticky off"
LEGEND: Final = "sticky {{sticky_mode}}"
COLOURS: Final = ((STICKY, "green"), (STATELESS, "orange"))
