"""Bytes to the backing services and from them, as counted here, and as counted on the way or known beforehand."""

import asyncio
import importlib

import pytest
from cache_races import until
from pymongo.network_layer import NetworkingInterface
from pymongo.synchronous.pool import Connection, Pool
from sites import Site, Starts
from weighed import way_to

import cache
from deploy.local import RunningStore
from webapp.documents import Documents
from webapp.documents.wire import CountingInterface
from webapp.jobs import open_jobs
from webapp.resources import Resources
from webapp.traffic import Traffic

pytestmark = pytest.mark.gen_test(timeout=30)

LARGE = 300_000


async def test_messages_to_mongodb_are_counted_byte_by_byte(mongodb_server: RunningStore) -> None:
    """Small and large, there and back; what is said while a connection is opened is left out."""
    async with way_to(mongodb_server.url) as way:
        documents = Documents(way.url)
        store = documents.store
        await store.find_one("things", {"_id": "none"})  # connected
        await asyncio.sleep(0.2)  # by whoever watches the server too
        before, way_before = (store.traffic.sent, store.traffic.received), way.counted

        def counted() -> tuple[int, int]:
            return store.traffic.sent - before[0], store.traffic.received - before[1]

        def on_the_way() -> tuple[int, int]:
            return way.sent - way_before[0], way.received - way_before[1]

        assert await store.insert("things", {"_id": "a", "text": "x" * LARGE})
        await until(lambda: counted() == on_the_way())
        assert LARGE < counted()[0] < LARGE + 2000 > counted()[1] > 0
        for _ in range(3):
            found = await store.find_one("things", {"_id": "a"})
            assert found is not None
            assert len(found["text"]) == LARGE
        await until(lambda: counted() == on_the_way())
        assert 3 * LARGE < counted()[1] < 3 * LARGE + 5000
        await documents.close()


def test_the_private_names_of_pymongo_are_there() -> None:
    """Those by which its connections are made to count; without them this fails, and not a site."""
    assert callable(Pool.connect)
    assert callable(Connection.send_message)
    for name in ("get_conn", "recv_into", "fileno", "sock", "settimeout"):
        assert hasattr(NetworkingInterface, name), name
    assert issubclass(CountingInterface, NetworkingInterface)


async def test_bodies_to_s3_and_back_are_counted(resources: Resources, bucket: None) -> None:
    """Whole, in part, piece by piece as far as it is read; in parts there; answers and errors too."""
    media, traffic = resources.media, resources.media.traffic

    def since(then: tuple[int, int]) -> tuple[int, int]:
        return traffic.sent - then[0], traffic.received - then[1]

    now = lambda: (traffic.sent, traffic.received)  # noqa: E731
    then = now()
    await media.put("traffic/a", b"x" * LARGE, "image/png")
    assert since(then) == (LARGE, 0)
    then = now()
    assert len(await media.get("traffic/a")) == LARGE
    assert since(then) == (0, LARGE)
    then = now()
    pieces = media.chunks("traffic/a", 1000)
    assert len(await anext(pieces)) == 1000
    assert len(await anext(pieces)) == 1000
    await pieces.aclose()
    assert since(then) == (0, 2000)
    then = now()
    await media.delete("traffic/a")
    sent, received = since(then)
    assert 0 < sent < 1000 > received > 0


async def test_a_scrape_shows_the_bytes_of_each_backing_service(site: Site, bucket: None) -> None:
    """As they are counted where they pass; in both directions."""
    ada = await site.join()
    await ada.send("Hello.")
    await site.resources.media.put("traffic/b", b"x" * 10, "image/png")
    resources = site.resources
    for backend, traffic in (
        ("redis", resources.cache.traffic),
        ("mongodb", resources.documents.store.traffic),
        ("s3", resources.media.traffic),
    ):
        shown = [
            site.counted("hotseat_backend_bytes_total", backend=backend, direction=direction)
            for direction in ("sent", "received")
        ]
        assert shown == [traffic.sent, traffic.received]
    assert site.counted("hotseat_backend_bytes_total", direction="sent", backend="s3") >= 10
    assert site.counted("hotseat_backend_bytes_total") > 1000


async def test_a_hot_board_sends_redis_nothing(start: Starts) -> None:
    """The difference that stickiness makes, in bytes; only heartbeats and pulses go on."""
    per_board = {}
    for mode in ("off", "on"):
        site = await start(STICKY_MODE=mode)
        ada = await site.join()
        for number in range(20):
            await ada.send(f"Card {number}, of a length that is worth the while.")
        await ada.board()
        await ada.board()
        traffic = site.resources.cache.traffic
        before = traffic.received
        for _ in range(50):
            await ada.board()
        per_board[mode] = (traffic.received - before) / 50
    assert per_board["off"] > 1000
    assert per_board["on"] < per_board["off"] / 10


async def test_asking_for_jobs_is_counted(redis_server: RunningStore) -> None:
    """The queue's own connections, greeting and all."""
    await asyncio.to_thread(importlib.import_module, "taskiq_redis")  # takes longer than an answer may
    traffic = cache.Traffic()
    async with way_to(redis_server.url) as way:
        async with open_jobs(way.url, traffic) as jobs:
            await jobs.ask("export", "a", "b")
            await until(lambda: (traffic.sent, traffic.received) == way.counted)
        assert traffic.sent > 100
        assert traffic.received > 0


def test_counting_from_many_threads_loses_nothing() -> None:
    """Calls to MongoDB and S3 are made in threads."""
    traffic = Traffic()

    async def run() -> None:
        def many() -> None:
            for _ in range(5000):
                traffic.went(sent=1, received=2)

        await asyncio.gather(*(asyncio.to_thread(many) for _ in range(8)))

    asyncio.run(run())
    assert (traffic.sent, traffic.received) == (40_000, 80_000)
