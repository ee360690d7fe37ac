"""An event loop whose timers are exact to microseconds, where asyncio's own wake at whole milliseconds.

epoll_wait counts milliseconds, select counts microseconds, and the file descriptor of an epoll can be waited for by
select; the kernel adds a slack of 50 us to each wait unless it is told not to (prctl(2), PR_SET_TIMERSLACK).
Linux only; elsewhere the loop is asyncio's own.
"""

import asyncio
import ctypes
import select
import selectors
import sys

_PR_SET_TIMERSLACK = 29


def fine_loop() -> asyncio.AbstractEventLoop:
    """A new loop; the calling thread's timers have no slack from now on."""
    if sys.platform != "linux":
        return asyncio.new_event_loop()
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    return asyncio.SelectorEventLoop(_FineSelector())


if sys.platform == "linux":

    class _FineSelector(selectors.EpollSelector):
        def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
            if timeout is not None and timeout > 0:
                select.select([self.fileno()], [], [], timeout)
                timeout = 0
            return super().select(timeout)
