"""Uploads through the proxy: who is refused hears why, however much they were sending, and who leaves is forgotten."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.request import urlopen

import httpx
import pytest
from fleet import web_names
from member import Member, NewMember, plain_client
from photo import photo

from deploy.local import Stack

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

LARGE = 9 << 20
REFUSALS = 10

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


def metrics(stack: Stack, name: str) -> dict[str, float]:
    """A metric without labels, of each web process that answers."""
    found = {}
    for each in web_names(stack):
        with suppress(OSError):
            text = urlopen(f"http://{stack.admin_address(each)}/metrics", timeout=5).read().decode()
            found[each] = float(text.partition(f"\n{name} ")[2].partition("\n")[0])
    return found


def held_by(stack: Stack) -> list[str]:
    """Where something is held of uploads."""
    return [name for name, held in metrics(stack, "hotseat_upload_bytes").items() if held]


@asynccontextmanager
async def half_an_upload(stack: Stack, member: Member, data: bytes) -> AsyncIterator[Connection]:
    """A picture of which the first half is on its way."""
    cookies = "; ".join(f"{each.name}={each.value}" for each in member.client.cookies.jar)
    host, port = stack.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"PUT /api/v1/me/avatar HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookies}\r\n"
        f"Content-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    writer.write(head.encode() + data[: len(data) // 2])
    await writer.drain()
    try:
        yield reader, writer
    finally:
        writer.close()


async def put_avatar(member: Member, data: bytes) -> httpx.Response:
    return await member.ask("PUT", "/api/v1/me/avatar", content=data, headers={"Content-Type": "image/jpeg"})


async def test_who_is_refused_early_hears_why(stack: Stack, new_member: NewMember) -> None:
    """Nine megabytes are on their way when the answer is given; it is never lost, nor taken for a server's failure."""
    member = await new_member()
    for _ in range(REFUSALS):
        answer = await put_avatar(member, b"no picture" * (LARGE // 10))
        assert answer.status_code == 422, answer.text
        assert "not a picture" in answer.json()["errors"][0]["detail"]
    async with plain_client(stack.url) as stranger:
        for _ in range(REFUSALS):
            answer = await stranger.put(f"{stack.url}/api/v1/me/avatar", content=b"x" * LARGE)
            assert answer.status_code == 401, answer.text


async def test_who_leaves_midway_is_forgotten(
    stack: Stack, new_member: NewMember, eventually: Callable[..., None]
) -> None:
    """The proxy ends the connection to the server as well, and nothing is held any more."""
    member = await new_member()
    async with half_an_upload(stack, member, photo() + bytes(LARGE)) as (_, writer):
        await asyncio.to_thread(eventually, lambda: held_by(stack))
        writer.transport.abort()
        await asyncio.to_thread(eventually, lambda: not held_by(stack))
        await asyncio.to_thread(eventually, lambda: not any(metrics(stack, "hotseat_requests_in_flight").values()))
    assert (await member.ask("GET", "/api/v1/me")).json()["avatar"] is None


async def test_an_upload_outlasts_that_its_instance_leaves(
    stack: Stack, new_member: NewMember, eventually: Callable[..., None]
) -> None:
    """Half of it has come when the instance is told to; the instance waits for the rest, and answers (P7)."""
    member = await new_member()
    data = photo() + bytes(1_000_000)
    async with half_an_upload(stack, member, data) as (reader, writer):
        await asyncio.to_thread(eventually, lambda: held_by(stack))
        [name] = held_by(stack)
        leaving = asyncio.create_task(asyncio.to_thread(stack.stop, name))
        try:
            await asyncio.to_thread(eventually, lambda: metrics(stack, "hotseat_drain_seconds").get(name))
            writer.write(data[len(data) // 2 :])
            async with asyncio.timeout(20):
                status = await reader.readline()
        finally:
            await leaving
            await asyncio.to_thread(stack.start, name)
    assert status == b"HTTP/1.1 200 OK\r\n"
    assert (await member.ask("GET", "/api/v1/me")).json()["avatar"]


async def test_a_large_picture_and_its_parts_come_through(stack: Stack, new_member: NewMember) -> None:
    """A card with a photo of nine megabytes; its small one and a part of it, from whichever instance."""
    member = await new_member()
    data = photo(size=(1500, 1000)) + bytes(LARGE - 200_000)
    text = f"Large {secrets.token_hex(4)}"
    sent = await member.ask("POST", "/api/v1/cards", data={"text": text}, files={"photo": ("p.jpg", data)})
    assert sent.status_code == 201, sent.text
    path = f"/media/{sent.json()['photo']}"
    whole, small = await member.ask("GET", path), await member.ask("GET", f"{path}-640")
    part = await member.ask("GET", path, headers={"Range": "bytes=10-19", "If-Range": whole.headers["ETag"]})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    assert 0 < len(small.content) < len(whole.content)
