"""Redis as far as hot copies depend on it: which values it holds, whose version stands where, and who is told of what.

It remembers which process read a key over its tracked connection, and tells each of these once when the key changes;
of a process that ended it forgets everything. Sets of processes are bit masks, one bit for each process there ever was.
"""

from typing import Final

from lab.simulate.tally import REGIONS

VERSION: Final = len(REGIONS)
"""The owner's counter: read with each look, raised by each write and each stored load."""


class Shared:
    """Of each person: the version, until when profile and board are fresh (0: not there), and who read which key.

    A session is always there.
    """

    def __init__(self, users: int) -> None:
        self.versions = [1] * users
        self.fresh_until: tuple[list[float], ...] = tuple([0.0] * users for _ in REGIONS)
        self.readers: tuple[list[int], ...] = tuple([0] * users for _ in range(VERSION + 1))
        self._alive = 0

    def opened(self, bit: int) -> None:
        """A process connects."""
        self._alive |= bit

    def closed(self, bit: int) -> None:
        """Its connection is gone."""
        self._alive &= ~bit

    def changed(self, user: int, what: int) -> int:
        """Who is told that a key changed. They are not told again before they read it again."""
        readers = self.readers[what]
        told = readers[user] & self._alive
        readers[user] = 0
        return told
