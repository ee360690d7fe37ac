"""Says once, in the log, if Redis is set up so that it may evict sessions when it is full: they are data, not a cache.

Asked in the background, until there is an answer. A Redis that does not tell (CONFIG is not permitted) is believed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog

from cache import Cache, ErrorReply, Overloaded, Unavailable

KEEPS_ALL = "noeviction"
PAUSE_SECONDS = 5.0

log = structlog.get_logger("webapp.eviction")


@asynccontextmanager
async def watching_for_eviction(cache: Cache) -> AsyncIterator[None]:
    """Asks in a task that ends with the block at the latest."""
    asking = asyncio.create_task(warn_of_eviction(cache), name="eviction policy")
    try:
        yield
    finally:
        asking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asking


async def warn_of_eviction(cache: Cache, *, pause_seconds: float = PAUSE_SECONDS) -> None:
    """Returns once Redis has said what it does when it is full."""
    while True:
        try:
            [reply] = await cache.link.ask("read", ("CONFIG", "GET", "maxmemory-policy"), again=True)
        except ErrorReply:
            return
        except (Unavailable, Overloaded):
            await asyncio.sleep(pause_seconds)
            continue
        policy = _policy(reply)
        if policy not in ("", KEEPS_ALL):
            log.warning("sessions may be evicted", maxmemory_policy=policy, wanted=KEEPS_ALL)
        return


def _policy(reply: Any) -> str:
    """The one value in a reply that is a map in RESP3 and a list in RESP2."""
    values = list(reply.values()) if isinstance(reply, dict) else reply[1:]
    return values[0].decode() if values else ""
