"""Browsers that do not stay where the proxy pins them: no promise may depend on their affinity cookie.

What a cookie cleaner, a second proxy or a load balancer in between do to that cookie, and to no other.
"""

from collections.abc import Mapping, MutableMapping
from random import Random
from typing import Final

AFFINITY: Final = ("SRV", "__Host-SRV")
STRAYING: Final = 0.4  # of the requests of a browser that wanders


class Wandering:
    """One browser's. Draws by `chance` what becomes of the cookie at each request."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance

    def leaves(self, jar: MutableMapping[str, str]) -> tuple[Mapping[str, str], bool]:
        """What is sent of a jar this time, and whether an affinity cookie of the answer is kept.

        The cookie is thrown away for good, or sent garbled, or passed by: left out once, with what is answered to that,
        so that the next request comes back to where the browser was before.
        """
        if self._chance.random() >= STRAYING:
            return jar, True
        match self._chance.randrange(3):
            case 0:
                for name in AFFINITY:
                    jar.pop(name, None)
                return jar, True
            case 1:
                return {name: f"0{value}" if name in AFFINITY else value for name, value in jar.items()}, True
        return {name: value for name, value in jar.items() if name not in AFFINITY}, False
