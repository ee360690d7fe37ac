"""Moving users after the fleet has grown, a few at a time: stickiness alone would leave the new instances idle.

Each instance knows from the fleet's pulse how many users each one holds. One that holds more than a fifth above the
mean lets users go until it is near the mean, at most `per_minute` of them in a minute, each to an instance below the
mean. All decide by themselves from numbers up to a second old; that is why a target is drawn by lot, weighted by how
much it lacks, so that not all send to the same one.

Bound: with u users on one instance and a mean of m, the last one above has been let go after (u - m) / per_minute
minutes, if each of them asks for something meanwhile.
"""

import random
from collections.abc import Callable, Mapping
from typing import Final

BEGIN_ABOVE: Final = 1.2  # times the mean
END_BELOW: Final = 1.05
BURST_SECONDS: Final = 2.0  # of the allowance, at most this much is saved up


class Rebalancing:
    """What one instance lets go. `clock` in seconds, never set back."""

    def __init__(self, per_minute: float, clock: Callable[[], float]) -> None:
        self._per_second = per_minute / 60
        self._clock = clock
        self._allowance = 0.0
        self._counted_at = clock()
        self._under_way = False
        self._excess = 0
        self._lacking: dict[str, float] = {}

    def plan(self, own: int, others: Mapping[str, int]) -> None:
        """Told how many users this instance holds, and each of the others that users may be sent to."""
        now = self._clock()
        earned = (now - self._counted_at) * self._per_second
        self._allowance = min(self._allowance + earned, max(1.0, BURST_SECONDS * self._per_second))
        self._counted_at = now
        mean = (own + sum(others.values())) / (1 + len(others))
        self._under_way = own > mean * (END_BELOW if self._under_way else BEGIN_ABOVE) and own - mean >= 1
        self._excess = int(own - mean) if self._under_way and self._per_second else 0
        self._lacking = {slot: mean - users for slot, users in others.items() if users < mean}

    def target(self) -> str | None:
        """The slot that one user is to be sent to now; None if none is to go. Asked once for each who goes."""
        if self._excess < 1 or self._allowance < 1 or not self._lacking:
            return None
        [slot] = random.choices([*self._lacking], [*self._lacking.values()])  # noqa: S311  # a lot, not a secret
        self._excess -= 1
        self._allowance -= 1
        self._lacking[slot] -= 1
        if self._lacking[slot] <= 0:
            del self._lacking[slot]
        return slot
