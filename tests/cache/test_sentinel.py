"""The master is where the sentinels say it is, before each connect: a failover is followed."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from links import heals, opened, until
from redis_servers import ReplicaPair, WatchedPair

from cache import ErrorReply, Link, Misuse, Unavailable
from cache.sentinel import Sentinels
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 0.4
MASTER, REPLICA = [b"master", 0, []], [b"slave", b"127.0.0.1", 7001, b"connected", 0]
ONE, TWO = [b"10.0.0.1", b"7001"], [b"10.0.0.2", b"7002"]


class Network:
    """Answers of made-up servers, by host; a function is called for the answer. Remembers who was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def exchange(self, url: str, *commands: Any) -> list[Any]:
        self.asked.append(url)
        host = url.rpartition("@")[2].rpartition("://")[2].partition("/")[0].rpartition(":")[0]
        answer = self.answers[host]
        return [await answer() if callable(answer) else answer]

    def sentinels(self, url: str) -> Sentinels:
        return Sentinels(url, exchange=self.exchange, deadline_seconds=DEADLINE_SECONDS)


async def silence() -> None:
    await asyncio.Event().wait()


async def refuse() -> None:
    raise Unavailable("connect", "refused")


@pytest.fixture(scope="module")
def program(programs: Programs) -> Path:
    return programs.need("redis-server")["redis-server"]


async def test_a_failover_is_followed(program: Path, tmp_path: Path) -> None:
    """An operator asks for it; the former master lives on, and is left all the same."""
    with WatchedPair(program, tmp_path, sentinels=1) as watched:
        async with opened(watched.url) as link:
            await link.ask("write", ("SET", "kept", 1))
            await asyncio.to_thread(watched.failover)
            now = watched.master

            async def has_come() -> bool:
                await heals(link, "k")
                return now.command("GET", "k") is not None

            await until(has_come)
            assert await link.ask("read", ("GET", "kept")) == [b"1"]


async def test_the_death_of_a_master_is_survived(program: Path, tmp_path: Path) -> None:
    """Once its replica is the master, the link heals within 3 s, and knows what was written."""
    with WatchedPair(program, tmp_path, sentinels=1, down_after_seconds=0.5) as watched:
        async with opened(watched.url) as link:
            await link.ask("write", ("SET", "kept", 1))
            dead = watched.master
            await asyncio.to_thread(dead.kill)
            with pytest.raises(Unavailable):
                await link.ask("write", ("SET", "lost", 1))
            await asyncio.to_thread(watched.wait_until_replaced, dead)
            await heals(link, "k")
            assert await link.ask("read", ("GET", "kept"), ("GET", "lost")) == [b"1", None]


async def test_a_former_master_that_refuses_a_write_is_left(program: Path, tmp_path: Path) -> None:
    """READONLY ends the connection, and the next one goes to where the master is by now."""
    with ReplicaPair(program, tmp_path) as pair:
        master = pair.master

        async def where() -> str:
            return master.url

        link = Link(where)
        try:
            await link.ask("write", ("SET", "k", 1))
            master = pair.replica
            pair.replica.command("REPLICAOF", "NO", "ONE")
            pair.master.command("REPLICAOF", "127.0.0.1", pair.replica.port)
            with pytest.raises(ErrorReply) as refused:
                await link.ask("write", ("SET", "k", 2))
            assert refused.value.code == "READONLY"
            await heals(link, "k")
            assert pair.replica.command("GET", "k") == b"1"
        finally:
            await link.close()


async def test_the_majority_is_right() -> None:
    """A sentinel that was cut off still names the former master: it is outvoted, however fast it is."""

    async def later() -> Any:
        await asyncio.sleep(0.01)
        return TWO

    network = Network(a=ONE, b=later, c=later, **{"10.0.0.1": MASTER, "10.0.0.2": MASTER})
    assert await network.sentinels("redis+sentinel://a,b,c/hotseat").master_url() == "redis://10.0.0.2:7002/0"


