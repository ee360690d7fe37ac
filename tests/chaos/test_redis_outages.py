"""P8: Redis is restarted, killed, stopped, or falls into a black hole, under people who read and write.

What the outage contract allows is allowed while it lasts: 503, at once, and reads that are marked stale. Afterwards
everything that was acknowledged is there, and nobody has to restart anything.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from load.driver import Load
from load.evidence import Evidence
from load.seen import HASHING, Seen, percentile
from load.sizes import Size, whole_only

from deploy.local import Stack, single_store
from lab.testbed.line import Line, Way
from lab.testbed.wires import open_wires

OUTAGE_SECONDS = 10.0
CONTRACT_SECONDS = 1.0  # an error comes within this time
SLOWEST_SECONDS = 5.0  # on a machine that is busy with other things; the median keeps to the contract on any
HEALED_SECONDS = 20.0

pytestmark = pytest.mark.stack


def restarted(stack: Stack) -> None:
    """Asked to end, and started again."""
    stack.stop("redis")
    stack.start("redis")


def killed(stack: Stack) -> None:
    """SIGKILL; its supervisor starts it again."""
    stack.kill("redis")
    stack.wait_ready("redis")


def gone(stack: Stack) -> None:
    """Killed, and away for a while: connections are refused."""
    stack.kill("redis")
    stack.stop("redis")
    time.sleep(OUTAGE_SECONDS)
    stack.start("redis")


def stopped(stack: Stack) -> None:
    """SIGSTOP: connections stay, nothing is answered, until it goes on."""
    stack.pause("redis")
    time.sleep(OUTAGE_SECONDS)
    stack.resume("redis")


@whole_only
@pytest.mark.parametrize("outage", [restarted, killed, gone, stopped])
def test_an_outage_of_redis_breaks_no_promise(
    *,
    stack: Stack,
    sticky: bool,
    load_on: Callable,
    size: Size,
    outage: Callable[[Stack], None],
    evidence: Evidence,
) -> None:
    """Errors are 503 and come at once, what is stale says so, all is well after; what was acknowledged is there."""
    with load_on(stack, users=size.users, rate=size.rate) as load:
        load.lasting("before", size.calm_seconds)
        with load.phase("outage"):
            outage(stack)
        back = time.monotonic()
        _heal(load)
        load.lasting("after", size.calm_seconds)
        seen = load.finish()
    _judge(seen, back, evidence, stale_wanted=sticky and outage in (gone, stopped))


@pytest.mark.chaos
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", ["off", "on"], ids=["stateless", "sticky"])
def test_a_black_hole_before_redis_breaks_no_promise(
    mode: str, tmp_path: Path, clean_environ: dict[str, str], load_on: Callable, evidence: Evidence
) -> None:
    """The same when commands vanish on the way; those of before the outage are never done later."""
    with ExitStack() as closing:
        redis = closing.enter_context(single_store("redis", tmp_path / "redis", clean_environ))
        wires = closing.enter_context(open_wires())
        there = urlsplit(redis.url)
        port = wires.open("redis", "127.0.0.1", there.port or 6379)
        url = there._replace(netloc=f"127.0.0.1:{port}").geturl()
        stack = closing.enter_context(_running(tmp_path / "run", mode, url, clean_environ))
        with load_on(stack, users=24, rate=80) as load:
            load.lasting("before", 5)
            with load.phase("outage"):
                wires.change(["redis"], Line.both(Way(swallows=True)))
                time.sleep(OUTAGE_SECONDS)
                swallowed = wires.counts()["redis"].swallowed_bytes
                wires.make_plain()  # which resets the connections that lost something
            back = time.monotonic()
            _heal(load)
            load.lasting("after", 5)
            seen = load.finish()
    assert swallowed, "the hole was there, and nobody asked"
    _judge(seen, back, evidence, stale_wanted=mode == "on")


def _heal(load: Load) -> None:
    """Returns when nothing has failed or been stale for a second; the load's own users ask all the time."""
    deadline = time.monotonic() + HEALED_SECONDS
    with load.phase("healing"):
        while time.monotonic() < deadline:
            time.sleep(1)
            last = load.so_far().within(time.monotonic() - 1)
            if last.records and not any(record.stale == "outage" or not record.ok for record in last.records):
                return


def _judge(seen: Seen, back: float, evidence: Evidence, *, stale_wanted: bool) -> None:
    unwell = [each for each in seen.records if not each.ok or each.stale == "outage"]
    calm = seen.those(lambda each: each.at + each.ms / 1000 < seen.phases[0].ended)
    errors = seen.failed
    timed = [each for each in errors if each.route not in HASHING]
    slowest = max((each.ms for each in timed), default=0.0)
    usual = percentile([each.ms for each in timed], 0.5)
    stale = [each for each in seen.records if each.stale == "outage"]
    evidence.phases(seen)
    evidence.note(
        errors=len(errors),
        error_p50_ms=usual,
        error_p95_ms=percentile([each.ms for each in timed], 0.95),
        slowest_error_ms=slowest,
        stale_reads=len(stale),
        slowest_stale_read_ms=max((each.ms for each in stale), default=0.0),
        recovered_after_s=round(max((each.at + each.ms / 1000 for each in unwell), default=back) - back, 2),
    )
    assert not seen.violations, seen.first_faults()
    assert not seen.unasked, seen.first_faults()
    assert {each.status for each in errors} <= {503}, seen.those(lambda each: each.status != 503).first_faults()
    assert usual <= CONTRACT_SECONDS * 1000
    assert slowest <= SLOWEST_SECONDS * 1000, max(timed, key=lambda each: each.ms)
    assert not [each for each in calm.records if each.stale == "outage" or not each.ok]
    assert not seen.during("after").failed, seen.during("after").first_faults()
    assert not stale_wanted or stale, "copies were held, and nothing was answered from them"


@contextmanager
def _running(run_dir: Path, mode: str, redis_url: str, environ: dict[str, str]) -> Iterator[Stack]:
    stack = Stack(run_dir, {**environ, "HTTP_PORT": "0", "STICKY_MODE": mode, "REDIS_URL": redis_url})
    try:
        stack.up()
        yield stack
    finally:
        stack.down()
