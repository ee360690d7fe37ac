"""Texts in the room there is for them."""

import re
import textwrap
from typing import Final

SOFT: Final = "#55606e"
LONGEST_NAME: Final = 28  # beside an axis
CHARACTER_EM: Final = 0.58  # how wide a character is in the mean, of the height of its font


def shortened(name: str, most: int) -> str:
    """In one line, and no longer than that."""
    line = " ".join(name.split())
    return line if len(line) <= most else f"{line[: most - 2].rstrip()} …"


def wrapped(text: str, width_inches: float, points: float) -> list[str]:
    """In lines that fit."""
    characters = max(8, int(72 * width_inches / (points * CHARACTER_EM)))
    return [line for part in text.splitlines() for line in textwrap.wrap(part, characters) or [""]]


def plain(markdown: str) -> str:
    """The words of a text in Markdown."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    text = re.sub(r"^#+\s*", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\s*[-*]\s+", "• ", text, flags=re.MULTILINE)
    return re.sub(r"(\*\*|__|`)", "", text).strip()
