"""What the lab starts is ended, however it is told to stop."""

import asyncio
import signal
from collections.abc import Iterator

import pytest

from lab.surroundings import told_to_stop

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Those of a program in a terminal, whatever the test run was started by; its own afterwards."""
    former = {number: signal.getsignal(number) for number in NUMBERS}
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in former.items():
        signal.signal(number, handler)


async def _told(number: signal.Signals, ended: list[str]) -> None:
    try:
        signal.raise_signal(number)
        await asyncio.sleep(5)
    finally:
        ended.append("ended")


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("ignores_ctrl_c", [False, True])
def test_whatever_tells_it_to_stop_ends_what_was_started(number: signal.Signals, ignores_ctrl_c: bool) -> None:
    """Also in the background of a script, where Ctrl-C is ignored."""
    if ignores_ctrl_c:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    ended: list[str] = []
    with told_to_stop(), pytest.raises(KeyboardInterrupt):
        asyncio.run(_told(number, ended))
    assert ended == ["ended"]


def test_what_is_to_outlive_its_terminal_does() -> None:
    """`nohup` has the closing of the terminal ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with told_to_stop():
        signal.raise_signal(signal.SIGHUP)


def test_afterwards_signals_mean_what_they_meant_before() -> None:
    """Whatever that was."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    before = [signal.getsignal(number) for number in NUMBERS]
    with told_to_stop():
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert [signal.getsignal(number) for number in NUMBERS] == before
