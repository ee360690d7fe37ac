"""What Redis tells of itself, as the worker shows it."""

import asyncio
import contextlib

import pytest
from prometheus_client import CollectorRegistry
from redis import Redis
from redis_servers import locked_server

from cache import Link, open_link
from deploy.local import Programs, RunningStore
from webapp.metrics import Metrics
from webapp.redis_figures import FIGURES, RedisFigures, figures_of
from webapp.settings import from_mapping

pytestmark = pytest.mark.asyncio

KEY = "0123456789abcdef0123456789abcdef"
SETTINGS = from_mapping(
    {"REDIS_URL": "redis://x", "MONGODB_URL": "mongodb://x", "SECRET_KEYS": KEY, "AFFINITY_KEY": KEY}
)


async def test_the_figures_are_redis_own(redis_server: RunningStore) -> None:
    """Those that stand still are the same; those that rise lie between two questions."""
    figures = RedisFigures()
    link = open_link(redis_server.url)
    assert isinstance(link, Link)
    with Redis.from_url(redis_server.url) as redis:
        redis.config_set("maxmemory", 123_456_789)
        redis.set("short", "lived", px=1)
        await asyncio.sleep(0.05)
        assert redis.get("short") is None
        await figures.ask(link)
        before = redis.info()
        await figures.ask(link)
        after = redis.info()
        redis.config_set("maxmemory", 0)
    await link.close()
    assert figures.up
    for figure in FIGURES:
        least, most = (sum(info[field] for field in figure.fields) for info in (before, after))
        assert figure.name == "memory_bytes" or least <= figures.values[figure.name] <= most, figure
    assert figures.values["memory_limit_bytes"] == 123_456_789
    assert figures.values["memory_bytes"] == pytest.approx(after["used_memory"], rel=0.2)
    for rises in ("cpu_seconds", "commands", "received_bytes", "sent_bytes", "connections", "clients", "expired_keys"):
        assert figures.values[rises] > 0, rises


async def test_a_redis_that_does_not_answer_is_not_up(redis_server: RunningStore) -> None:
    """The last figures stay, so that counters do not fall back to 0; asking goes on."""
    figures, link, nowhere = RedisFigures(), open_link(redis_server.url), open_link("redis://127.0.0.1:1")
    assert isinstance(link, Link)
    assert isinstance(nowhere, Link)
    await figures.ask(link)
    commands = figures.values["commands"]
    await figures.ask(nowhere)
    assert (figures.up, figures.values["commands"]) == (False, commands)
    task = asyncio.create_task(figures.keep_asking(link))
    async with asyncio.timeout(5):
        while not figures.up:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.01)
    assert figures.values["commands"] > commands
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    for each in (link, nowhere):
        await each.close()


async def test_a_redis_that_permits_no_info_is_not_up(
    programs: Programs, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A managed one may not."""
    program = programs.need("redis-server")["redis-server"]
    with locked_server(program, tmp_path_factory.mktemp("locked"), rules="~* &* +@all -info") as server:
        figures, link = RedisFigures(), open_link(server.url)
        assert isinstance(link, Link)
        await figures.ask(link)
        assert not figures.up
        await link.close()


async def test_what_another_server_does_not_tell_is_0() -> None:
    """Or tells in words."""
    told = figures_of("# Server\r\nuptime_in_seconds:7\r\nused_memory:many\r\n\r\nnonsense\r\n")
    assert told.pop("uptime_seconds") == 7
    assert set(told.values()) == {0.0}


async def test_a_scrape_of_the_worker_shows_them() -> None:
    """Under their names; counters as counters."""
    figures = RedisFigures()
    metrics = Metrics(SETTINGS, "0", {})
    metrics.watch_redis(figures)
    registry: CollectorRegistry = metrics.registry
    assert registry.get_sample_value("hotseat_redis_up") == registry.get_sample_value("hotseat_redis_clients") == 0
    figures.up = True
    figures.values = {figure.name: float(number) for number, figure in enumerate(FIGURES)}
    assert registry.get_sample_value("hotseat_redis_up") == 1
    for number, figure in enumerate(FIGURES):
        name = f"hotseat_redis_{figure.name}" + ("_total" if figure.counts else "")
        assert registry.get_sample_value(name) == number
