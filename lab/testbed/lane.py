"""One direction of a wire: when what passes is due, and when the lane is free for it."""

from lab.testbed.line import Way

HELD_BYTES = 4 << 20
NARROW_BYTES = 65_536  # held by a lane with a bandwidth, besides what its latency needs
SLICE_SECONDS = 0.01
SLICE_BYTES = 1400
MISSED_SECONDS = 0.03
MOST_LEAD_SECONDS = 200e-6
LEAD_STEP_SECONDS = 2e-6


class Lane:
    """One direction of a wire, shared by its connections.

    A sleeper is woken late, by 50 to 100 us and more on a busy machine. So sleepers ask to be woken earlier by what is
    usual, `lead_seconds`, which follows the median of how late they were; what is due within it goes at once.
    """

    def __init__(self) -> None:
        self.way = Way()
        self.passed_bytes = 0
        self.most_held = 0
        self.lead_seconds = 0.0
        self._free_at = 0.0

    def change(self, way: Way) -> None:
        """What it had promised to others is forgotten."""
        self.way = way
        self._free_at = 0.0

    def woken(self, wanted_at: float, now: float) -> None:
        """Somebody who wanted to be woken at that time was now."""
        step = LEAD_STEP_SECONDS if now - wanted_at > self.lead_seconds else -LEAD_STEP_SECONDS
        most = min(MOST_LEAD_SECONDS, self.way.latency_seconds / 2)
        self.lead_seconds = min(max(0.0, self.lead_seconds + step), most)

    def slot(self, size: int, now: float) -> tuple[float, int]:
        """When this lane has time for the next bytes of a connection, and for how many of `size` it then has.

        The time is given away: who asks has to use it. A lane with a bandwidth has small slots, so that connections
        take turns; what it missed by waking up late it makes up for.
        """
        rate = self.way.bytes_per_second
        if rate is None:
            return now, size
        size = min(size, max(SLICE_BYTES, int(rate * SLICE_SECONDS)))
        at = max(self._free_at, now - MISSED_SECONDS)
        self._free_at = at + size / rate
        return at, size

    @property
    def may_hold(self) -> int:
        """Bytes of one connection; with a bandwidth a few more than are on their way at any time."""
        rate = self.way.bytes_per_second
        return HELD_BYTES if rate is None else min(HELD_BYTES, NARROW_BYTES + int(rate * self.way.latency_seconds))
