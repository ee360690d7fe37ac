"""What is special about a Redis Cluster: slots that move, nodes that are away, order in a slot, bounded attempts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from links import OnlyNode, heals, opened, until
from redis_servers import Certificates, RedisCluster, RedisServer

from cache import ErrorReply, Misuse, Unavailable
from cache.cluster import ClusterLink
from cache.link import Mismatch
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

DEADLINE_SECONDS = 0.6
MARGIN_SECONDS = 0.3
VERSION, BOARD = "v:{tag}", "board:{tag}"


@pytest.fixture(scope="module")
def program(programs: Programs) -> Path:
    return programs.need("redis-server")["redis-server"]


@pytest.fixture(scope="module")
def _cluster(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    with RedisCluster(program, tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
def cluster(_cluster: RedisCluster) -> RedisCluster:
    """Three masters, empty."""
    for node in _cluster.nodes:
        node.command("FLUSHALL")
        node.command("CONFIG", "RESETSTAT")
    return _cluster


def other_node(cluster: RedisCluster, key: str) -> RedisServer:
    """A node that does not serve the key."""
    return next(node for node in cluster.nodes if node is not cluster.node_of(key))


def calls_of(node: RedisServer, command: str) -> int:
    """How often a node was asked to run a command."""
    told = node.command("INFO", "commandstats").decode()
    lines = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
    return int(lines.get(f"cmdstat_{command}", "calls=0").split(",")[0].removeprefix("calls="))


async def test_versions_are_read_before_values(cluster: RedisCluster) -> None:
    """A writer changes the value first and its version second; no reader sees a version its value is older than."""
    async with opened(cluster.url) as writing, opened(cluster.url) as reading:
        over = False

        async def write() -> None:
            for number in range(300):
                await writing.ask("write", ("SET", BOARD, number))
                await writing.ask("write", ("SET", VERSION, number))

        async def read() -> None:
            while not over:
                version, board = await reading.ask("read", ("GET", VERSION), ("GET", BOARD))
                assert int(version or 0) <= int(board or 0)

        readers = [asyncio.create_task(read()) for _ in range(8)]
        await write()
        over = True
        await asyncio.gather(*readers)


async def test_commands_of_one_slot_are_one_round_trip(cluster: RedisCluster) -> None:
    """However many: the node is asked once, and once more where it does not know the script yet."""
    async with opened(cluster.url) as link:
        keys = [f"{number}:{{tag}}" for number in range(10)]
        await link.ask("write", *(("SET", key, key) for key in keys))
        node = cluster.node_of(VERSION)
        node.command("CONFIG", "RESETSTAT")
        assert await link.ask("read", *(("GET", key) for key in keys)) == [key.encode() for key in keys]
        assert (calls_of(node, "evalsha"), calls_of(node, "eval"), calls_of(node, "get")) == (1, 0, 10)


async def test_a_slot_that_moved_is_followed(cluster: RedisCluster) -> None:
    """The first call is redirected, and after a moment no call is any more."""
    async with opened(cluster.url) as link:
        await link.ask("write", ("SET", VERSION, 1), ("SET", BOARD, "text"))
        former, now = cluster.node_of(VERSION), other_node(cluster, VERSION)
        cluster.move_slot(VERSION, now)
        assert await link.ask("write", ("INCR", VERSION), ("GET", BOARD)) == [2, b"text"]

        async def is_known() -> bool:
            former.command("CONFIG", "RESETSTAT")
            assert await link.ask("read", ("GET", BOARD)) == [b"text"]
            return b"errorstat_MOVED" not in former.command("INFO", "errorstats")

        await until(is_known)


async def test_a_slot_on_its_way_is_served(cluster: RedisCluster) -> None:
    """With one key gone ahead and one left, both are found, in order; a script of both has to wait, in bounds."""
    async with opened(cluster.url, deadline_seconds=DEADLINE_SECONDS) as link:
        await link.ask("write", ("SET", VERSION, 1), ("SET", BOARD, "text"))
        source, to = cluster.node_of(VERSION), other_node(cluster, VERSION)
        with cluster.moving_slot(VERSION, to):
            cluster.move_key(VERSION, source, to)
            asked = (("INCR", VERSION), ("GET", BOARD), ("SET", "new:{tag}", 1), ("GET", "new:{tag}"))
            assert await link.ask("write", *asked) == [2, b"text", b"OK", b"1"]
            assert await link.script("return redis.call('INCR', KEYS[1])")("script", [VERSION], []) == 3
            both = link.script("return {redis.call('INCR', KEYS[1]), redis.call('GET', KEYS[2])}")
            with pytest.raises(Unavailable):
                async with asyncio.timeout(DEADLINE_SECONDS + MARGIN_SECONDS):
                    await both("script", [VERSION, BOARD], [])
            cluster.move_key(BOARD, source, to)
            assert await both("script", [VERSION, BOARD], []) == [4, b"text"]
            cluster.move_slot(VERSION, to)
        assert await link.ask("read", ("GET", VERSION), ("GET", "new:{tag}")) == [b"4", b"1"]


async def test_a_node_that_is_away_costs_only_its_own_slots(cluster: RedisCluster) -> None:
    """Also for a link that is opened meanwhile. What is asked of that node ends at once, and heals when it is back."""
    node, elsewhere = cluster.node_of(VERSION), f"k:{{{_tag_at(cluster, other_node(cluster, VERSION))}}}"
    async with opened(cluster.url) as link:
        await link.ask("write", ("SET", VERSION, 1))
        await asyncio.to_thread(node.stop)
        try:
            async with opened(cluster.url) as later:
                for each in (link, later):
                    assert await each.ask("write", ("SET", elsewhere, 1)) == [b"OK"]
                    with pytest.raises(Unavailable):
                        async with asyncio.timeout(MARGIN_SECONDS):
                            await each.ask("read", ("GET", VERSION), again=True)
                    with pytest.raises(Unavailable):
                        await each.ask("read", ("GET", elsewhere), ("GET", VERSION))
        finally:
            await asyncio.to_thread(node.start)
            await asyncio.to_thread(cluster.wait_until_ok)
        await heals(link, VERSION)


async def test_a_silent_node_costs_its_own_callers_the_deadline_and_nobody_else(cluster: RedisCluster) -> None:
    """While it hangs, other slots answer as fast as ever; what was sent to it is sent once."""
    node, elsewhere = cluster.node_of(VERSION), f"k:{{{_tag_at(cluster, other_node(cluster, VERSION))}}}"
    async with opened(cluster.url, deadline_seconds=DEADLINE_SECONDS) as link:
        await link.ask("write", ("SET", elsewhere, 1), ("SET", "warm:{tag}", 1))
        node.pause()
        try:
            stuck = [asyncio.create_task(link.ask("write", ("INCR", f"{number}:{{tag}}"))) for number in range(5)]
            async with asyncio.timeout(MARGIN_SECONDS):
                for _ in range(20):
                    assert await link.ask("read", ("GET", elsewhere)) == [b"1"]
            async with asyncio.timeout(DEADLINE_SECONDS + MARGIN_SECONDS):
                outcomes = await asyncio.gather(*stuck, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {Unavailable}
        finally:
            node.resume()
        await heals(link, VERSION)
        assert set(await link.ask("read", *(("GET", f"{number}:{{tag}}") for number in range(5)))) <= {None, b"1"}


async def test_a_replica_that_takes_over_is_found(program: Path, tmp_path: Path) -> None:
    """The master dies; once its replica is the master, the link heals within 3 s, and knows what was written."""
    with RedisCluster(program, tmp_path, {"cluster-node-timeout": 500}, spare=True) as cluster:
        key = f"k:{{{_tag_at(cluster, cluster.nodes[0])}}}"
        async with opened(cluster.url) as link:
            await link.ask("write", ("SET", f"kept{key}", 1))

            async def taken_over() -> bool:
                return bool(cluster.nodes[-1].command("ROLE")[0] == b"master")

            await asyncio.to_thread(cluster.nodes[0].kill)
            await until(taken_over, within_seconds=10)
            await heals(link, key)
            assert await link.ask("read", ("GET", f"kept{key}")) == [b"1"]


async def test_a_cluster_may_speak_tls_and_want_a_password(program: Path, tmp_path: Path) -> None:
    """By `rediss+cluster://` with the authority in the address; a wrong password is Unavailable, and not shown."""
    certificates = Certificates(tmp_path / "certificates")
    secured = RedisCluster(
        program,
        tmp_path,
        {**certificates.options, "requirepass": "open-sesame"},
        scheme="rediss+cluster",
        credentials=":open-sesame@",
        query=f"?ssl_ca_certs={certificates.authority}",
    )
    with secured:
        async with opened(secured.url) as link:
            keys = [f"k:{{{number}}}" for number in range(9)]
            await link.ask("write", *(("SET", key, key) for key in keys))
            assert await link.ask("read", *(("GET", key) for key in keys)) == [key.encode() for key in keys]
        async with opened(secured.url.replace("open-sesame", "open-barley")) as link:
            with pytest.raises(Unavailable) as refused:
                await link.ask("read", ("GET", VERSION))
            assert "barley" not in str(refused.value)


@pytest.mark.parametrize(("again", "times"), [(False, 1), (True, 2)])
async def test_what_breaks_a_connection_is_sent_once_or_twice_as_the_caller_says(again: bool, times: int) -> None:
    """The node hangs up on it each time: a write goes out once, a read that may be repeated twice."""
    async with OnlyNode(lambda node, words: None).running() as node, opened(node.url) as link:
        with pytest.raises(Unavailable):
            await link.ask("call", ("INCR", VERSION), again=again)
        assert node.asked == [b"INCR"] * times


async def test_a_command_that_is_never_answered_is_sent_once() -> None:
    """Its deadline ends it."""
    async with OnlyNode(lambda node, words: b"").running() as node, opened(node.url, deadline_seconds=0.2) as link:
        with pytest.raises(Unavailable, match="in time"):
            await link.ask("call", ("INCR", VERSION), again=True)
        assert node.asked == [b"INCR"]


async def test_redirections_that_lead_nowhere_end() -> None:
    """A node that always names another is asked a few times only."""

    def elsewhere(node: OnlyNode, words: list[bytes]) -> bytes:
        return b"-MOVED 1 127.0.0.1:%d\r\n" % node.port

    async with OnlyNode(elsewhere).running() as node, opened(node.url) as link:
        with pytest.raises(ErrorReply, match="MOVED"):
            await link.ask("call", ("INCR", VERSION))
        assert 1 < len(node.asked) < 10


async def test_each_reply_is_told_at_its_place(cluster: RedisCluster) -> None:
    """In the order of the commands, whichever slots they are of."""
    told: list[tuple[int, Any, bool]] = []
    async with opened(cluster.url) as link:
        asked = (("SET", VERSION, 1), ("SET", "other", 2), ("LPUSH", VERSION, 1), ("GET", "other"))
        replies = await link.ask("write", *asked, errors=True, place=lambda *reply: told.append(reply))
    assert told == [(index, reply, False) for index, reply in enumerate(replies)]
    assert isinstance(replies[2], ErrorReply)


async def test_replies_that_cannot_be_right_are_asked_for_once_more_elsewhere(cluster: RedisCluster) -> None:
    """Over new connections, since the old ones may be out of step; if the call may not be repeated it fails."""

    def connections(last_command: bytes) -> set[bytes]:
        listed = cluster.node_of(VERSION).command("CLIENT", "LIST", "TYPE", "normal")
        return {line.split()[0] for line in listed.splitlines() if b"cmd=" + last_command in line}

    doubts = 0

    def doubt(index: int, reply: Any, again: bool) -> None:
        nonlocal doubts
        if doubts:
            doubts -= 1
            raise Mismatch("doubted")

    async with opened(cluster.url) as link:
        await link.ask("write", ("SET", VERSION, 1))
        before = connections(b"set")
        doubts = 1
        assert await link.ask("read", ("GET", VERSION), again=True, place=doubt) == [b"1"]
        assert len(before) == len(connections(b"get")) == 1
        assert before != connections(b"get")
        doubts = 1
        with pytest.raises(Unavailable, match="doubted"):
            await link.ask("read", ("GET", VERSION), place=doubt)
        doubts = 2
        with pytest.raises(Unavailable, match="doubted"):
            await link.ask("read", ("GET", VERSION), again=True, place=doubt)


async def test_keys_of_two_slots_in_one_script_are_an_error_reply(cluster: RedisCluster) -> None:
    """Redis refuses it; nothing is run."""
    async with opened(cluster.url) as link:
        with pytest.raises(ErrorReply) as refused:
            await link.script("return redis.call('INCR', KEYS[1])")("script", [VERSION, "v:{other}"], [])
        assert refused.value.code == "CROSSSLOT"


async def test_closing_ends_what_waits(cluster: RedisCluster) -> None:
    """Who waits is told, and so is who asks later."""
    async with opened(cluster.url) as link:
        await link.ask("write", ("SET", VERSION, 1))
        node = cluster.node_of(VERSION)
        node.pause()
        try:
            waiting = asyncio.create_task(link.ask("read", ("GET", VERSION), again=True))
            await asyncio.sleep(0)
            await link.close()
            async with asyncio.timeout(MARGIN_SECONDS):
                with pytest.raises(Unavailable):
                    await waiting
            with pytest.raises(Unavailable, match="closed"):
                await link.ask("read", ("GET", VERSION))
        finally:
            node.resume()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://host", "redis.cluster:// or rediss.cluster://"),
        ("me:secret@host", "redis.cluster:// or rediss.cluster://"),
        ("redis+cluster://", "host or host:port"),
        ("redis+cluster://me:secret@host:port", "host or host:port"),
        ("redis+cluster://me:secret@host/5", "no database"),
        ("redis+cluster://me:secret@host?ssl_ca_certs=ca.pem", "no ssl_ca_certs"),
        ("rediss+cluster://me:secret@host?proto=3", "no proto"),
        ("rediss+cluster://me:secret@host?ssl_ca_certs=nowhere.pem", "certificates"),
        ("redis+cluster://me:secret@[host", "cannot be read"),
    ],
)
async def test_an_address_that_cannot_be_used_is_refused(url: str, told: str) -> None:
    """With a sentence that says why and does not show the password."""
    with pytest.raises(Misuse, match=told) as refused:
        ClusterLink(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("word", [None, True, ["a"], object()])
async def test_a_word_that_cannot_be_sent_is_misuse(word: object) -> None:
    """Nothing is sent, so there need be no cluster."""
    async with opened("redis+cluster://127.0.0.1:1") as link:
        with pytest.raises(Misuse, match=type(word).__name__):
            await link.ask("write", ("SET", "k", word))  # type: ignore[arg-type]  # that is the point


async def test_a_deadline_and_a_bound_must_be_positive() -> None:
    """Misuse at construction."""
    for wrong in ({"deadline_seconds": 0.0}, {"max_backlog": 0}, {"max_backlog_bytes": 0}):
        with pytest.raises(Misuse, match="positive"):
            ClusterLink("redis+cluster://127.0.0.1", **wrong)


def _tag_at(cluster: RedisCluster, node: RedisServer) -> str:
    """A tag whose keys a node has."""
    return next(str(tag) for tag in range(1000) if cluster.node_of(f"{{{tag}}}") is node)
