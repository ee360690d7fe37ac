"""Browsers: one cookie jar each, redirects followed, the affinity cookie kept like any other; HTTP by aiohttp.

Connections are shared by all browsers of one `Connections`, which makes them cheap; only cookies tell browsers apart.
A request that was sent is never sent again. Neither the site nor the network makes anything here raise: a request
without an answer has status 0, and says in words why.
"""

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from lab.history import now
from lab.load.wandering import AFFINITY, Wandering

PATIENCE_SECONDS = 30.0
IDLE_SECONDS = 10.0  # a connection is not used again after that; the proxy closes it after 15
MOST_REDIRECTS = 5
_REDIRECTED = (301, 302, 303, 307, 308)
_SENT_BY_AIOHTTP = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request. `headers` by their names in lower case, all values of one name joined by ", ".

    `path` is where the redirects ended.
    """

    path: str
    status: int
    started: float
    ended: float
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()
    body: bytes = b""
    lost: str = ""
    sent_bytes: int = 0


class _Lost(Exception):
    """A request on a connection that broke: not to be sent again by aiohttp."""


class Connections:
    """The connections to one site. `patience_seconds`: after that without an answer a request is given up."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = now,
    ) -> None:
        self.url = url.rstrip("/")
        self._session = session
        self._patience_seconds = patience_seconds
        self._clock = clock

    async def ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Reply:
        """One request and its whole answer."""
        address = URL(self.url + path, encoded=True)
        started, sent = self._clock(), len(body)
        try:
            async with asyncio.timeout(self._patience_seconds):
                answer = await self._session.request(
                    method, address, headers=headers, data=body or None, allow_redirects=False
                )
                content = await answer.read()
        except TimeoutError:
            lost = f"no answer within {self._patience_seconds:g} s"
        except (aiohttp.ClientError, _Lost, OSError) as error:
            lost = _in_words(error)
        else:
            found: dict[str, str] = {}
            for name, value in ((name.lower(), value) for name, value in answer.headers.items()):
                if name != "set-cookie":
                    found[name] = f"{found[name]}, {value}" if name in found else value
            cookies = tuple(answer.headers.getall("Set-Cookie", ()))
            return Reply(path, answer.status, started, self._clock(), found, cookies, content, sent_bytes=sent)
        return Reply(path, 0, started, self._clock(), lost=lost, sent_bytes=sent)


@asynccontextmanager
async def connected(
    url: str, *, patience_seconds: float = PATIENCE_SECONDS, verifies: bool = True, clock: Callable[[], float] = now
) -> AsyncIterator[Connections]:
    """Connections to the site at `url`, opened as they are needed, as many as there are requests at once.

    `verifies`: an https site's certificate has to be good.
    """
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS, ssl=verifies)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
        skip_auto_headers=_SENT_BY_AIOHTTP,
        middlewares=(_only_once,),
    ) as session:
        yield Connections(session, url, patience_seconds=patience_seconds, clock=clock)


class Browser:
    """One cookie jar. `device` is what it calls itself (`User-Agent`); `wandering`, if it does not stay put."""

    def __init__(self, connections: Connections, device: str, wandering: Wandering | None = None) -> None:
        self._connections = connections
        self._device = device
        self._wandering = wandering
        self.cookies: dict[str, str] = {}

    async def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        """The answer at the end of all redirects; `started` is when the first request was sent."""
        reply = await self._ask_once(method, path, body, headers or {})
        started = reply.started
        for _ in range(MOST_REDIRECTS):
            target = self._redirect(reply, path)
            if target is None:
                break
            if reply.status not in (307, 308):
                method, body, headers = "GET", b"", None
            path = target
            reply = await self._ask_once(method, path, body, headers or {})
        return reply if reply.started == started else replace(reply, started=started)

    def holds(self, cookie: str) -> bool:
        """Whether it has a cookie of this name, with the prefix that https gives it or without."""
        return cookie in self.cookies or f"__Host-{cookie}" in self.cookies

    def with_cookies(self, cookies: Mapping[str, str]) -> "Browser":
        """One more of its kind, with these cookies."""
        other = Browser(self._connections, self._device, self._wandering)
        other.cookies = dict(cookies)
        return other

    async def _ask_once(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        kind = "empty" if path.startswith("/api/") else "document"  # a script's request, or somebody going to a page
        sent = {"User-Agent": self._device, "Sec-Fetch-Dest": kind, **headers}
        cookies, stays = self._wandering.leaves(self.cookies) if self._wandering else (self.cookies, True)
        if cookies:
            sent["Cookie"] = "; ".join([f"{name}={value}" for name, value in cookies.items()])
        reply = await self._connections.ask(method, path, sent, body)
        if reply.cookies:
            self._keep(reply.cookies, () if stays else AFFINITY)
        return reply

    def _keep(self, lines: tuple[str, ...], passed_by: tuple[str, ...]) -> None:
        for line in lines:
            pair, _, attributes = line.partition(";")
            name, _, value = pair.strip().partition("=")
            if name in passed_by:
                continue
            if value in ("", '""') or _is_over(attributes):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def _redirect(self, reply: Reply, path: str) -> str | None:
        """The path to go on at; None if the answer is no redirect, or leads to another site."""
        location = reply.headers.get("location", "") if reply.status in _REDIRECTED else ""
        if not location:
            return None
        here = URL(self._connections.url + path, encoded=True)
        there = here.join(URL(location))
        return there.raw_path_qs if there.origin() == here.origin() else None


def usable_url(url: str) -> bool:
    """Whether it is an http or https address with a host and nothing behind it: the application has absolute paths."""
    try:
        parts = urlsplit(url)
        behind = parts.path.strip("/") or parts.query or parts.fragment
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and not behind
    except ValueError:
        return False


async def _only_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp sends a request again whose connection broke; the error it does that for does not get out of here."""
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Lost from error


def _is_over(attributes: str) -> bool:
    """Whether a cookie is taken back: its age is 0 or its end is past."""
    for attribute in attributes.split(";"):
        name, _, value = attribute.strip().partition("=")
        match name.lower():
            case "max-age":
                return value.startswith("-") or value == "0"
            case "expires":
                try:
                    return parsedate_to_datetime(value).timestamp() < time.time()
                except ValueError:
                    return False
    return False


def _in_words(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error, _Lost) else error
    match cause:
        case aiohttp.ClientConnectorDNSError():
            return "there is no host of this name"
        case aiohttp.ClientSSLError():
            return f"no secure connection could be made ({cause})"
        case OSError(errno=errno.ECONNREFUSED):
            return "the connection was refused"
        case OSError(errno=errno.EHOSTUNREACH | errno.ENETUNREACH):
            return "there is no way to this host"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | aiohttp.ClientPayloadError():
            return "the connection was lost before the answer"
    return f"what was answered is not HTTP ({type(cause).__name__})"
