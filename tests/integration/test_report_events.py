"""An export is followed through HAProxy, whatever becomes of the instance that tells of it."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from events import Events, events
from figures import Figures
from fleet import end_suddenly
from member import Member, NewMember

from deploy.local import Stack
from webapp.resources import Resources

LOOKS = 5  # a second each: longer than HAProxy waits for the answer to any other read

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


@dataclass
class Report:
    """An export that goes on as the test says: whoever claims to make it does not exist."""

    stores: Resources
    member: Member
    id: str
    last_id: str = ""

    async def change(self, **fields: Any) -> None:
        await self.stores.documents.store.update("reports", self.id, {"$set": fields})

    async def streams(self) -> AsyncIterator[Events]:
        """One stream after the other, as a browser opens them."""
        while True:
            with suppress(httpx.TransportError):
                path = f"/api/v1/reports/{self.id}/events"
                async with events(self.member.client, path, self.last_id) as stream:
                    assert stream.response.status_code == 200, stream.response.status_code
                    yield stream
            self.last_id = stream.last_id or self.last_id
            await asyncio.sleep(stream.retry_ms / 1000)


@pytest.fixture
def being_made(stores: Resources, new_member: NewMember) -> Callable[[], Awaitable[Report]]:
    """`await being_made()` is somebody's export, at 10 %."""

    async def make() -> Report:
        member = await new_member()
        person_id, report = (
            (await member.done("GET", "/api/v1/me"))["id"],
            Report(stores, member, secrets.token_hex(12)),
        )
        await stores.documents.reports.add(report.id, person_id)
        await report.change(state="running", progress=10, claimed_until=time.time() + 3600)
        return report

    return make


async def test_a_stream_outlives_its_instance(
    stack: Stack, being_made: Callable[[], Awaitable[Report]], figures: Figures
) -> None:
    """It is killed; the browser comes back to another one, and is told only what is new, up to the end."""
    report = await being_made()
    streams = report.streams()
    first = await anext(streams)
    assert (await first.next())["progress"] == 10
    for _ in range(LOOKS):
        await first.silence()
    dead = first.response.headers["X-Instance"]
    end_suddenly(stack, dead)
    killed_at = time.monotonic()
    with suppress(httpx.TransportError):
        assert await first.next() is None
    second = await anext(streams)
    await second.silence()
    figures(f"told by another instance {time.monotonic() - killed_at:.2f} s after the death of the first")
    assert second.response.headers["X-Instance"] != dead
    await report.change(progress=60)
    assert (await second.next())["progress"] == 60
    await report.change(state="done", progress=100)
    assert (await second.next())["state"] == "done"
    assert await second.next() is None
    await streams.aclose()  # type: ignore[attr-defined]


async def test_a_stream_does_not_keep_its_instance_from_leaving(
    stack: Stack, being_made: Callable[[], Awaitable[Report]]
) -> None:
    """Told to drain, it ends the stream at once; the browser comes back and finds another one."""
    report = await being_made()
    streams = report.streams()
    first = await anext(streams)
    await first.next()
    leaving = first.response.headers["X-Instance"]
    stopping = asyncio.create_task(asyncio.to_thread(stack.stop, leaving))
    try:
        assert await first.next() is None
        assert first.retry_ms == 100
        async for stream in streams:
            if stream.response.headers["X-Instance"] != leaving:
                await report.change(progress=60)
                assert (await stream.next())["progress"] == 60
                break
        assert not stopping.done(), "the browser has gone on before the instance was gone"
    finally:
        await stopping
        await asyncio.to_thread(stack.start, leaving)
        await streams.aclose()  # type: ignore[attr-defined]
