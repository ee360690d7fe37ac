"""What the ranking needs to know of a card and of the person who looks at the board.

The documents layer fills these; nothing here knows a database. Times are seconds since the epoch.
"""

from collections.abc import Mapping

import msgspec


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """A card that may appear on a board."""

    id: str
    author: str
    created: float
    likes: int
    has_photo: bool


class Viewer(msgspec.Struct, frozen=True):
    """The person the board is for, at the moment `now`.

    `affinity` says how much they dealt with each author (likes given, replies, visits: any unit that only grows
    with interest); an author who is missing counts as 0.
    """

    id: str
    affinity: Mapping[str, float]
    now: float
