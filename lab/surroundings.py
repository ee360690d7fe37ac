"""What the lab gives the sites it starts, and how it is told to stop."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

OF_THE_STACK: Final = ("STICKY_MODE", "HOT_CACHE", "BOARD_STRATEGY", "HTTP_PORT", "HOTSEAT_RUN_DIR", "HOTSEAT_STACK")

ALONE: Final = {"GRAFANA": "off"}  # what is measured shares the machine with as little as can be

AMPLE: Final = {
    # all people of a load come from one address, and write more than people do
    "LOGINS_PER_ADDRESS": "100000",
    "CARDS_PER_DAY": "1000000",
    "PHOTOS_PER_DAY": "1000000",
}


def site_environ() -> dict[str, str]:
    """This process's environment without what chooses a rung or a place, and with quotas that a load does not reach.

    A Grafana that is installed here stays out of it.
    """
    return {name: value for name, value in os.environ.items() if name not in OF_THE_STACK} | AMPLE | ALONE


@contextmanager
def told_to_stop() -> Iterator[None]:
    """Inside, SIGTERM and a closed terminal are like Ctrl-C: everything that was started is ended.

    Whoever is started in the background of a script ignores Ctrl-C, and would ignore what is like it. What was started
    to outlive its terminal (`nohup`) does.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        signal.raise_signal(signal.SIGINT)

    former = {signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler)}
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            former[number] = signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
