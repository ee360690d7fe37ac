"""The lease: until when this process may trust its copies.

Every quarter of B the tracked link sends a small *write*. Its answer proves that a master still accepts writes, and,
since one connection keeps one order, that every invalidation sent before it has arrived. From the moment that
heartbeat was sent, copies are trusted for B. A read or a PING would prove neither: a master that was cut off answers
both for ever and tells nobody about the writes on the other side.

A lease belongs to one connection, and to one that passed the canary: a key read through it, then written through the
other link, whose invalidation arrived. Each heartbeat sends such a bird again, so tracking that ends silently (a proxy,
an operator) ends the lease too.

States: `trusted`; `suspect` (heartbeat overdue); `lost` (connection gone); `off` (this Redis cannot be tracked).
"""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable
from math import inf
from typing import Final

from cache.connection import HandshakeRefused
from cache.errors import CacheError, ErrorReply, Unavailable
from cache.link import AnyLink, Link, Reply
from cache.observer import LinkState, Observer

BEATS_PER_LEASE: Final = 4
RETRY_SECONDS: Final = 30.0  # how often a Redis that refused to track is tried again on the same connection

_log = logging.getLogger(__name__)


class Lease:
    """Trust in one tracked link, `tracked`; `other` is the link over which its canary is written.

    `presence` names the key that heartbeats write, `report` what they write into it. Times in seconds of `clock`.
    """

    def __init__(
        self,
        tracked: Link,
        other: AnyLink,
        *,
        presence: str,
        staleness_seconds: float,
        clock: Callable[[], float],
        observer: Observer,
        report: Callable[[], bytes] = lambda: b"",
    ) -> None:
        self.staleness_seconds = staleness_seconds
        self.proven_at: float = -inf  # when the last answered heartbeat was sent; -inf while there is no lease
        self.last_proven_at = -inf  # the same, but kept when the lease ends: the outage contract counts from it
        self.canary = f"{presence}:canary"
        self._tracked = tracked
        self._other = other
        self._presence = presence
        self._clock = clock
        self._observer = observer
        self._report = report
        self._trouble = "the link to Redis is being opened"  # "" after a heartbeat that was answered
        self._passed = 0  # the number of the connection that passed the canary
        self._off: str | None = None
        self._dropped: str | None = None  # why this lease itself gave the connection up
        self._state: LinkState = "lost"
        self._flown_at: float | None = None
        self._landed = asyncio.Event()
        self._tracks = False  # whether Redis is to tell of the canary: read since it was last told
        self._changed = asyncio.Event()
        self._run: asyncio.Task[None] | None = None
        self._overdue: asyncio.TimerHandle | None = None
        self._stopped = False

    # --- what others ask -----------------------------------------------------------------------------------------

    def holds(self, now: float) -> bool:
        """Whether copies may be trusted at `now`."""
        return now - self.proven_at < self.staleness_seconds

    @property
    def left_seconds(self) -> float:
        """For how long copies may be trusted without another heartbeat; 0 if they may not."""
        return max(0.0, self.proven_at + self.staleness_seconds - self._clock())

    def keeps(self) -> bool:
        """Whether what is read over the open connection will be told about when it changes."""
        return self._passed != 0 and self._tracked.number == self._passed

    @property
    def state(self) -> LinkState:
        """The state now."""
        if self._off is not None:
            return "off"
        if not self.keeps():
            return "lost"
        return "trusted" if self.holds(self._clock()) else "suspect"

    @property
    def reason(self) -> str:
        """Why copies are not trusted now; "" while they are."""
        state = self.state
        if state == "trusted":
            return ""
        return (self._off or "") if state == "off" else self._trouble or "the heartbeat is overdue"

    # --- what the tracked link tells -----------------------------------------------------------------------------

    def opened(self, number: int) -> None:
        """A connection is there; nothing read over it is kept before its canary has come back."""
        del number
        self._end("the link to Redis was opened anew")
        self._changed.set()

    def lost(self, number: int) -> None:
        """The connection is gone, and with it every promise to be told."""
        del number
        self._end(self._dropped or "the connection to Redis is gone")
        self._dropped = None
        self.note()

    def saw(self, key: bytes) -> bool:
        """Told each invalidated key; True if it was the canary's."""
        if key != self.canary.encode():
            return False
        if self._flown_at is not None:
            self._observer.invalidation_lag(max(0.0, self._clock() - self._flown_at))
            self._observer.canary("landed")
            self._flown_at = None
        self._landed.set()
        self._tracks = False
        return True

    # --- its own life --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begins to earn the lease."""
        self._tracked.start()
        self._observer.link_state(self._state)
        self._run = asyncio.get_running_loop().create_task(self._live(), name="redis lease")

    async def stop(self) -> None:
        """Gives the lease up; nothing more is told."""
        self._stopped = True
        if self._run is not None:
            self._run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._run
        if self._overdue is not None:
            self._overdue.cancel()
        self._end("the cache is closed")

    async def _live(self) -> None:
        period = self.staleness_seconds / BEATS_PER_LEASE
        while True:
            pause = period
            try:
                if isinstance(self._tracked.down, HandshakeRefused):
                    self._off = f"this Redis speaks no RESP3: {self._tracked.down.cause}"
                elif self._tracked.number != 0 and not self.keeps():
                    await self._fly_first()
                    pause = 0.0 if self.keeps() else RETRY_SECONDS if self._off else period
                elif self.keeps():
                    await self._beat()
            except (CacheError, TimeoutError) as error:
                self._trouble = error.cause if isinstance(error, Unavailable) else str(error)
            except Exception as error:  # noqa: BLE001  # a report that raises, say: there must be a next heartbeat
                trouble = f"the heartbeat failed: {type(error).__name__}: {error}"
                if trouble != self._trouble:
                    _log.exception("a heartbeat failed")
                self._trouble = trouble
            self.note()
            await self._sleep(pause)

    async def _sleep(self, seconds: float) -> None:
        """Waits, but no longer than until the connection is another one."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()

    async def _fly_first(self) -> None:
        """Turns tracking on and sends the canary. Sets `_off` and its reason if this Redis will not do."""
        number = self._tracked.number
        on, *_ = await self._tracked.ask(
            "lease",
            ("CLIENT", "TRACKING", "ON"),
            ("GET", self.canary),
            errors=True,
            place=self._read,
            deadline_seconds=self._patience,
        )
        if isinstance(on, ErrorReply):
            self._off = f"this Redis refuses to track: {on.cause}"
            return
        await self._fly()
        # The invalidation was sent before the answer to this. No answer says nothing about tracking.
        await self._tracked.ask("lease", ("GET", self.canary), deadline_seconds=self._patience)
        if self._tracked.number != number:
            return
        if not self._landed.is_set():
            self._observer.canary("missed")
            self._off = "the invalidation of a key that was changed did not arrive"
            return
        self._off = None
        self._passed = number
        await self._beat()

    async def _fly(self) -> None:
        """Writes the canary through the other link; not if it was told of already, its place in Redis's table lost."""
        if not self._tracks:
            return
        self._landed.clear()
        self._flown_at = self._clock()
        try:
            life_ms = int(self.staleness_seconds * 10_000)
            await self._other.ask("lease", ("SET", self.canary, secrets.token_hex(8), "PX", life_ms))
        except BaseException:
            self._flown_at = None
            raise

    def _read(self, index: int, reply: Reply, again: bool) -> None:
        """Told each reply at its place in the stream: from the canary's on, Redis is to tell of its next change."""
        del reply, again
        self._tracks = index == 1

    async def _beat(self) -> None:
        """One heartbeat, and one canary that must have landed before the next one is answered."""
        number, sent_at = self._passed, self._clock()
        landed_before = self._landed.is_set() or self._flown_at is None
        life_ms = int(self.staleness_seconds * 4000)
        replies = await self._tracked.ask(
            "lease",
            ("SET", self._presence, self._report(), "PX", life_ms),
            ("GET", self.canary),
            errors=True,
            place=self._read,
            deadline_seconds=self.staleness_seconds,
        )
        if self._passed != number:
            return
        if isinstance(replies[0], ErrorReply):
            self._trouble = f"the heartbeat was refused: {replies[0].cause}"
            return
        if not landed_before and not self._landed.is_set():
            self._observer.canary("missed")
            self._dropped = "an invalidation did not arrive: tracking has ended"
            self._tracked.drop(self._dropped)
            return
        self.proven_at = self.last_proven_at = sent_at
        self._trouble = ""
        self._observer.round_trip(max(0.0, self._clock() - sent_at))
        self.note()
        self._expect_another()
        with contextlib.suppress(Unavailable):  # the other link's trouble says nothing about this one
            await self._fly()

    @property
    def _patience(self) -> float:
        return max(self.staleness_seconds / 2, 0.5)

    def _expect_another(self) -> None:
        """Looks again when this heartbeat is worth nothing any more: the next may be waiting for its answer then."""
        if self._overdue is not None:
            self._overdue.cancel()
        self._overdue = asyncio.get_running_loop().call_later(self.staleness_seconds, self.note)

    def _end(self, reason: str) -> None:
        self._passed = 0
        self.proven_at = -inf
        self._flown_at = None
        self._trouble = reason

    def note(self) -> None:
        """Tells a change of state, once."""
        state = self.state
        if state == self._state or self._stopped:
            return
        before, self._state = self._state, state
        self._observer.link_state(state)
        if state == "off":
            _log.warning("no hot copies are kept: %s", self.reason)
        elif state == "trusted":
            _log.info("hot copies are trusted (before: %s)", before)
        else:
            _log.warning("hot copies are not trusted (%s): %s", state, self.reason)
