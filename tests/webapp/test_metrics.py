"""Metrics of a process: their number is bounded whatever it is asked for, and what they say is so."""

import asyncio
import re
import time
from pathlib import Path

import pytest
from admin import admin
from quiet_log import Expects
from sites import Site, Starts

from webapp.album import STORED
from webapp.app import CARD, HANDLE, ROUTES, SESSION
from webapp.life import Phase
from webapp.metrics import Metrics

pytestmark = pytest.mark.gen_test(timeout=60)

DOCUMENT = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
EXAMPLES = (
    (SESSION, "a" * 64),
    (CARD, "a" * 24),
    (HANDLE, "nobody"),
    (f"({STORED})", f"{'a' * 16}/{'b' * 64}"),
    ("(like|unlike)", "like"),
    ("(follow|unfollow)", "follow"),
    (".*", "nothing"),
)
ENDS = ("/logout", "/api/v1/logout", "/settings/leave", "/settings/sessions/revoke", "/api/v1/sessions", "/api/v1/me")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW")


def lines_of(text: str) -> list[str]:
    return [line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")]


def path_for(pattern: str) -> str:
    """An address that leads to this route."""
    for some, one in EXAMPLES:
        pattern = pattern.replace(some, one)
    return pattern if pattern.startswith("/") else f"/{pattern}"


@pytest.mark.parametrize("mode", ["off", "on"])
async def test_no_series_comes_or_goes_whatever_is_asked_for(start: Starts, mode: str) -> None:
    """Every route by every method, by somebody logged in and by a stranger, answered or refused or in error: the number
    of lines a scrape takes in is the stated one, before and after."""
    site = await start(STICKY_MODE=mode)
    [stated] = re.findall(r"exactly ([\d,]+) per web process", DOCUMENT)
    async with admin(site) as url:

        async def scraped() -> list[str]:
            return lines_of((await site.browser().get("/metrics", url=url)).text)

        before = await scraped()
        assert len(before) == len(set(before)) == int(stated.replace(",", ""))
        ada, stranger = await site.join(), site.browser()
        await ada.send("Hello.")
        await ada.board()
        for path in sorted((path_for(pattern) for pattern, _, _ in ROUTES), key=ENDS.__contains__):
            for method in METHODS:
                for browser in (ada.browser, stranger):
                    await browser.ask(method, path)
        assert await scraped() == before
    for _, _, route in ROUTES:
        assert site.counted("hotseat_http_requests_total", route=route) > 0, route
    assert site.counted("hotseat_http_requests_total", method="OTHER", status="4xx") > 0


async def test_requests_are_counted_and_timed_by_route(site: Site) -> None:
    """One each, in the bucket where it belongs."""
    counted = site.counted
    before = counted("hotseat_http_request_duration_seconds_count", route="api_visits")
    started = time.perf_counter()
    for _ in range(5):
        await site.browser().get("/api/v1/visits")
    took = time.perf_counter() - started
    assert counted("hotseat_http_requests_total", route="api_visits", method="GET", status="2xx") == 5
    assert counted("hotseat_http_request_duration_seconds_count", route="api_visits") - before == 5
    assert 0 < counted("hotseat_http_request_duration_seconds_sum", route="api_visits") < took
    assert counted("hotseat_http_request_duration_seconds_bucket", route="api_visits", le="+Inf") == 5


async def test_a_stall_of_the_loop_between_two_scrapes_is_seen(site: Site) -> None:
    """A gauge of the last moment would have forgotten it."""

    def late() -> float:
        """Wake-ups that were later than a tenth of a second."""
        in_time = site.counted("hotseat_event_loop_lag_seconds_bucket", le="0.1")
        return site.counted("hotseat_event_loop_lag_seconds_count") - in_time

    before = late()
    await asyncio.sleep(0)
    time.sleep(0.4)  # noqa: ASYNC251  # this is what it is about
    await asyncio.sleep(1.0)
    assert late() - before >= 1
    assert site.counted("hotseat_event_loop_lag_seconds_sum") >= 0.2


async def test_the_phase_of_life_and_its_limit_are_shown(start: Starts) -> None:
    """One at a time."""
    site = await start(DRAIN_SECONDS="17")
    assert site.counted("hotseat_drain_limit_seconds") == 17
    for phase in (Phase.READY, Phase.DRAINING, Phase.CLOSING):
        site.resources.life.enter(phase)
        shown = {each for each in Phase if site.counted("hotseat_phase", phase=each) == 1}
        assert shown == {phase}
        assert site.counted("hotseat_phase") == 1


async def test_the_budget_for_hot_copies_is_shown_where_there_is_one(start: Starts) -> None:
    """0 without hot copies: nothing can be full."""
    hot = await start(STICKY_MODE="on", HOT_CACHE_BYTES="1234567")
    assert hot.counted("hotseat_cache_limit_bytes") == 1_234_567
    assert hot.counted("hotseat_staleness_bound_seconds") == 2
    assert 0 < hot.counted("hotseat_lease_seconds") <= 2
    assert (await start()).counted("hotseat_cache_limit_bytes") == 0


async def test_exports_that_wait_are_counted(site: Site) -> None:
    """How many, beside how long the oldest has."""
    from webapp.documents import Claimant  # noqa: PLC0415
    from webapp.exporting import Exports  # noqa: PLC0415

    ada = await site.join()
    reports = site.resources.documents.reports
    assert await reports.waiting() == 0
    for number in range(3):
        await reports.add(f"{number:024x}", (await ada.me())["id"])
    assert await reports.waiting() == 3
    exports = Exports(site.resources, Claimant("worker-1", "process"))
    await exports.settle(0)  # it makes none
    looking = asyncio.create_task(exports.keep_looking())
    async with asyncio.timeout(10):
        while site.counted("hotseat_queue_length") != 3:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.05)
    assert site.counted("hotseat_queue_age_seconds") > 0
    looking.cancel()


async def test_what_has_no_series_fails_no_request_and_is_told_once(site: Site, expects: Expects) -> None:
    """A test in which it happens fails by the line in the log, so no operation can be forgotten unnoticed."""
    metrics = site.resources.metrics
    assert isinstance(metrics, Metrics)
    before = site.counted("hotseat_backend_calls_total", backend="redis")
    expects("not counted: there is no such series")
    for _ in range(2):
        metrics.redis_called("made-up", "ok", 0.001)
        metrics.affinity("made-up")
        metrics.session_event("made-up")
    assert site.counted("hotseat_backend_calls_total", backend="redis") == before
