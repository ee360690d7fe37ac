"""Uploads through the proxy: who is refused hears why, however much they were sending, and who leaves is forgotten."""

import asyncio
import secrets
from collections.abc import Callable
from urllib.request import urlopen

import httpx
import pytest
from fleet import web_names
from member import Member, NewMember, plain_client
from photo import photo

from deploy.local import Stack

LARGE = 10 << 20
REFUSALS = 10

pytestmark = [pytest.mark.stack, pytest.mark.asyncio]


def metric(stack: Stack, name: str) -> float:
    """The sum of a metric without labels over all web processes."""
    return sum(
        float(line.split()[1])
        for each in web_names(stack)
        for line in urlopen(f"http://{stack.admin_address(each)}/metrics", timeout=5).read().decode().splitlines()
        if line.startswith(f"{name} ")
    )


async def put_avatar(member: Member, data: bytes) -> httpx.Response:
    return await member.ask("PUT", "/api/v1/me/avatar", content=data, headers={"Content-Type": "image/jpeg"})


async def test_who_is_refused_early_hears_why(stack: Stack, new_member: NewMember) -> None:
    """Ten megabytes are on their way when the answer is given; it is never lost, nor taken for a server's failure."""
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
    cookies = "; ".join(f"{each.name}={each.value}" for each in member.client.cookies.jar)
    host, port = stack.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"PUT /api/v1/me/avatar HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookies}\r\n"
        f"Content-Type: image/jpeg\r\nContent-Length: {LARGE}\r\n\r\n"
    )
    writer.write(head.encode() + photo() + bytes(100_000))
    await writer.drain()
    await asyncio.to_thread(eventually, lambda: metric(stack, "hotseat_upload_bytes") == LARGE)
    writer.transport.abort()
    await asyncio.to_thread(eventually, lambda: metric(stack, "hotseat_upload_bytes") == 0)
    await asyncio.to_thread(eventually, lambda: metric(stack, "hotseat_requests_in_flight") == 0)
    assert (await member.ask("GET", "/api/v1/me")).json()["avatar"] is None


async def test_a_large_picture_and_its_parts_come_through(stack: Stack, new_member: NewMember) -> None:
    """A card with a photo of ten megabytes; its small one and a part of it, from whichever instance."""
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
