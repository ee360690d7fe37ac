"""Being told to stop: Ctrl-C, SIGTERM, or a terminal that was closed (SIGHUP)."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """Raised in the main thread by the first of these signals."""


@contextlib.contextmanager
def interruptions_raise() -> Iterator[None]:
    """Inside, the first signal raises Interrupted; later ones are ignored, so that taking down is not interrupted."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        for later in _SIGNALS:
            signal.signal(later, signal.SIG_IGN)
        raise Interrupted

    former = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
