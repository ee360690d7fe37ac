"""How the former process of a name ended: it said that it left, or it never said so.

Each process puts a mark of its own in the place of the former one's, and says under it when it begins to leave. A
successor may begin while its predecessor still serves (make before break), so that one has PATIENCE_SECONDS to say so;
then it counts as dead, until it says so after all.

Not promised: the truth about an end during an outage of Redis, or of two processes that began at the same moment.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Final, Literal, get_args

from cache import ErrorReply, Overloaded, Unavailable
from cache.link import AnyLink

After = Literal["nothing", "leaving", "death"]
AFTERS: Final[tuple[After, ...]] = get_args(After)

LOOK_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 15.0
DOUBT_SECONDS: Final = 60.0  # for so long it may still say that it left
KEPT_SECONDS: Final = 7 * 86_400
AGAIN_SECONDS: Final = 3600.0
FAILURES: Final = (Unavailable, Overloaded, ErrorReply)


class Beginning:
    """One process's beginning, under the name it has. `after` is None until it is known what it came after."""

    def __init__(self, link: AnyLink, name: str, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.after: After | None = None
        self._link = link
        self._place = f"begun:{{{name}}}"
        self._mark = secrets.token_hex(8)
        self._sleep = sleep

    async def run(self) -> None:
        """Finds out, and keeps the mark, until cancelled."""
        former = await self._put()
        if not former or former == self._mark:
            self.after = "nothing" if not former else None
        else:
            await self._find_out(former)
        while True:
            await self._sleep(AGAIN_SECONDS)
            with contextlib.suppress(*FAILURES):
                await self._link.ask("fleet", ("EXPIRE", self._place, KEPT_SECONDS))

    async def leave(self) -> None:
        """Says that it leaves, to whoever comes after it. Raises nothing."""
        with contextlib.suppress(*FAILURES):
            await self._link.ask("fleet", ("SET", self._left(self._mark), 1, "EX", KEPT_SECONDS))

    async def _put(self) -> str:
        """The mark that was there before, "" if none was."""
        while True:
            with contextlib.suppress(*FAILURES):
                [former] = await self._link.ask("fleet", ("SET", self._place, self._mark, "EX", KEPT_SECONDS, "GET"))
                return (former or b"").decode()
            await self._sleep(LOOK_SECONDS)

    async def _find_out(self, former: str) -> None:
        waited = 0.0
        while waited <= DOUBT_SECONDS:
            with contextlib.suppress(*FAILURES):
                [left] = await self._link.ask("fleet", ("EXISTS", self._left(former)), again=True)
                if left:
                    self.after = "leaving"
                    return
                if waited >= PATIENCE_SECONDS:
                    self.after = "death"
                waited += LOOK_SECONDS
            await self._sleep(LOOK_SECONDS)

    def _left(self, mark: str) -> str:
        return f"{self._place}:left:{mark}"
