"""A site for code that runs in an event loop: started and ended in a thread, and ended whatever happens meanwhile.

Nothing that was begun in a thread is forgotten when its caller is cancelled (Ctrl-C): it is waited for first.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from lab.testbed.site import Site, open_site

T = TypeVar("T")


@asynccontextmanager
async def site_opened(
    folder: Path, mode: str, environ: Mapping[str, str], *, wired: bool = True, clocked: bool = True
) -> AsyncIterator[Site]:
    """As `open_site`, which says what it raises. Cancelled while it starts, it is ended as well."""
    opening = open_site(folder, mode, environ, wired=wired, clocked=clocked)
    starting = asyncio.ensure_future(asyncio.to_thread(opening.__enter__))
    try:
        yield await asyncio.shield(starting)
    finally:
        await asyncio.wait([starting])
        if starting.exception() is None:
            await in_thread(lambda: opening.__exit__(None, None, None))


async def in_thread(call: Callable[[], T]) -> T:
    """What the call returns. If this is cancelled, the call goes to its end first; what it raises then is not told."""
    work = asyncio.ensure_future(asyncio.to_thread(call))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        if not work.cancelled():
            work.exception()  # it is looked at, so nobody is told that it was not
        raise
