"""A browser keeps its cookies, follows redirects on its own site, and says in words why there was no answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from lab_stub_site import StubSite, stub_site

from lab.load.browser import Browser, connected, usable_url
from lab.load.wandering import Wandering

HELD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"


class Straying(Random):
    """Chooses to stray each time, this way."""

    def __init__(self, way: int) -> None:
        super().__init__()
        self._way = way

    def random(self) -> float:
        return 0.0

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return self._way


@asynccontextmanager
async def _server(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Gives these answers, one per connection or request; closes without one when there are none left."""
    left, asked = list(answers), list[bytes]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked.append(await reader.readuntil(b"\r\n\r\n"))
                if not left:
                    break
                writer.write(left.pop(0))
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


@pytest.mark.asyncio
async def test_the_affinity_cookie_is_kept_like_any_other() -> None:
    """It is given once and sent ever after; another browser has its own."""
    async with stub_site() as site, connected(site.url) as connections:
        site.seen = []
        one, other = Browser(connections, "one"), Browser(connections, "other")
        await one.ask("GET", "/api/v1/visits")
        await one.ask("GET", "/api/v1/visits")
        await other.ask("GET", "/api/v1/visits")
        assert [asked.cookies for asked in site.seen] == [{}, {"SRV": "web-1-secret"}, {}]
        assert [asked.headers["user-agent"] for asked in site.seen] == ["one", "one", "other"]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "taken_back",
    ["a=", 'a=""; Path=/', "a=1; Max-Age=0", "a=1; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"],
)
async def test_a_cookie_that_is_taken_back_is_gone(taken_back: str) -> None:
    """However a server says so; another one stays."""
    answer = HELD + f"Set-Cookie: {taken_back}\r\n\r\nok".encode()
    async with _server(answer) as (url, _), connected(url) as connections:
        browser = Browser(connections, "one").with_cookies({"a": "1", "__Host-b": "2"})
        await browser.ask("GET", "/")
        assert browser.cookies == {"__Host-b": "2"}
        assert browser.holds("b")
        assert not browser.holds("a")


@pytest.mark.asyncio
async def test_a_cookie_that_lasts_is_kept() -> None:
    """With an age and an end in the future."""
    answer = HELD + b"Set-Cookie: a=x=y; Max-Age=60; HttpOnly\r\nSet-Cookie: b=2; Expires=Fri, 01 Jan 2100 00:00:00 GMT"
    async with _server(answer + b"\r\n\r\nok") as (url, _), connected(url) as connections:
        browser = Browser(connections, "one")
        await browser.ask("GET", "/")
        assert browser.cookies == {"a": "x=y", "b": "2"}


@pytest.mark.asyncio
async def test_a_browser_that_wanders_loses_its_affinity_cookie_and_no_other() -> None:
    """Thrown away, garbled, or passed by; after the last the former one is sent again."""
    for way, sent, then in ((0, None, "web-1-secret"), (1, "0former", "former"), (2, None, "former")):
        async with stub_site() as site, connected(site.url) as connections:
            site.seen = []
            browser = Browser(connections, "one", Wandering(Straying(way)))
            browser.cookies = {"SRV": "former", "floor": "3"}
            await browser.ask("GET", "/api/v1/visits")
            assert (site.seen[0].cookies.get("SRV"), site.seen[0].cookies["floor"]) == (sent, "3")
            assert browser.cookies == {"SRV": then, "floor": "3"}
            await browser.with_cookies({"SRV": "former"}).ask("GET", "/api/v1/visits")
            assert site.seen[1].cookies.get("SRV") == sent


@pytest.mark.asyncio
async def test_redirects_are_followed_on_the_same_site_only() -> None:
    """With the cookies that came on the way; the reply says where they ended."""
    async with stub_site() as site, connected(site.url) as connections:
        reply = await Browser(connections, "one").ask("GET", "/board")
        assert (reply.status, reply.path) == (200, "/login")
    away = b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere.invalid/\r\nContent-Length: 0\r\n\r\n"
    async with _server(away) as (url, _), connected(url) as connections:
        reply = await Browser(connections, "one").ask("GET", "/board")
        assert (reply.status, reply.path) == (302, "/board")


@pytest.mark.asyncio
async def test_endless_redirects_end() -> None:
    """After a few, with the last answer."""
    circle = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"
    async with _server(*[circle] * 50) as (url, asked), connected(url) as connections:
        reply = await Browser(connections, "one").ask("GET", "/")
        assert (reply.status, len(asked)) == (302, 6)


@pytest.mark.asyncio
@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
async def test_a_request_whose_connection_broke_is_not_sent_again(method: str) -> None:
    """Not even on a connection that was used before, where aiohttp would."""
    async with _server(HELD + b"\r\nok") as (url, asked), connected(url) as connections:
        browser = Browser(connections, "one")
        assert (await browser.ask("GET", "/")).status == 200
        reply = await browser.ask(method, "/")
        assert (reply.status, reply.lost) == (0, "the connection was lost before the answer")
        assert len(asked) == 2


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:1", "the connection was refused"),
        ("http://no-such-host.invalid", "there is no host of this name"),
    ],
)
async def test_an_address_where_nobody_is_gives_no_answer(url: str, why: str) -> None:
    """And the reply says in words why."""
    async with connected(url) as connections:
        reply = await Browser(connections, "one").ask("GET", "/")
        assert (reply.status, reply.lost) == (0, why)


@pytest.mark.asyncio
async def test_what_is_not_http_is_told_so() -> None:
    """No exception of a library gets out."""
    async with _server(b"SSH-2.0-OpenSSH\r\n\r\n") as (url, _), connected(url) as connections:
        reply = await Browser(connections, "one").ask("GET", "/")
        assert reply.status == 0
        assert reply.lost.startswith("what was answered is not HTTP")


@pytest.mark.asyncio
async def test_patience_ends() -> None:
    """A site that takes too long gives no answer."""
    site = StubSite()
    await site.listen()
    site.delay_seconds = 60
    async with connected(site.url, patience_seconds=0.05) as connections:
        reply = await Browser(connections, "one").ask("GET", "/")
        assert (reply.status, reply.lost) == (0, "no answer within 0.05 s")
    await site.die()


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://host", "http://", "http://host:port", "http://h?q=1", "http://h/base"]
)
def test_what_is_no_address_is_known(url: str) -> None:
    """Before anything is asked."""
    assert not usable_url(url)
    assert usable_url("https://staging.example:8443/")
