"""Passwords that are guessed first: common ones, and those that say little but what is known of an account.

What a password may consist of is not limited otherwise: no kind of character is asked for.
"""

import functools
from pathlib import Path
from typing import Final

from webapp.errors import InvalidInput
from webapp.forms import SHORTEST_PASSWORD

COMMON: Final = Path(__file__).parent / "common_passwords.txt"
KNOWN_WORDS: Final = ("postcards", "postcard", "hotseat")  # what everybody knows of this site

TOO_COMMON: Final = "This is one of the passwords that are tried first. Choose another one."
TOO_KNOWN: Final = (
    f"Your handle and the name of this site are tried first. Have {SHORTEST_PASSWORD} characters beside them."
)


def refuse_guessable(field: str, password: str, handle: str) -> None:
    """Raises InvalidInput naming the field, if somebody who knows the handle would try this password early."""
    folded = password.lower()
    if folded in common_passwords():
        raise InvalidInput({field: TOO_COMMON})
    rest = folded
    for known in (handle, *KNOWN_WORDS):
        rest = rest.replace(known, "")
    if len(rest) < SHORTEST_PASSWORD:
        raise InvalidInput({field: TOO_KNOWN})


@functools.cache
def common_passwords() -> frozenset[str]:
    """The most common ones, in lower case; read when first asked for."""
    lines = COMMON.read_text().splitlines()
    return frozenset(line for line in lines if not line.startswith("# "))
