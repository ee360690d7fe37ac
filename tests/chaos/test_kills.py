"""P7: one instance after another is killed (`kill -9`) under people who read and write."""

import functools
import time
from collections.abc import Callable

import pytest
from fleet import FRESH_SECONDS, end_suddenly, wait_whole, web_names
from load.evidence import Evidence
from load.seen import median
from load.sizes import Size, in_both_sizes

from deploy.local import Stack

MOST_MS_LONGER = 20
SETTLING_SECONDS = 0.5

pytestmark = pytest.mark.stack


@in_both_sizes
def test_a_killed_instance_fails_no_read(
    stack: Stack, load_on: Callable, size: Size, evidence: Evidence, eventually: Callable[..., None]
) -> None:
    """Every read is answered; a write with a key counts once; who has to move hardly notices."""
    kills: list[tuple[float, str]] = []
    with load_on(stack, users=size.users, rate=size.rate) as load:
        load.lasting("before", size.calm_seconds)
        with load.phase("kills"):
            for n in range(size.times):
                victim = web_names(stack)[n % len(web_names(stack))]
                pid = stack.pid(victim)
                end_suddenly(stack, victim)
                kills.append((time.monotonic(), victim))
                eventually(functools.partial(_has_another_pid, stack, victim, pid), FRESH_SECONDS)
                wait_whole(stack, eventually)
                time.sleep(SETTLING_SECONDS)
        load.lasting("after", size.calm_seconds)
        seen = load.finish()

    obeying = seen.those(lambda each: each.kind == "obeys" and each.is_read)
    displaced = [each for at, victim in kills for each in obeying.first_after(at, victim)]
    before_ms, first_ms = median_ms(obeying.during("before").records), median_ms(displaced)
    evidence.phases(seen)
    evidence.note(
        kills=len(kills),
        failed_reads=len(seen.failed_reads),
        failed_writes=len(seen.failed) - len(seen.failed_reads),
        failed_posts_with_a_key=len([each for each in seen.failed if each.keyed]),
        displaced=len(displaced),
        read_before_ms=before_ms,
        first_read_after_ms=first_ms,
    )
    assert not seen.failed_reads, seen.first_faults()
    assert not seen.violations, seen.first_faults()
    assert not seen.unasked, seen.first_faults()
    assert not size.judged or first_ms <= before_ms + MOST_MS_LONGER


def _has_another_pid(stack: Stack, name: str, pid: int) -> bool:
    return stack.pid(name) not in (0, pid)


def median_ms(records: list) -> float:
    return round(median([each.ms for each in records]), 2)
