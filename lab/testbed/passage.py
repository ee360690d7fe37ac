"""One connection through a wire: two ends, and what is on its way between them.

Invariants: see `lab.testbed.wire`. Whatever ends one end ends the other, behind the bytes before it.
"""

import asyncio
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import cast

from lab.testbed.lane import Lane

SOCKET_BYTES = 262_144
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_END, _LOST = b"end", b"lost"  # told from data by identity


@dataclass
class Tally:
    """The passages of a wire that are open, and what became of all of them."""

    open: "set[Passage]" = field(default_factory=set)
    connections: int = 0
    reset: int = 0
    swallowed_bytes: int = 0


class Passage:
    """One connection through the wire: `near` is the end of who connected, `far` that of who listens."""

    def __init__(self, target: tuple[str, int], there: Lane, back: Lane, tally: Tally) -> None:
        self.near = End(self, there)
        self.far = End(self, back)
        self.near.other, self.far.other = self.far, self.near
        self.ends = self.near, self.far
        self._target = target
        self._tally = tally
        self.has_swallowed = False
        self.is_connected = False
        self.is_over = False
        self._ends_passed = 0
        self._connecting: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """The near end is there."""
        self._tally.connections += 1
        self._tally.open.add(self)
        self._connecting = asyncio.get_running_loop().create_task(self._connect())

    def changed(self) -> None:
        """The wire is another one now."""
        swallows = [end.lane.way.swallows for end in self.ends]
        if self.has_swallowed and not any(swallows):
            self.cut()
            return
        for end, deaf in zip(self.ends, swallows, strict=True):
            if deaf:
                end.drop()
            end.go_on()

    def swallow(self, size: int) -> None:
        self.has_swallowed = True
        self._tally.swallowed_bytes += size

    def end_passed(self) -> None:
        """One direction has ended in order; with the second one all is over."""
        self._ends_passed += 1
        if self._ends_passed == 2:
            self._over()
            for end in self.ends:
                end.close()

    def cut(self) -> None:
        """Reset by the wire's own doing."""
        self._tally.reset += 1
        self.reset()

    def reset(self) -> None:
        """Both ends, at once."""
        if not self.is_over:
            self._over()
            for end in self.ends:
                end.reset()

    def _over(self) -> None:
        self.is_over = True
        self._tally.open.discard(self)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.far, *self._target)
        except OSError:
            self.reset()
            return
        if self.is_over:
            self.far.reset()
        else:
            self.is_connected = True
            for end in self.ends:
                end.pump()


class End(asyncio.Protocol):
    """One end of a passage, and what was received at it and waits to be sent from the other one."""

    other: "End"

    def __init__(self, passage: Passage, lane: Lane) -> None:
        self.passage = passage
        self.lane = lane
        self.held = 0
        self._waiting: deque[tuple[float, bytes | memoryview]] = deque()
        self._last_due = 0.0
        self._slot: tuple[float, int] | None = None  # the lane's time for the first of these, and how many bytes
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._is_full = False  # this end's peer does not take what it is sent
        self._is_paused = False
        self._loop = asyncio.get_running_loop()

    # What happens at this end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        if self is self.passage.near:
            self._pause()  # until there is somebody to send it to
            self.passage.begin()

    def data_received(self, data: bytes) -> None:
        if self.lane.way.swallows:
            self.passage.swallow(len(data))
            return
        self.held += len(data)
        self.lane.most_held = max(self.lane.most_held, self.held)
        self._wait(data)
        if self.held > self.lane.may_hold:
            self._pause()

    def eof_received(self) -> bool:
        if self.lane.way.swallows:
            self.passage.swallow(0)
        else:
            self._wait(_END)
        return True  # the other direction goes on

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self.passage.is_over:
            return
        self._is_full = False  # what is sent to it vanishes from now on
        self.other.pump()
        if self.lane.way.swallows:
            self.passage.swallow(0)
        else:
            self._wait(_LOST)

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        self.other.pump()

    # What is passed on

    def pump(self) -> None:
        """Send on what is due, and look again when the next is."""
        self._wake_no_more()
        if not self.passage.is_connected:
            return
        while self._waiting and not self.other._is_full and not self.passage.is_over:
            now = self._loop.time()
            at = self._next_at(now)
            if at - now > self.lane.lead_seconds:
                wake_at = at - self.lane.lead_seconds
                self._timer = self._loop.call_at(wake_at, self._wake, wake_at)
                break
            self._send_next()
        if self._is_paused and self.held <= self.lane.may_hold // 2:
            self._is_paused = False
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    def go_on(self) -> None:
        """By what the lane is now, and not by the time that it had for this end before."""
        self._slot = None
        self.pump()

    def drop(self) -> None:
        """What was on its way vanishes."""
        if self._waiting:
            self.passage.swallow(self.held)
        self._waiting.clear()
        self._slot = None
        self.held = 0

    def close(self) -> None:
        """In order, once all that was written is sent."""
        self._stop()
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """At once, as a reset."""
        self._stop()
        if self._transport is not None:
            linger = self._transport.get_extra_info("socket")
            linger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()

    def _wake(self, wanted_at: float) -> None:
        self.lane.woken(wanted_at, self._loop.time())
        self.pump()

    def _wake_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, data: bytes) -> None:
        self._last_due = max(self._last_due, self._loop.time() + self.lane.way.latency_seconds)
        self._waiting.append((self._last_due, data))
        if self._timer is None:
            self.pump()

    def _next_at(self, now: float) -> float:
        """When the next bytes may go: once they have arrived, and the lane has time for some of them."""
        due, data = self._waiting[0]
        if data is _END or data is _LOST or due - now > self.lane.lead_seconds:
            return due
        if self._slot is None:
            self._slot = self.lane.slot(len(data), now)
        return max(due, self._slot[0])

    def _send_next(self) -> None:
        due, data = self._waiting.popleft()
        transport, slot, self._slot = self.other._transport, self._slot, None
        if data is _LOST:
            self.passage.reset()
        elif data is _END:
            self._pass_end(transport)
        else:
            whole, size = memoryview(data), slot[1] if slot else len(data)
            if size < len(whole):
                self._waiting.appendleft((due, whole[size:]))
            self.held -= size
            self.lane.passed_bytes += size
            if transport is not None:
                transport.write(whole[:size])

    def _pass_end(self, transport: asyncio.Transport | None) -> None:
        try:
            if transport is not None:
                transport.write_eof()
        except OSError:  # it has been reset, which nobody has told the loop yet
            self.passage.reset()
        else:
            self.passage.end_passed()

    def _pause(self) -> None:
        if not self._is_paused and self._transport is not None and not self._transport.is_closing():
            self._is_paused = True
            self._transport.pause_reading()

    def _stop(self) -> None:
        self._wake_no_more()
        self._waiting.clear()
        self._slot = None
        self.held = 0
