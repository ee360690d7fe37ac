"""Gates: where loads and writes are left standing until somebody lets them go."""

import asyncio


class Gates:
    """Whoever stands at a gate, in order of arrival."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._standing: list[asyncio.Future[None]] = []

    def __len__(self) -> int:
        return len(self._standing)

    async def stop(self) -> None:
        """Stands here until let go (or cancelled)."""
        here: asyncio.Future[None] = self._loop.create_future()
        self._standing.append(here)
        try:
            await here
        finally:
            self._standing.remove(here)

    def let_go(self, number: int) -> None:
        """Lets one of them go, if there are any; `number` is taken modulo how many."""
        if self._standing:
            here = self._standing[number % len(self._standing)]
            if not here.done():
                here.set_result(None)
