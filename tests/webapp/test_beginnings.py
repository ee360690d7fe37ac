"""How a process's predecessor ended, as its successor finds out."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import requests
from redis import Redis
from sites import Starts

from cache import open_link
from cache.link import AnyLink
from deploy.local import RunningStore, free_ports
from webapp.beginnings import AGAIN_SECONDS, PATIENCE_SECONDS, After, Beginning

pytestmark = pytest.mark.gen_test(timeout=30)


class Patience:
    """A sleep that ends at once, and says what was slept; `then` happens at the first that is so long in all."""

    def __init__(self) -> None:
        self.slept = 0.0
        self.settled = asyncio.Event()
        self.at: dict[float, Callable[[], Awaitable[None]]] = {}

    async def __call__(self, seconds: float) -> None:
        if seconds >= AGAIN_SECONDS:
            self.settled.set()
            await asyncio.Event().wait()
        self.slept += seconds
        if then := self.at.pop(self.slept, None):
            await then()


@asynccontextmanager
async def running(link: AnyLink, patience: Patience) -> AsyncIterator[Beginning]:
    """One that has found out what there was to find out."""
    beginning = Beginning(link, "web-1", sleep=patience)
    task = asyncio.create_task(beginning.run())
    try:
        async with asyncio.timeout(10):
            await patience.settled.wait()
        yield beginning
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def after_of(link: AnyLink, patience: Patience | None = None) -> After | None:
    async with running(link, patience or Patience()) as beginning:
        return beginning.after


async def test_each_end_is_told_from_the_others(redis_server: RunningStore) -> None:
    """Nobody before; one that said that it left; one that was killed; and one after that."""
    link = open_link(redis_server.url)
    async with running(link, Patience()) as first:
        assert first.after == "nothing"
        await first.leave()
    assert await after_of(link) == "leaving"  # and is killed
    patience = Patience()
    assert await after_of(link, patience) == "death"
    assert patience.slept >= PATIENCE_SECONDS
    await link.close()


async def test_a_predecessor_that_still_serves_is_waited_for(redis_server: RunningStore) -> None:
    """Make before break: it leaves some time after its successor began."""
    link = open_link(redis_server.url)
    async with running(link, Patience()) as former:
        patience = Patience()
        said, task = await leave_at(5.0, link, former, patience)
        assert (said, patience.slept) == ([None, "leaving"], 5.0)
        task.cancel()
    await link.close()


async def test_one_that_leaves_late_was_not_dead_after_all(redis_server: RunningStore) -> None:
    """What was said of it is taken back."""
    link = open_link(redis_server.url)
    async with running(link, Patience()) as former:
        said, task = await leave_at(PATIENCE_SECONDS + 5, link, former, Patience())
        assert said == ["death", "leaving"]
        task.cancel()
    await link.close()


async def leave_at(
    seconds: float, link: AnyLink, former: Beginning, patience: Patience
) -> tuple[list[After | None], "asyncio.Task[None]"]:
    """What a successor says of one that leaves so long after it began: when it does, and in the end."""
    said: list[After | None] = []
    successor = Beginning(link, "web-1", sleep=patience)

    async def note_and_leave() -> None:
        said.append(successor.after)
        await former.leave()

    patience.at[seconds] = note_and_leave
    task = asyncio.create_task(successor.run())
    async with asyncio.timeout(10):
        await patience.settled.wait()
    return [*said, successor.after], task


async def test_nothing_is_said_while_redis_is_away(redis_server: RunningStore) -> None:
    """Neither of an end that nobody can have heard of, nor by raising."""
    nowhere = open_link("redis://127.0.0.1:1")
    beginning = Beginning(nowhere, "web-1")
    task = asyncio.create_task(beginning.run())
    await beginning.leave()
    await asyncio.sleep(0.2)
    assert not task.done()
    assert beginning.after is None
    task.cancel()
    await nowhere.close()


async def test_a_scrape_shows_it(start: Starts) -> None:
    """One of three is 1 once it is known."""
    site = await start()
    afters = lambda: [site.counted("hotseat_begun", after=after) for after in ("nothing", "leaving", "death")]  # noqa: E731
    assert afters() == [0, 0, 0]
    site.resources.beginning.after = "death"
    assert afters() == [0, 0, 1]
    site.resources.beginning.after = "leaving"
    assert afters() == [0, 1, 0]


@pytest.mark.parametrize(
    ("command", "number", "says_so"),
    [
        ("web", signal.SIGTERM, True),
        ("web", signal.SIGUSR1, True),
        ("web", signal.SIGINT, True),
        ("web", signal.SIGKILL, False),
        ("worker", signal.SIGTERM, True),
        ("worker", signal.SIGKILL, False),
    ],
)
def test_a_real_process_says_that_it_leaves_unless_it_is_killed(
    redis_server: RunningStore,
    eventually: Callable[..., None],
    command: str,
    number: signal.Signals,
    says_so: bool,
) -> None:
    """To drain, to retire, in a hurry: whoever comes after it can know. The worker tells of Redis besides."""
    port, admin_port = free_ports(2)
    stores = {"REDIS_URL": redis_server.url, "MONGODB_URL": "mongodb://127.0.0.1:1"}
    own = {"PATH": "", "SECRET_KEYS": "s" * 40, "AFFINITY_KEY": "a" * 40, "INSTANCE_ID": "web-9"}
    ports = {"PORT": str(port), "ADMIN_PORT": str(admin_port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "hotseat", command], env={**stores, **own, **ports}, stdout=subprocess.DEVNULL
    )
    try:
        with Redis.from_url(redis_server.url, decode_responses=True) as redis:
            eventually(lambda: redis.get("begun:{web-9}"), 60)
            mark = redis.get("begun:{web-9}")
            assert not redis.exists(f"begun:{{web-9}}:left:{mark}")
            asks = lambda: requests.get(f"http://127.0.0.1:{admin_port}/metrics", timeout=10).text  # noqa: E731
            eventually(lambda: ("\nhotseat_redis_up 1.0\n" in asks()) == (command == "worker"), 10)
            process.send_signal(number)
            process.wait(30)
            assert redis.exists(f"begun:{{web-9}}:left:{mark}") == says_so
    finally:
        process.kill()
        process.wait()