@pytest.mark.parametrize(("dead", "seconds"), [(refuse, 0.1), (silence, DEADLINE_SECONDS)])
async def test_one_sentinel_that_answers_is_enough(dead: Callable[[], Any], seconds: float) -> None:
    """Dead ones cost nothing, silent ones a part of the deadline."""
    network = Network(a=dead, b=dead, c=ONE, **{"10.0.0.1": MASTER})
    async with asyncio.timeout(seconds):
        assert await network.sentinels("redis+sentinel://a,b,c/hotseat").master_url() == "redis://10.0.0.1:7001/0"


async def test_two_that_agree_are_not_kept_waiting_by_a_silent_third() -> None:
    """More than half is enough."""
    network = Network(a=silence, b=ONE, c=ONE, **{"10.0.0.1": MASTER})
    async with asyncio.timeout(0.1):
        await network.sentinels("redis+sentinel://a,b,c/hotseat").master_url()


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"a": refuse, "b": refuse}, "no sentinel names the master of hotseat: refused"),
        ({"a": None, "b": None}, "no sentinel names the master of hotseat: unknown there"),
        ({"a": b"OK", "b": [b"host"]}, "no sentinel names the master of hotseat: unknown there"),
        ({"a": silence, "b": silence}, "no answer in time"),
        ({"a": ONE, "b": ONE, "10.0.0.1": REPLICA}, "10.0.0.1:7001 is named by the sentinels, and is a slave"),
        ({"a": ONE, "b": ONE, "10.0.0.1": silence}, "did not answer in time"),
        ({"a": ONE, "b": ONE, "10.0.0.1": refuse}, "refused"),
    ],
)
async def test_without_a_master_it_is_unavailable_in_time(answers: dict[str, Any], told: str) -> None:
    """Nobody answers, nobody knows the service, or the server they name is no master."""
    with pytest.raises(Unavailable, match=told):
        async with asyncio.timeout(DEADLINE_SECONDS + 0.2):
            await Network(**answers).sentinels("redis+sentinel://a,b/hotseat").master_url()


async def test_another_master_is_told_while_nothing_else_says_so() -> None:
    """Looked out for now and then; sentinels that are away say nothing."""
    network = Network(a=ONE, **{"10.0.0.1": MASTER, "10.0.0.2": MASTER})
    sentinels = network.sentinels("redis+sentinel://a/hotseat")
    told = asyncio.Event()
    following = asyncio.create_task(sentinels.follow(lambda reason: told.set(), look_every_seconds=0.001))
    await sentinels.master_url()
    for answer in (ONE, refuse):
        network.answers["a"] = answer
        network.asked.clear()

        async def has_looked() -> bool:
            return len(network.asked) >= 10

        await until(has_looked)
        assert not told.is_set()
    network.answers["a"] = TWO
    async with asyncio.timeout(3):
        await told.wait()
    following.cancel()


async def test_user_password_database_and_options_are_those_of_the_servers() -> None:
    """Sentinels are asked without, or with what is meant for them."""
    network = Network(**{"a": ONE, "[::1]": ONE, "10.0.0.1": MASTER})
    url = "rediss+sentinel://me:p%40ss@a:1,[::1]:2/hotseat/3?ssl_ca_certs=ca.pem&sentinel_password=s%2Fs"
    master = "rediss://me:p%40ss@10.0.0.1:7001/3?ssl_ca_certs=ca.pem"
    assert await network.sentinels(url).master_url() == master
    asked = ["rediss://:s%2Fs@a:1?ssl_ca_certs=ca.pem", "rediss://:s%2Fs@[::1]:2?ssl_ca_certs=ca.pem", master]
    assert sorted(network.asked) == sorted(asked)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://a/hotseat", "redis.sentinel"),
        ("redis+sentinel://me:secret@a", "ends with /service or /service/database"),
        ("redis+sentinel://me:secret@a/hotseat/five", "ends with /service or /service/database"),
        ("redis+sentinel://me:secret@a,/hotseat", "host or host:port"),
        ("redis+sentinel://me:secret@a:0/hotseat", "host or host:port"),
        ("redis+sentinel://me:se/cret@a/hotseat", "host or host:port"),
    ],
)
async def test_an_address_that_cannot_be_used_is_refused(url: str, told: str) -> None:
    """With a sentence that says why and does not show the password."""
    with pytest.raises(Misuse, match=told) as refused:
        Network().sentinels(url)
    assert "se" not in str(refused.value).replace("sentinel", "").replace("service", "").replace("database", "")
