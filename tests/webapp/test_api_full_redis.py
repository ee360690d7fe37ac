"""Redis is full, and set up so that nothing is thrown out: what is there is read, nothing is written."""

from pathlib import Path

import pytest
from quiet_log import Expects
from redis_servers import RedisServer
from sites import PASSWORD, Starts

from deploy.local import Programs

pytestmark = pytest.mark.gen_test(timeout=30)


@pytest.mark.parametrize(
    "mode", [{}, {"STICKY_MODE": "on", "HOT_STALENESS_SECONDS": "0.5"}], ids=["stateless", "sticky"]
)
async def test_reads_are_served_and_writes_are_refused(
    start: Starts, programs: Programs, tmp_path: Path, expects: Expects, mode: dict[str, str]
) -> None:
    """Pages and API; a board that is not cached is computed each time; and it heals as soon as there is room."""
    for event in ("unavailable", "hot copies are not trusted"):
        expects(event)
    with RedisServer(programs.need("redis-server")["redis-server"], tmp_path) as server:
        site = await start(**mode, REDIS_URL=server.url)
        ada, cold = await site.join(), await site.join()
        await ada.send("Hello from Arles.")
        for _ in range(3):
            await ada.board()
        server.command("CONFIG", "SET", "maxmemory", "1")
        for member in (ada, cold):
            for path in ("/board", "/settings", "/", "/people", "/api/v1/me", "/api/v1/board", "/api/v1/sessions"):
                answer = await member.browser.get(path)
                assert (answer.status, 'data-stale="outage"' in answer.text) == (200, False), (path, answer.text)
        assert [card["text"] for card in (await ada.board())["cards"]] == ["Hello from Arles."]
        for writing in (
            ada.browser.post("/api/v1/cards", json={"text": "x"}),
            ada.browser.put("/api/v1/me", json={"name": "Mallory"}),
            ada.browser.patch("/api/v1/me/preferences", json={"theme": "dark"}),
            site.browser().post("/api/v1/login", json={"handle": ada.handle, "password": PASSWORD}),
        ):
            answer = await writing
            assert (answer.status, answer.headers.get("Retry-After")) == (503, "2"), answer.text
        server.command("CONFIG", "SET", "maxmemory", "0")
        await ada.send("There is room again.")
        assert len((await ada.board())["cards"]) == 2
        assert (await ada.me())["name"] == "Ada Byron"
