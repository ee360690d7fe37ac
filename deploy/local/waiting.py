"""The one place that waits for something by asking again."""

import time
from collections.abc import Callable

LOOK_EVERY_SECONDS = 0.03


def wait_until(predicate: Callable[[], bool], deadline_seconds: float) -> bool:
    """Ask again and again; False if the deadline passed without a yes."""
    end = time.monotonic() + deadline_seconds
    while not predicate():
        if time.monotonic() > end:
            return False
        time.sleep(LOOK_EVERY_SECONDS)
    return True
