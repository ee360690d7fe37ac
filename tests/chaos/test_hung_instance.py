"""An instance hangs (SIGSTOP) for ten seconds: its people go on elsewhere, and it shows nothing old when it wakes."""

import time
from collections.abc import Callable

import pytest
from fleet import in_service
from load.evidence import Evidence
from load.sizes import Size, whole_only

from deploy.local import Stack

HUNG = "web-2"
HUNG_SECONDS = 10.0
READ_SECONDS = 3.0  # haproxy.cfg: how long a read waits for a server before it is sent to another one
SLOW_MACHINE_SECONDS = 2.0
BACK_SECONDS = 30.0

pytestmark = pytest.mark.stack


@whole_only
def test_people_go_on_while_an_instance_hangs(
    stack: Stack, load_on: Callable, size: Size, evidence: Evidence, eventually: Callable[..., None]
) -> None:
    """No read fails or waits longer than is documented; a write is lost at most; nothing stale from who wakes up."""
    with load_on(stack, users=size.users, rate=size.rate) as load:
        load.lasting("before", size.calm_seconds)
        with load.phase("hung"):
            stack.pause(HUNG)
            time.sleep(HUNG_SECONDS)
            stack.resume(HUNG)
        with load.phase("awake"):
            eventually(lambda: HUNG in in_service(stack), BACK_SECONDS)
            time.sleep(size.calm_seconds)
        seen = load.finish()

    reads = seen.during("hung").those(lambda each: each.is_read)
    slowest = max(reads.records, key=lambda each: each.ms)
    evidence.phases(seen)
    evidence.note(
        failed_reads=len(seen.failed_reads),
        failed_writes=len(seen.failed) - len(seen.failed_reads),
        slowest_read_s=slowest.ms / 1000,
        reads_over_a_second=len([each for each in reads.records if each.ms > 1000]),
        slowest_write_s=max((each.ms for each in seen.during("hung").records if not each.is_read), default=0.0) / 1000,
        answered_after_waking=len(seen.during("awake").those(lambda each: each.instance == HUNG).records),
    )
    assert not seen.failed_reads, seen.first_faults()
    assert not seen.violations, seen.first_faults()
    assert not seen.unasked, seen.first_faults()
    assert slowest.ms <= (READ_SECONDS + SLOW_MACHINE_SECONDS) * 1000, slowest
    assert not seen.during("awake").failed, seen.during("awake").first_faults()
