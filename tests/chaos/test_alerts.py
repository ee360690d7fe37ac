"""Alerts on a whole stack: planned change tells nobody, an instance that hangs does, until it is well again."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fleet import running, wait_whole
from told import told

from deploy.local import Stack

pytestmark = pytest.mark.chaos
LEARNT_SECONDS = 20.0  # HAProxy and Prometheus know of everything
QUIET_SECONDS = 120.0  # longer than any alert but those of slow burning waits


@pytest.mark.timeout(900)
def test_planned_change_is_quiet_and_a_hanging_instance_is_told_of(
    tmp_path: Path, clean_environ: dict[str, str], eventually: Callable[..., None]
) -> None:
    """Restart, drain, scaling out and in, the toggle; then SIGSTOP for as long as it takes, and SIGCONT."""
    environ = {**clean_environ, "STICKY_MODE": "on", "HTTP_PORT": "0"}
    with running(Stack(tmp_path / "run", environ)) as stack:
        wait_whole(stack, eventually)
        time.sleep(LEARNT_SECONDS)
        seen: set[str] = set()

        def watched(seconds: float) -> None:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                seen.update(told(stack, "firing"))
                time.sleep(2)

        for change in (
            stack.roll,
            lambda: (stack.drain("web-3"), stack.start("web-3")),
            lambda: stack.scale(5),
            lambda: stack.scale(3),
            lambda: stack.sticky(False),
            lambda: stack.sticky(True),
        ):
            change()
            watched(10)
        watched(QUIET_SECONDS)
        assert not seen
        stack.pause("web-2")
        try:
            eventually(lambda: "InstanceMissing" in told(stack, "firing"), 150, 2)
            assert "MostInstancesMissing" not in told(stack)
        finally:
            stack.resume("web-2")
        eventually(lambda: not told(stack), 120, 2)
