"""The staleness meter: are hot hits as fresh as promised? A small sample is compared with Redis, off the request path.

A copy that differs from Redis is not stale yet: the key may have changed since the hit, and the telling be on its way.
It is stale if the very same copy is still held, still trusted, B after the difference was seen.
"""

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable
from math import log10
from typing import Any, Final

from cache.errors import CacheError
from cache.hot import Entry, HotCache
from cache.link import AnyLink
from cache.lookup import ForeignReply, Source
from cache.observer import Check, Observer

SAMPLE_ONE_IN: Final = 100
MOST_WAITING: Final = 64
PAUSE_SECONDS: Final = 0.05  # at most twenty checks a second, whatever the traffic
STEPS: Final = 20

_log = logging.getLogger(__name__)

_Sample = tuple[Source, str, str, Any]


class Meter:
    """Samples hits (`hit`) and checks them in a task of its own, from `start` to `stop`."""

    def __init__(
        self,
        link: AnyLink,
        hot: HotCache,
        *,
        trusted: Callable[[], bool],
        staleness_seconds: float,
        clock: Callable[[], float],
        observer: Observer,
        one_in: int = SAMPLE_ONE_IN,
    ) -> None:
        self._link = link
        self._hot = hot
        self._trusted = trusted
        self._staleness_seconds = staleness_seconds
        self._clock = clock
        self._observer = observer
        self._one_in = one_in
        self._until_sample = 1
        self._waiting: deque[_Sample] = deque(maxlen=MOST_WAITING)
        self._some = asyncio.Event()
        self._run: asyncio.Task[None] | None = None

    def hit(self, source: Source, key: str, entry: Entry) -> None:
        """Told each hot hit; now and then one is taken as a sample."""
        self._until_sample -= 1
        if self._until_sample > 0:
            return
        self._until_sample = random.randint(1, 2 * self._one_in - 1)  # noqa: S311  # a sample, not a secret
        self._waiting.append((source, entry.tag, key, entry.stamp))
        self._some.set()

    def start(self) -> None:
        """Begins to check."""
        self._run = asyncio.get_running_loop().create_task(self._check_all(), name="staleness meter")

    async def stop(self) -> None:
        """Ends checking; samples that wait are forgotten."""
        if self._run is not None:
            self._run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._run

    async def check(self, source: Source, tag: str, key: str, stamp: Any) -> Check:
        """Compares one copy with Redis."""
        try:
            [reply] = await self._link.ask("check", source.command(key), again=True)
            there = source.entry(tag, key, reply, version=0, left_ms=-1, now=self._clock())
        except CacheError:
            return "unknown"
        except ForeignReply:
            there = None
        if there is not None and there.stamp == stamp:
            return "fresh"
        for _ in range(STEPS):
            held = self._hot.peek(key)
            if held is None or held.stamp != stamp or self._clock() >= held.expires_at:
                return "overtaken"
            await asyncio.sleep(self._staleness_seconds / STEPS)
        return "stale" if self._trusted() else "unknown"

    async def _check_all(self) -> None:
        while True:
            await self._some.wait()
            while self._waiting:
                source, tag, key, stamp = self._waiting.popleft()
                try:
                    result = await self.check(source, tag, key, stamp)
                except Exception:  # noqa: BLE001  # a bug must not end the measuring
                    _log.exception("a staleness check failed")
                    result = "unknown"
                self._observer.staleness_checked(source.name, result)
                await asyncio.sleep(PAUSE_SECONDS)
            self._some.clear()


def nines(checks: int, stale: int) -> float:
    """How many nines of hits were fresh, as far as `checks` can tell.

    With nothing stale among n checks, the share of stale hits is below 3/n with 95 % confidence (the rule of three),
    and that bound is what is told. 0 checks tell nothing: 0.0.
    """
    if checks <= 0:
        return 0.0
    return max(0.0, -log10(max(stale, 3) / checks)) if stale < checks else 0.0
