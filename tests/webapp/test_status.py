"""What a process tells about itself on its admin port."""

import json
from pathlib import Path
from typing import Any

import pytest
from admin import admin
from quiet_log import Expects
from redis_servers import locked_server
from sites import Site, Starts

from deploy.local import Programs

pytestmark = pytest.mark.gen_test(timeout=30)


async def told(site: Site) -> Any:
    async with admin(site) as url:
        return (await site.browser().get("/status", url=url)).json


async def test_a_process_tells_what_it_is_and_how_it_is(start: Starts) -> None:
    """Name, version, mode, rung; what it holds, what it is doing, and that its copies are trusted."""
    site = await start(STICKY_MODE="on", INSTANCE_ID="web-7")
    ada = await site.join()
    for _ in range(2):
        await ada.board()
    seen = await told(site)
    hot = seen.pop("hot")
    assert seen == {
        "instance": "web-7",
        "version": site.resources.version,
        "mode": "sticky",
        "rung": "hot behind stickiness",
        "phase": "ready",
        "readiness": 200,
        "draining": False,
        "in_flight": 0,
        "users": 1,
        "lag_ms": seen["lag_ms"],
    }
    assert (hot["state"], hot["reason"], hot["entries"]) == ("trusted", "", 3)
    assert hot["bytes"] == site.counted("hotseat_cache_bytes") > 0


async def test_each_heartbeat_tells_redis_how_busy_the_process_is(start: Starts) -> None:
    """Under the process's name, for as long as it lives and a little longer."""
    site = await start(STICKY_MODE="on", INSTANCE_ID="web-7")
    link = site.resources.cache.link
    [keys] = await link.ask("read", ("KEYS", "live:web-7:*"))
    [presence] = [key for key in keys if not key.endswith(b":canary")]
    told, left_ms = await link.ask("read", ("GET", presence), ("PTTL", presence))
    report = json.loads(told)
    assert report == {"in_flight": 0, "lag_ms": report["lag_ms"]}
    assert 0 < left_ms <= 8000


@pytest.mark.parametrize(
    ("settings", "state", "rung"),
    [
        ({}, "off", "cached in Redis"),
        ({"BOARD_STRATEGY": "compute"}, "off", "compute each time"),
        ({"HOT_CACHE": "on"}, "trusted", "control: hot without stickiness"),
        ({"STICKY_MODE": "on", "HOT_CACHE": "naive"}, "naive", "control: naive, wrong by design"),
    ],
)
async def test_each_rung_is_told(start: Starts, settings: dict[str, str], state: str, rung: str) -> None:
    """Whatever it stands on; where no copies are wanted there is nothing to explain."""
    seen = await told(await start(**settings))
    assert (seen["hot"]["state"], seen["hot"]["reason"], seen["rung"]) == (state, "", rung)


async def test_a_redis_that_cannot_be_tracked_is_told_with_the_reason(
    start: Starts, programs: Programs, tmp_path: Path, expects: Expects
) -> None:
    """The process goes on without hot copies, answers as ever, and says why in one sentence."""
    expects("no hot copies are kept: this Redis refuses to track: NOPERM")
    program = programs.need("redis-server")["redis-server"]
    with locked_server(program, tmp_path, rules="~* &* +@all -client|tracking") as server:
        site = await start(STICKY_MODE="on", REDIS_URL=server.url)
        ada = await site.join()
        for _ in range(3):
            answer = await ada.browser.get("/api/v1/board")
        assert 'web-1; hit; detail="board-redis"' in answer.headers.get_list("Cache-Status")
        hot = (await told(site))["hot"]
        assert (hot["state"], hot["entries"]) == ("off", 0)
        assert hot["reason"].startswith("this Redis refuses to track: NOPERM")
        assert site.counted("hotseat_link_state", state="off") == 1


async def test_the_other_addresses_of_the_inside_answer_too(site: Site) -> None:
    """Alive, ready, counting."""
    async with admin(site) as url:
        browser = site.browser()
        assert (await browser.get("/healthz", url=url)).text == "alive\n"
        assert (await browser.get("/readyz", url=url)).text == "ready\n"
        assert "hotseat_requests_in_flight 0.0" in (await browser.get("/metrics", url=url)).text
