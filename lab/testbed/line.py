"""What a wire does with what passes through it."""

import msgspec

LARGEST_DELAY_SECONDS = 60.0


class Way(msgspec.Struct, frozen=True, omit_defaults=True):
    """One direction. The bandwidth is that of all connections together; None: as much as can be.

    `swallows`: bytes vanish, and so does the end of a connection; those who wait for them are not told.
    """

    latency_seconds: float = 0.0
    bytes_per_second: float | None = None
    swallows: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.latency_seconds <= LARGEST_DELAY_SECONDS:
            raise ValueError(f"A latency of {self.latency_seconds} s; give 0 to {LARGEST_DELAY_SECONDS:g}.")
        if self.bytes_per_second is not None and not self.bytes_per_second > 0:
            raise ValueError(f"A bandwidth of {self.bytes_per_second} bytes/s; give more than 0.")


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """Both directions: `there` is from who connects to who listens, `back` the other one.

    `refuses`: nobody gets a new connection; those that are there stay.
    """

    there: Way = Way()
    back: Way = Way()
    refuses: bool = False

    @classmethod
    def both(cls, way: Way) -> "Line":
        """The same in both directions."""
        return cls(way, way)


PLAIN = Line()


class Counts(msgspec.Struct, frozen=True):
    """What a wire has done since it was opened: `reset` are the connections that it cut itself.

    `held_bytes` is what is on its way just now, `most_held_bytes` the most that one direction of one connection held.
    """

    connections: int
    open: int
    reset: int
    passed_bytes: int
    swallowed_bytes: int
    held_bytes: int
    most_held_bytes: int
