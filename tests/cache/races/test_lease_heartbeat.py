"""A master that answers and takes no writes may be one that others have left: its answers bring no trust."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from cache_doubles import Board, Recorder
from cache_races import until
from quiet_log import Expects
from redis_servers import RedisServer, ReplicaPair

from cache import Cache, ErrorReply, Region, open_cache
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

B = 0.5
LAG_SECONDS = 3.0  # min-replicas-max-lag 1: counted in whole seconds, from 0 to 2, and looked at once a second
SLACK_SECONDS = 0.1  # between a moment here and the same moment in Redis
REFUSED = "hot copies are not trusted (suspect): the heartbeat was refused: "


@pytest.fixture(autouse=True)
def short_leases(expects: Expects) -> None:
    """They end whenever this machine is busy with something else."""
    expects("hot copies are not trusted (suspect): ")


@pytest.fixture(scope="module")
def program(programs: Programs) -> Path:
    return programs.need("redis-server")["redis-server"]


@pytest.fixture(scope="module")
def running(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(program, tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> Iterator[RedisServer]:
    """A server, empty and as it was configured."""
    running.command("FLUSHALL")
    yield running
    running.command("CONFIG", "SET", "maxmemory", 0)
    running.command("CONFIG", "SET", "min-replicas-to-write", 0)


def boards(cache: Cache) -> Region[Board]:
    return cache.region("board", Board, ttl_seconds=60)


async def load() -> Board:
    return Board("old")


async def hold(cache: Cache, region: Region[Board]) -> None:
    """Ada's board becomes a copy that is trusted."""
    assert await cache.trusted(5), cache.state()
    await region.get("ada", load)
    assert (await region.get("ada", load)).tier == "hot"


@pytest.mark.parametrize(
    ("setting", "value", "code"),
    [("maxmemory", 1, "OOM"), ("min-replicas-to-write", 1, "NOREPLICAS")],
)
async def test_a_refused_heartbeat_ends_trust_and_reads_go_to_redis(
    server: RedisServer, recorder: Recorder, expects: Expects, *, setting: str, value: int, code: str
) -> None:
    """Full, or without the replicas it needs: no copy is answered after B, every read is, and it is told why."""
    expects(f"{REFUSED}{code} ")
    async with open_cache(server.url, hot_bytes=1 << 20, staleness_seconds=B, observer=recorder) as cache:
        region = boards(cache)
        await hold(cache, region)
        recorder.states.clear()
        server.command("CONFIG", "SET", setting, value)
        refused_at = time.monotonic()
        asked_at = refused_at
        while (await region.get("ada", load)).tier == "hot":
            asked_at = time.monotonic()
            await asyncio.sleep(0)  # a hot hit waits for nothing: the heartbeats get their turn here
        assert asked_at - refused_at < B + SLACK_SECONDS
        answer = await region.get("ada", load, stale=True)
        assert (answer.value, answer.tier, answer.stale) == (Board("old"), "redis", "")
        await until(lambda: recorder.states == ["suspect"], B)
        assert f"the heartbeat was refused: {code} " in cache.state()[1]
        server.command("CONFIG", "SET", setting, 0)
        await until(lambda: recorder.states == ["suspect", "trusted"])
        assert (await region.get("ada", load)).tier == "hot"  # it was told of no change, on the same connection


# --- a stale master --------------------------------------------------------------------------------------------------


async def seconds_until_untrusted(cache: Cache, pair: ReplicaPair, region: Region[Board]) -> float:
    """How long copies are still answered from memory, by a process whose master answers it all the while."""
    cut_at = last_hot_at = time.monotonic()
    while cache.state()[0] == "trusted":
        asked_at = time.monotonic()
        assert await cache.link.ask("ping", ("PING",)) == [b"PONG"]
        answer = await region.get("ada", load)
        assert answer.value == Board("old")  # it cannot know better: the new value is on the other side
        last_hot_at = asked_at if answer.tier == "hot" else last_hot_at
    assert await cache.link.ask("ping", ("PING",)) == [b"PONG"]
    answer = await region.get("ada", load)
    assert answer.tier == "redis"
    with pytest.raises(ErrorReply, match="NOREPLICAS"):
        async with cache.write("ada"):
            pytest.fail("a master that others have left took a write")
    return last_hot_at - cut_at


async def show_stale_master(
    program: Path, folder: Path, staleness_seconds: float, cut: Callable[[ReplicaPair], Awaitable[None]]
) -> float:
    with ReplicaPair(program, folder, careful=True) as pair:
        async with open_cache(pair.url, hot_bytes=1 << 20, staleness_seconds=staleness_seconds) as cache:
            region = boards(cache)
            await hold(cache, region)
            await cut(pair)
            seconds = await seconds_until_untrusted(cache, pair, region)
            await until(lambda: "NOREPLICAS" in cache.state()[1], staleness_seconds)
            return seconds


async def kill_replica(pair: ReplicaPair) -> None:
    pair.replica.kill()


async def stop_replica(pair: ReplicaPair) -> None:
    pair.replica.pause()


async def test_a_master_that_lost_its_replica_takes_no_writes_at_once(
    program: Path, tmp_path: Path, expects: Expects
) -> None:
    """A clean cut: the lease ends within B."""
    expects(REFUSED)
    assert await show_stale_master(program, tmp_path, B, kill_replica) < B + SLACK_SECONDS


async def test_a_master_whose_replica_is_silent_answers_ping_and_brings_no_trust(
    program: Path, tmp_path: Path, expects: Expects
) -> None:
    """A black hole: PING and reads are answered all the while, and the lease ends within B + 3 s."""
    expects(REFUSED)
    assert await show_stale_master(program, tmp_path, B, stop_replica) < B + LAG_SECONDS + SLACK_SECONDS


@pytest.mark.chaos
@pytest.mark.parametrize("turn", range(5))
async def test_with_the_default_staleness_too(program: Path, tmp_path: Path, turn: int, expects: Expects) -> None:
    """B = 2: whatever the moment of the cut, the lease ends before `down-after` lets a new master take a write."""
    expects(REFUSED)
    assert await show_stale_master(program, tmp_path, 2.0, stop_replica) < 2.0 + LAG_SECONDS + SLACK_SECONDS
