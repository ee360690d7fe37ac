"""What there is for dashboards to see: a stack under the lab's load, in one mode and then the other, with a kill and a
rolling restart in each; a report wanted, a wrong password tried."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fleet import running
from member import Member

from dashboards.drawing.prometheus import Prometheus
from deploy.local import Stack
from deploy.local.waiting import wait_until
from lab.load.load_process import LoadProcess, Wanted
from lab.load.measured import Measured
from lab.surroundings import AMPLE
from lab.workload import load_workload

USERS = 16
RATE = 24.0
CALM_SECONDS = 6.0
TOLD_SECONDS = 40.0  # a death is believed after 15, then it is scraped
PATIENT_TIMES = 20
DOWN_SECONDS = 4.0


@dataclass(frozen=True)
class Happened:
    """What was done when, in seconds since 1970, and what the load measured in each mode."""

    began: float
    ended: float
    killed: Mapping[str, float]
    restarted: Mapping[str, float]
    toggled: float
    measured: Mapping[str, Measured]


@contextmanager
def eventful(folder: Path, environ: Mapping[str, str]) -> Iterator[tuple[Stack, Happened]]:
    """The stack is up, and what happened to it is over."""
    own = {"STICKY_MODE": "off", "HTTP_PORT": "0", "SCRAPE_SECONDS": "1", "DRAIN_SECONDS": "3"}
    with running(Stack(folder, {**environ, **AMPLE, **own})) as stack:
        workload = replace(load_workload("social"), users=USERS, think_seconds=1.0, photo_share=0.2)
        with LoadProcess(Wanted(workload, stack.url, rate=RATE)) as load:
            yield stack, _happens(stack, load)


def _happens(stack: Stack, load: LoadProcess) -> Happened:
    began, killed, restarted = time.time(), {}, {}
    load.start(rung="stateless")
    asyncio.run(_somebody(stack.url))
    time.sleep(CALM_SECONDS)
    killed["stateless"] = _done(lambda: crash(stack, "web-2"))
    _is_told(stack, "death", killed["stateless"], "web-2")
    restarted["stateless"] = _done(stack.roll)
    _is_told(stack, "leaving", restarted["stateless"], "web-1", "web-2", "web-3")
    toggled = _done(lambda: stack.sticky(True))
    load.mark("measured", "sticky")
    asyncio.run(_somebody(stack.url))
    time.sleep(2 * CALM_SECONDS)
    _is_told(stack, "leaving", toggled, "web-1", "web-2", "web-3")
    killed["sticky"] = _done(lambda: crash(stack, "web-1"))
    _is_told(stack, "death", killed["sticky"], "web-1")
    restarted["sticky"] = _done(stack.roll)
    _is_told(stack, "leaving", restarted["sticky"], "web-1", "web-2", "web-3")
    time.sleep(CALM_SECONDS / 2)
    load.stop()
    run = load.so_far()
    measured = {mode: run.of("measured", mode)[0] for mode in ("stateless", "sticky")}
    return Happened(began, time.time(), killed, restarted, toggled, measured)


def crash(stack: Stack, name: str, seconds: float = DOWN_SECONDS) -> None:
    """Dead for so long: whoever comes in its place is killed as well. One death is over between two looks."""
    until, killed = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        pid = stack.pid(name)
        if pid not in (0, killed):
            stack.kill(name)
            killed = pid
        time.sleep(0.05)


def _is_told(stack: Stack, after: str, since: float, *names: str) -> None:
    """Waits until Prometheus has it from each of these, begun since then, how its forerunner ended."""
    prometheus = Prometheus(stack.address("prometheus"))
    began = f'process_start_time_seconds{{job="web", instance=~"{"|".join(names)}"}} > {since - 1}'
    asked = f'{began} and on (instance) hotseat_begun{{job="web", after="{after}"}} == 1'
    told = lambda: len(prometheus.at(asked, time.time())) == len(names)  # noqa: E731
    assert wait_until(told, TOLD_SECONDS), (after, names, prometheus.at(began, time.time()))


def _done(act: Callable[[], object]) -> float:
    """When it was begun."""
    began = time.time()
    act()
    return began


async def _somebody(url: str) -> None:
    """Somebody whose password is tried in vain, who wants a report, and sends one card twice; patient with a site that
    is busy."""
    async with Member(url) as member:
        wrong = {"handle": member.handle, "password": "not the right one"}
        twice = {"json": {"text": "twice"}, "headers": {"Idempotency-Key": "twice"}}
        await _patiently(member.sign_up, already=" 409 ")  # one that was not answered in time may have been done
        await _patiently(member.log_in)
        assert (await member.ask("POST", "/api/v1/login", json=wrong)).status_code in (401, 403, 503)
        await _patiently(lambda: member.done("POST", "/api/v1/reports"))
        for _ in range(2):
            await _patiently(lambda: member.done("POST", "/api/v1/cards", **twice))


async def _patiently(ask: Callable[[], Awaitable[object]], *, already: str | None = None) -> None:
    for _ in range(PATIENT_TIMES):
        try:
            await ask()
        except AssertionError as refused:
            if already and already in str(refused):
                return
            if not any(busy in str(refused) for busy in (" 503 ", " 504 ")):
                raise
            await asyncio.sleep(1)
        else:
            return
    pytest.fail(f"the site is still too busy after {PATIENT_TIMES} s")
