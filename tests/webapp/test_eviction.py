"""Sessions are data: a Redis that may evict them is warned about, once, and nobody waits for that."""

import asyncio
from pathlib import Path

import pytest
from door import door_to
from quiet_log import Expects
from redis_servers import RedisServer, locked_server
from sites import Starts

from cache import open_cache
from deploy.local import Programs
from webapp.eviction import warn_of_eviction, watching_for_eviction

pytestmark = pytest.mark.gen_test(timeout=30)

WARNING = "sessions may be evicted"


@pytest.fixture
def program(programs: Programs) -> Path:
    return programs.need("redis-server")["redis-server"]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.maxmemory_policy for record in caplog.records if record.getMessage() == WARNING]


@pytest.mark.parametrize("policy", ["allkeys-lru", "volatile-lru", "volatile-ttl"])
async def test_a_policy_that_evicts_is_warned_about(
    program: Path, tmp_path: Path, expects: Expects, caplog: pytest.LogCaptureFixture, policy: str
) -> None:
    """Every session has an expiry, so the volatile ones are no better."""
    expects(WARNING)
    with RedisServer(program, tmp_path, {"maxmemory-policy": policy}) as server:
        async with open_cache(server.url) as cache:
            await warn_of_eviction(cache)
    assert warnings(caplog) == [policy]


async def test_the_stacks_own_redis_is_as_it_should_be(start: Starts) -> None:
    """Full means that writes fail, not that people are logged out; so there is nothing to warn about."""
    await warn_of_eviction((await start()).resources.cache)


async def test_a_redis_that_does_not_tell_is_believed(program: Path, tmp_path: Path) -> None:
    """Managed ones often do not permit CONFIG."""
    with locked_server(program, tmp_path, {"maxmemory-policy": "allkeys-lru"}, rules="~* &* +@all -config") as server:
        async with open_cache(server.url) as cache:
            await warn_of_eviction(cache)


async def test_a_redis_that_is_away_is_asked_when_it_is_back(
    program: Path, tmp_path: Path, expects: Expects, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for it; leaving ends the asking."""
    expects(WARNING)
    with RedisServer(program, tmp_path, {"maxmemory-policy": "allkeys-lru"}) as server:
        async with door_to(server.url) as door, open_cache(door.url) as cache:
            await door.shut()
            async with watching_for_eviction(cache):
                pass
            asking = asyncio.create_task(warn_of_eviction(cache, pause_seconds=0.05))
            await asyncio.sleep(0.2)
            assert not asking.done()
            await door.open()
            await asking
    assert warnings(caplog) == ["allkeys-lru"]
