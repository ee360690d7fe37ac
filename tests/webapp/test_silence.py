"""A MongoDB that answers nothing is told from one that is slow."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from coming import comes_true

from webapp.documents import silence
from webapp.documents.silence import Silence

pytestmark = pytest.mark.asyncio


class Server:
    """Gives signs of life while `alive`."""

    alive = True

    async def sign_of_life(self) -> None:
        if not self.alive:
            await asyncio.Event().wait()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    for name in ("LISTEN_SECONDS", "SIGN_SECONDS", "PAUSE_SECONDS"):
        monkeypatch.setattr(silence, name, 0.02)
    return Server()


@pytest_asyncio.fixture
async def listening(server: Server) -> AsyncIterator[Silence]:
    listening = Silence(server.sign_of_life)
    yield listening
    await listening.close()


async def call(listening: Silence, answered: asyncio.Event) -> str:
    """A call that ends when it is answered, well before the test's own end."""
    try:
        async with asyncio.timeout(30) as limit:
            with listening.listening(limit):
                await answered.wait()
                return "answered"
    except TimeoutError:
        return "silence"


async def test_a_slow_call_has_its_time_while_there_are_signs_of_life(listening: Silence) -> None:
    """Many times as long as is listened for."""
    answered = asyncio.Event()
    slow = asyncio.ensure_future(call(listening, answered))
    await asyncio.sleep(0.2)
    answered.set()
    assert await slow == "answered"


async def test_without_a_sign_all_that_wait_fail_together_and_others_at_once(
    listening: Silence, server: Server
) -> None:
    """Nobody waits for a call's own deadline; and it is noticed that it is back without a call."""
    server.alive = False
    never = asyncio.Event()
    assert await asyncio.gather(*(call(listening, never) for _ in range(5))) == ["silence"] * 5
    done = asyncio.ensure_future(call(listening, never))
    await asyncio.sleep(0)
    assert done.done()
    assert done.result() == "silence"
    server.alive = True
    await comes_true(lambda: listening._listening is None)
    never.set()
    assert await call(listening, never) == "answered"


async def test_nobody_is_listened_to_when_nobody_waits(listening: Silence) -> None:
    """The task ends with the last call."""
    answered = asyncio.Event()
    answered.set()
    await call(listening, answered)
    await comes_true(lambda: listening._listening is None)
