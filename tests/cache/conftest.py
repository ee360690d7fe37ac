"""Caches over a real Redis, with a clock the test turns."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from cache_doubles import Clock, Recorder

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
    """Opens a cache that keeps hot copies, as one process would."""
    return lambda: open_cache(redis_server.url, hot_bytes=1 << 20, clock=clock, observer=recorder)


@pytest.fixture
def stateless(
    redis_server: RunningStore, clock: Clock, recorder: Recorder
) -> Callable[[], AbstractAsyncContextManager[Cache]]:
    """Opens a cache that keeps nothing."""
    return lambda: open_cache(redis_server.url, clock=clock, observer=recorder)
