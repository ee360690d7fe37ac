"""The application over Sentinel and over a cluster: everything works as over one Redis, jobs among it."""

import asyncio
from collections.abc import Iterator

import pytest
from redis_servers import RedisCluster, WatchedPair
from sites import PASSWORD, Starts

from deploy.local import Programs
from webapp.jobs import work

pytestmark = pytest.mark.gen_test(timeout=60)

JOB_WITHIN_SECONDS = 10


@pytest.fixture(scope="module", params=["sentinel", "cluster"])
def redis_url(
    request: pytest.FixtureRequest, programs: Programs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a real one."""
    program = programs.need("redis-server")["redis-server"]
    kind = WatchedPair if request.param == "sentinel" else RedisCluster
    with kind(program, tmp_path_factory.mktemp(request.param)) as servers:
        yield servers.url


async def test_a_person_can_do_everything(start: Starts, redis_url: str) -> None:
    """Sign up, write, read, like, prefer, log out and in again, count visits."""
    one, two = [await start(REDIS_URL=redis_url, INSTANCE_ID=f"web-{n}") for n in (1, 2)]
    ada, bob = await one.join(), await two.join()
    card = await ada.send("Hello from Arles.")
    await bob.follow(ada.handle)
    assert (await bob.browser.put(f"/api/v1/cards/{card['id']}/like")).json == {"likes": 1, "liked": True}
    for url in (one.url, two.url):
        assert [each["text"] for each in (await bob.board(url=url))["cards"]] == ["Hello from Arles."]
    await ada.browser.patch("/api/v1/me/preferences", json={"theme": "dark"})
    await ada.browser.put("/api/v1/me", json={"name": "Ada Lovelace"})
    me = await ada.me(url=two.url)
    assert (me["name"], me["preferences"]) == ("Ada Lovelace", {"theme": "dark"})
    copy = ada.browser.clone()
    assert (await ada.browser.post("/api/v1/logout")).status == 204
    assert (await copy.get("/api/v1/me", url=two.url)).status == 401
    body = {"handle": ada.handle, "password": PASSWORD}
    assert (await ada.browser.post("/api/v1/login", json=body)).status == 200
    assert len((await ada.browser.get("/api/v1/sessions")).json["sessions"]) == 1
    before = (await bob.browser.get("/api/v1/visits")).json["visits"]
    assert (await bob.browser.post("/api/v1/visits")).json == {"visits": before + 1}


async def test_session_and_board_are_one_round_trip(start: Starts, redis_url: str) -> None:
    """All keys of a person are in one slot."""
    site = await start(REDIS_URL=redis_url)
    ada = await site.join()
    for _ in range(3):
        await ada.board()
    before = site.counted("hotseat_backend_calls_total", backend="redis")
    for _ in range(5):
        await ada.board()
    assert site.counted("hotseat_backend_calls_total", backend="redis") - before == 5


async def test_a_job_reaches_the_worker(start: Starts, redis_url: str) -> None:
    """Asked for through one process, done by another, once."""
    site = await start(REDIS_URL=redis_url)
    ada = await site.join()
    done: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def export(person_id: str, report_id: str) -> None:
        done.put_nowait((person_id, report_id))

    leaving = asyncio.Event()
    working = asyncio.create_task(work(redis_url, {"export": export}, leaving, site.resources.cache.traffic))
    try:
        reports = {(await ada.browser.post("/api/v1/reports")).json["id"] for _ in range(3)}
        async with asyncio.timeout(JOB_WITHIN_SECONDS):
            person = (await ada.me())["id"]
            assert {await done.get() for _ in reports} == {(person, report) for report in reports}
    finally:
        leaving.set()
        await working
    assert done.empty()
