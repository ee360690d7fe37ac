"""Caches over a real Redis, with a clock the test turns."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from cache_doubles import Clock, Recorder
from cache_races import fleet
from quiet_log import expects

from cache import Cache, open_cache
from deploy.local import RunningStore


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def hot(
    redis_server: RunningStore, clock: Clock, recorder: Recorder
) -> Callable[[], AbstractAsyncContextManager[Cache]]:
    """Opens a cache that keeps hot copies and may trust them, as one process would."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Cache]:
        async with open_cache(redis_server.url, hot_bytes=1 << 20, clock=clock, observer=recorder) as cache:
            assert await cache.trusted(5), cache.state()
            recorder.clear()
            yield cache

    return opened


@pytest.fixture
def stateless(
    redis_server: RunningStore, clock: Clock, recorder: Recorder
) -> Callable[[], AbstractAsyncContextManager[Cache]]:
    """Opens a cache that keeps nothing."""
    return lambda: open_cache(redis_server.url, clock=clock, observer=recorder)


__all__ = ["expects", "fleet"]
