"""The database behind the cache: one number per user, rising with every write that lands.

A write is sent, and lands later or never: its sender may have died meanwhile. It lands before its barrier ends; that is
what the writer's deadline is for.
"""

import itertools

import msgspec


class Card(msgspec.Struct, frozen=True):
    """The value that is cached: whose it is, which write it reflects, and which load made it."""

    user: str
    seq: int
    serial: int


class Landing:
    """A write on its way into the database. `until` is when it is there or lost for good."""

    def __init__(self, truth: "Truth", user: str, until: float) -> None:
        self.user = user
        self.until = until
        self.seq: int | None = None
        self._truth = truth

    def land(self) -> int:
        """It is there; which number it got. Nothing more happens the second time."""
        if self.seq is None:
            self.seq = self._truth.write(self.user)
            self._truth.under_way.remove(self)
        return self.seq


class Truth:
    """The database."""

    def __init__(self) -> None:
        self.under_way: list[Landing] = []
        self._numbers = itertools.count(1)
        self._serials = itertools.count(1)
        self._seqs: dict[str, int] = {}

    def seq(self, user: str) -> int:
        """The number of the write that the user's data reflects."""
        return self._seqs.get(user, 0)

    def read(self, user: str) -> Card:
        """What a load makes of it now."""
        return Card(user, self.seq(user), next(self._serials))

    def write(self, user: str) -> int:
        """Changes the user's data at once."""
        self._seqs[user] = next(self._numbers)
        return self._seqs[user]

    def send(self, user: str, until: float) -> Landing:
        """Sends a write."""
        landing = Landing(self, user, until)
        self.under_way.append(landing)
        return landing

    def settle_until(self, now: float) -> None:
        """Time passes: what had to land by now has landed."""
        for landing in list(self.under_way):
            if landing.until <= now:
                landing.land()
