"""Waiting for a replica, where there is one."""

import time
from pathlib import Path

import pytest
from redis_servers import RedisCluster, RedisServer, ReplicaPair

from cache import open_cache
from deploy.local import Programs

pytestmark = pytest.mark.asyncio


async def test_a_replica_has_what_was_written_before(programs: Programs, tmp_path: Path) -> None:
    """Then a session that was ended stays ended, whoever is master next. A hung one is not waited for without end."""
    program = programs.need("redis-server")["redis-server"]
    with ReplicaPair(program, tmp_path) as pair:
        async with open_cache(pair.url) as cache:
            for number in range(100):
                await cache.link.ask("read", ("SET", "k", number))
                assert await cache.replicated("ada")
                assert pair.replica.command("GET", "k") == b"%d" % number
            pair.replica.pause()
            await cache.link.ask("read", ("SET", "k", "lost with the master"))
            started = time.monotonic()
            assert not await cache.replicated("ada")
            assert time.monotonic() - started < 0.5
            pair.replica.resume()
            pair.wait_until_replicated()
            assert await cache.replicated("ada")


async def test_over_a_cluster_the_master_that_has_the_owner_is_asked(programs: Programs, tmp_path: Path) -> None:
    """The first of three has a replica, which hangs: of its owners nothing is replicated, of others all there is."""
    program = programs.need("redis-server")["redis-server"]
    with RedisCluster(program, tmp_path, spare=True) as cluster:
        async with open_cache(cluster.url) as cache:
            tags = [f"tag{n}" for n in range(12)]
            followed = {tag: cluster.node_of(f"v:{{{tag}}}") is cluster.nodes[0] for tag in tags}
            assert set(followed.values()) == {True, False}
            for tag in tags:
                await cache.invalidate_tag(tag)
                assert await cache.replicated(tag)
            cluster.nodes[-1].pause()
            for tag in tags:
                await cache.invalidate_tag(tag)
            assert {tag: await cache.replicated(tag) for tag in tags} == {tag: not followed[tag] for tag in tags}
            cluster.nodes[-1].resume()


async def test_nothing_is_waited_for_without_replicas(programs: Programs, tmp_path: Path) -> None:
    """WAIT would hold up the connection for all of its time."""
    with RedisServer(programs.need("redis-server")["redis-server"], tmp_path) as server:
        async with open_cache(server.url) as cache:
            assert await cache.replicated("ada")
        assert "cmdstat_wait" not in str(server.command("INFO", "commandstats"))
