"""What the generator itself costs: 2,000 requests per second on one core, against a small server on another one."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from figures import Figures

from lab.load.load_process import LoadProcess, Wanted, usable_cores
from lab.workload import load_workload

RATE = 2000.0
WARM_SECONDS, SECONDS = 3.0, 20.0
MOST_CPU_MILLISECONDS = 0.5
STARVED_MILLISECONDS, FULL_SHARE = 5.0, 0.9
_SUPPORT = Path(__file__).resolve().parents[1] / "support"


@pytest.fixture
def fast_site() -> Iterator[str]:
    """The URL of a stub site that has the first core to itself, as far as this test can tell."""
    command = [sys.executable, os.fspath(_SUPPORT / "lab_stub_site.py"), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        os.sched_setaffinity(process.pid, {usable_cores()[0]})
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.mark.soak
@pytest.mark.skipif(len(usable_cores()) < 2, reason="the generator and the server need a core each")
def test_two_thousand_requests_per_second_on_one_core(fast_site: str, figures: Figures, tmp_path: Path) -> None:
    """With every request written to the history. CPU per request holds on a busy machine too, the rate may not."""
    workload = replace(load_workload("social"), think_seconds=1.0, photo_share=0)
    wanted = Wanted(workload, fast_site, rate=RATE, core=usable_cores()[-1], history=str(tmp_path / "history.jsonl"))
    with LoadProcess(wanted) as load:
        load.start(phase="warm-up")
        time.sleep(WARM_SECONDS)
        load.mark("measured")
        time.sleep(SECONDS)
        load.stop()
        [measured] = load.so_far().of("measured")
    cpu_ms = measured.cpu_seconds / measured.requests * 1000
    late_ms = [round((each or 0) * 1000, 2) for each in (measured.late.p50, measured.late.p99)]
    figures(
        f"{measured.requests_per_second:.0f} requests/s, {cpu_ms:.3f} ms CPU each, "
        f"{measured.cpu_seconds / measured.seconds:.0%} of the core; sent late by {late_ms[0]} ms (p50), "
        f"{late_ms[1]} ms (p99); {measured.dropped} dropped; load average {os.getloadavg()[0]:.1f}"
    )
    assert measured.failed == 0
    assert cpu_ms <= MOST_CPU_MILLISECONDS
    if late_ms[0] > STARVED_MILLISECONDS and measured.cpu_seconds / measured.seconds < FULL_SHARE:
        pytest.skip(f"others had the core: it got {measured.cpu_seconds / measured.seconds:.0%} of it, and wanted more")
    assert measured.requests_per_second >= 0.97 * RATE
