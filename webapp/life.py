"""Where a web process stands in its life, as everybody else sees it.

`starting`: it listens, but is not ready. `ready`: it serves. Then it leaves, in one of two ways:
- told to drain, its users have to go elsewhere: `draining` (serves all, gets nobody new, asks browsers to be sent
  elsewhere), then `closing` (serves all, is sent nothing any more);
- told to retire, its successor has its slot already and nobody has to move: `retiring`.
"""

import asyncio
from collections.abc import Callable
from enum import StrEnum


class Phase(StrEnum):
    """The phases, in the order in which they can come."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    CLOSING = "closing"
    RETIRING = "retiring"


# 200: send requests. 404: only those that belong here (haproxy.cfg: disable-on-404). 503: none.
READINESS = {Phase.STARTING: 503, Phase.READY: 200, Phase.DRAINING: 404, Phase.CLOSING: 503, Phase.RETIRING: 200}
LEAVING = (Phase.DRAINING, Phase.CLOSING, Phase.RETIRING)


class Life:
    """The phase of this process. `clock` in seconds, never set back."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._phase = Phase.READY
        self._left_at: float | None = None
        self._leaving = asyncio.Event()

    @property
    def phase(self) -> Phase:
        """The phase now."""
        return self._phase

    def enter(self, phase: Phase) -> None:
        """From now on it is another one."""
        self._phase = phase
        if phase in LEAVING and self._left_at is None:
            self._left_at = self._clock()
            self._leaving.set()

    @property
    def leaves(self) -> bool:
        """Whether it has been told to."""
        return self._leaving.is_set()

    async def wait_leaving(self) -> None:
        """Returns once it has been told to leave."""
        await self._leaving.wait()

    @property
    def readiness(self) -> int:
        """What `/readyz` answers."""
        return READINESS[self._phase]

    @property
    def serves(self) -> bool:
        """Whether users may be sent here."""
        return self._phase is Phase.READY

    @property
    def moves_users(self) -> bool:
        """Whether whoever belongs here has to go elsewhere."""
        return self._phase in (Phase.DRAINING, Phase.CLOSING)

    @property
    def keeps_connections(self) -> bool:
        """Whether a connection may be used for another request after its answer."""
        return self._phase not in (Phase.CLOSING, Phase.RETIRING)

    @property
    def leaving_seconds(self) -> float:
        """How long it has been leaving; 0 while it is not."""
        return 0.0 if self._left_at is None else self._clock() - self._left_at
