"""The application's rules of affinity, restated: the lab does not import the application.

They come from `webapp/rebalancing.py` (whom an instance lets go), `webapp/held.py` (whom it counts as its own),
`webapp/fleet.py` (the pulse by which all know of each other), `webapp/settings.py` (defaults) and `haproxy.cfg` (how
long the cookie binds). A test holds these and those together.
"""

import random
from collections.abc import Mapping
from typing import Final

BEGIN_ABOVE: Final = 1.2  # times the mean
END_BELOW: Final = 1.05
BURST_SECONDS: Final = 2.0
HELD_SECONDS: Final = 60.0
PULSE_SECONDS: Final = 1.0
MOST_HEARD: Final = 64
"""Past so many processes each hears in a pulse of so many, drawn by lot anew."""
COOKIE_IDLE_SECONDS: Final = 30 * 60.0
COOKIE_LIFE_SECONDS: Final = 8 * 3600.0
REBALANCE_PER_MINUTE: Final = 120.0
DRAIN_SECONDS: Final = 25.0
MANIFEST_SECONDS: Final = 30.0


class Letting:
    """What one instance lets go, as `webapp.rebalancing.Rebalancing` has it. `lots` draws where to."""

    def __init__(self, per_minute: float, now: float, lots: random.Random) -> None:
        self._per_second = per_minute / 60
        self._lots = lots
        self._allowance = 0.0
        self._counted_at = now
        self._under_way = False
        self._excess = 0
        self._told: Mapping[int, float] = {}
        self._lacking: dict[int, float] | None = None

    def may_let_go(self, own: int, mean: float) -> bool:
        """Whether what it hears can matter: others let nobody go, be the mean that they hear a little off or not."""
        return self._under_way or own > mean

    def plan(self, own: int, mean: float, lacking: Mapping[int, float], now: float) -> None:
        """Told how many people this process holds, how many each holds on average, and which slots lack how many.

        `lacking` may be everybody's, and is copied before it is changed.
        """
        earned = (now - self._counted_at) * self._per_second
        self._allowance = min(self._allowance + earned, max(1.0, BURST_SECONDS * self._per_second))
        self._counted_at = now
        self._under_way = own > mean * (END_BELOW if self._under_way else BEGIN_ABOVE) and own - mean >= 1
        self._excess = int(own - mean) if self._under_way and self._per_second else 0
        self._told, self._lacking = lacking, None

    def target(self) -> int | None:
        """The slot that one person is to be sent to now; None if nobody is to go."""
        if self._excess < 1 or self._allowance < 1:
            return None
        if self._lacking is None:
            self._lacking = dict(self._told)
        lacking = self._lacking
        if not lacking:
            return None
        [slot] = self._lots.choices([*lacking], [*lacking.values()])
        self._excess -= 1
        self._allowance -= 1
        lacking[slot] -= 1
        if lacking[slot] <= 0:
            del lacking[slot]
        return slot


class Held:
    """Whom a process counts as its own: those it answered within the last minute, or is said to take over."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}  # in the order in which they were last here
        self._expected = 0
        self._expected_until = 0.0

    def seen(self, user: int, now: float) -> None:
        """This process answered them."""
        self._seen.pop(user, None)
        self._seen[user] = now

    def let_go(self, user: int) -> None:
        """They were sent elsewhere."""
        self._seen.pop(user, None)

    def expect(self, people: int, now: float) -> None:
        """So many belonged to the process that this one takes over from."""
        self._expected, self._expected_until = people, now + HELD_SECONDS

    def belonging(self, now: float) -> int:
        """How many belong here."""
        seen, before = self._seen, now - HELD_SECONDS
        while seen:
            user = next(iter(seen))
            if seen[user] > before:
                break
            del seen[user]
        return max(len(seen), self._expected if now < self._expected_until else 0)
