"""The outage contract through the front: three instances, of which each finds out for itself what a service does."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx
import pytest
from figures import Figures
from member import PASSWORD, Member, NewMember, plain_client
from photo import photo

from deploy.local import Stack

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]

WITHIN_SECONDS = 1.0
SLACK_SECONDS = 0.5  # three instances, HAProxy, the stores and this test share two cores
RECOVERS_WITHIN_SECONDS = 3.0
AT_ONCE = 4  # of each kind of request
PHOTO = photo()

Asks = list[tuple[int, Callable[[], Awaitable[httpx.Response]]]]


def asked(backend: str, member: Member, stranger: httpx.AsyncClient, picture: str) -> Asks:
    """What is asked while this service hangs, and the status it is answered with."""
    login = {"handle": member.handle, "password": PASSWORD}

    def log_in() -> Awaitable[httpx.Response]:
        return stranger.post("/api/v1/login", json=login)

    def send_photo() -> Awaitable[httpx.Response]:
        return member.ask("POST", "/api/v1/cards", data={"text": "Look!"}, files={"photo": ("p.jpg", PHOTO)})

    def get(path: str) -> Callable[[], Awaitable[httpx.Response]]:
        return lambda: stranger.get(path)

    return {
        "redis": [(200, get("/")), (200, get("/people")), (503, log_in), (503, send_photo)],
        "mongodb": [(200, get("/")), (503, get("/people")), (503, log_in), (200, lambda: member.ask("GET", "/board"))],
        "s3": [(503, get(f"/media/{picture}")), (503, send_photo), (200, lambda: member.ask("GET", "/board"))],
    }[backend]


@pytest.mark.parametrize(("leave", "come_back"), [(Stack.pause, Stack.resume), (Stack.stop, Stack.start)])
@pytest.mark.parametrize("backend", ["redis", "mongodb", "s3"])
async def test_a_service_that_is_away_keeps_nobody_waiting_and_all_heals(  # noqa: PLR0917  # fixtures
    stack: Stack,
    new_member: NewMember,
    figures: Figures,
    backend: str,
    leave: Callable[[Stack, str], None],
    come_back: Callable[[Stack, str], None],
) -> None:
    """Each answer by the table and in time, with the cookies of before; three seconds after its return all is well."""
    member = await new_member()
    sent = await member.done("POST", "/api/v1/cards", data={"text": "Hi."}, files={"photo": ("p.jpg", PHOTO)})
    async with plain_client(stack.url) as stranger:
        for _ in range(6):
            await member.ask("GET", "/board")
            await stranger.get("/")
        cookie = member.client.cookies["session"]
        asks = asked(backend, member, stranger, sent["photo"])
        leave(stack, backend)
        try:
            times = await asyncio.gather(*(timed(status, ask) for status, ask in asks for _ in range(AT_ONCE)))
        finally:
            come_back(stack, backend)
        back = time.monotonic()
        assert member.client.cookies["session"] == cookie
        await asyncio.gather(*(served(ask, back) for _, ask in asks))
        healed = time.monotonic() - back
        figures(f"{backend}, {leave.__name__}: slowest answer {max(times):.2f} s, healed after {healed:.2f} s")
        assert (await member.ask("GET", "/api/v1/me")).status_code == 200


async def timed(status: int, ask: Callable[[], Awaitable[httpx.Response]]) -> float:
    started = time.monotonic()
    answer = await ask()
    took = time.monotonic() - started
    assert answer.status_code == status, answer.text[:500]
    assert status != 503 or answer.headers["Retry-After"] == "2"
    assert took < WITHIN_SECONDS + SLACK_SECONDS, answer.url
    return took


async def served(ask: Callable[[], Awaitable[httpx.Response]], back: float) -> None:
    while (answer := await ask()).status_code >= 400:
        assert time.monotonic() < back + RECOVERS_WITHIN_SECONDS, answer.text[:500]
        await asyncio.sleep(0.05)
