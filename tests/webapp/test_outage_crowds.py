"""Many at once while a backing service answers nothing: nobody waits in a queue of those that wait in vain."""

import asyncio
import time
from contextlib import AsyncExitStack

import pytest
from browsing import Answer
from coming import comes_true
from door import door_to
from quiet_log import Expects
from sites import Site, Starts

pytestmark = pytest.mark.gen_test(timeout=60)

WITHIN_SECONDS = 1.6  # the table says 1 s; the instance and all its clients share one event loop here
CROWD = 40


async def timed(site: Site, path: str) -> tuple[Answer, float]:
    started = time.monotonic()
    return await site.browser().get(path), time.monotonic() - started


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    ("variable", "path"),
    [("S3_ENDPOINT_URL", "/media/" + "0" * 16 + "/" + "0" * 64), ("MONGODB_URL", "/api/v1/people/nobody")],
    ids=["s3", "mongodb"],
)
async def test_a_crowd_is_refused_in_time(
    start: Starts, variables: dict[str, str], expects: Expects, variable: str, path: str
) -> None:
    """Forty at once, and forty more while those wait; all else is served; and it heals."""
    expects("unavailable")
    async with AsyncExitStack() as stack:
        door = await stack.enter_async_context(door_to(variables[variable]))
        site = await start(**{variable: door.url})
        healthy = (await site.browser().get(path)).status
        door.stall()
        first = [asyncio.ensure_future(timed(site, path)) for _ in range(CROWD)]
        await asyncio.sleep(0.4)
        then = [asyncio.ensure_future(timed(site, path)) for _ in range(CROWD)]
        front, took = await timed(site, "/login")
        assert (front.status, took < WITHIN_SECONDS) == (200, True)
        answers = await asyncio.gather(*first, *then)
        assert {answer.status for answer, _ in answers} == {503}
        assert max(took for _, took in answers) < WITHIN_SECONDS
        await door.shut()
        await door.open()
        again: list[int] = []

        async def ask() -> None:
            while healthy not in again:
                again.append((await site.browser().get(path)).status)

        asking = asyncio.ensure_future(ask())
        await comes_true(asking.done, 3.0)
