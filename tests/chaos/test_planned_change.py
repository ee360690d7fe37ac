"""P7: planned change fails no request of any method: restart, drain, scale, mode, a bad version, rollback, proxy."""

import functools
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fleet import web_names
from load.bad_versions import DIES, HANGS, bad_version
from load.evidence import Evidence
from load.sizes import SHORT, WHOLE, Size

from deploy.local import Stack, StartFailed

pytestmark = pytest.mark.stack


def roll(stack: Stack) -> None:
    """A new release of every web process, one at a time."""
    pids = _pids(stack)
    stack.roll()
    assert not set(pids.values()) & set(_pids(stack).values())


def restart_one(stack: Stack) -> None:
    """One slot, make before break."""
    pid = stack.pid("web-1")
    stack.restart("web-1")
    assert stack.pid("web-1") not in (0, pid)


def drain(stack: Stack) -> None:
    """One leaves and comes back."""
    stack.drain("web-2")
    assert not stack.pid("web-2")
    stack.start("web-2")


def scale(stack: Stack) -> None:
    """3 to 6 to 2 to 3."""
    for number in (6, 2, 3):
        stack.scale(number)
        assert len(web_names(stack)) == number


def toggle(stack: Stack) -> None:
    """To the other mode and back."""
    was = _modes(stack)
    for on in (was != {"sticky"}, was == {"sticky"}):
        stack.sticky(on)
        assert _modes(stack) == {"sticky" if on else "stateless"}


def bad_settings(stack: Stack) -> None:
    """Settings that no process accepts: none is even tried."""
    pids = _pids(stack)
    with pytest.raises(StartFailed):
        stack.roll({"BOARD_STRATEGY": "none-that-exists"})
    assert _pids(stack) == pids


def version_that_dies(stack: Stack) -> None:
    """A version that ends instead of becoming ready: the old processes stay."""
    _refused(stack, DIES)


def version_that_hangs(stack: Stack) -> None:
    """A version that neither becomes ready nor ends: it is ended, the old processes stay."""
    _refused(stack, HANGS)


def rollback(stack: Stack) -> None:
    """A version with other settings, and back to those before."""
    stack.roll({"BOARD_FRESH_SECONDS": "17"})
    assert stack.environ_of("web-3")["BOARD_FRESH_SECONDS"] == "17"
    stack.rollback()
    assert stack.environ_of("web-3").get("BOARD_FRESH_SECONDS") != "17"


def replace_proxy(stack: Stack) -> None:
    """HAProxy itself, three times."""
    for _ in range(3):
        pid = stack.pid("haproxy")
        stack.replace_proxy()
        assert stack.pid("haproxy") not in (0, pid)


# A successor takes over the slot, so nobody who obeys the affinity cookie has to go elsewhere.
NOBODY_MOVES = (roll, restart_one, bad_settings, version_that_dies, version_that_hangs, rollback, replace_proxy)

_whole = functools.partial(pytest.param, WHOLE, marks=[pytest.mark.chaos, pytest.mark.timeout(900)])


@pytest.mark.parametrize(
    ("size", "change"),
    [
        pytest.param(SHORT, restart_one, id="short-restart_one"),
        *(
            _whole(change, id=f"whole-{change.__name__}")
            for change in (
                roll,
                restart_one,
                drain,
                scale,
                toggle,
                bad_settings,
                version_that_dies,
                version_that_hangs,
                rollback,
                replace_proxy,
            )
        ),
    ],
)
def test_planned_change_fails_no_request(
    *,
    stack: Stack,
    sticky: bool,
    load_on: Callable,
    size: Size,
    change: Callable[[Stack], None],
    evidence: Evidence,
) -> None:
    """Whoever reads or writes meanwhile, cookies obeyed or not, gets the answer; p99 is given beside that before."""
    with load_on(stack, users=size.users, rate=size.rate) as load:
        load.lasting("before", size.calm_seconds)
        with load.phase("during"):
            change(stack)
        load.lasting("after", size.calm_seconds)
        seen = load.finish()

    moves = [each for each in seen.during("during").records if each.kind == "obeys" and each.moved]
    evidence.phases(seen)
    evidence.note(
        p99_before_ms=seen.during("before").percentile_ms(0.99),
        p99_during_ms=seen.during("during").percentile_ms(0.99),
        moves_of_those_who_obey=len(moves),
    )
    assert not seen.failed, seen.first_faults()
    assert not seen.violations, seen.first_faults()
    assert not seen.unasked, seen.first_faults()
    if sticky and size.judged and change in NOBODY_MOVES:
        assert not moves, moves[:5]


def _refused(stack: Stack, fate: str) -> None:
    pids = _pids(stack)
    with TemporaryDirectory() as folder, bad_version(stack, fate, Path(folder)) as next_one, pytest.raises(StartFailed):
        next_one.roll()
    assert _pids(stack) == pids


def _pids(stack: Stack) -> dict[str, int]:
    return {name: stack.pid(name) for name in web_names(stack)}


def _modes(stack: Stack) -> set[str]:
    return {each.mode for each in stack.status() if each.name.startswith("web-")}
