"""Postcards in a few lines and in memory: what the lab's load can be driven against without a stack.

Answers as the application does as far as the load looks: cookies, versions, `X-Instance`, `Cache-Status`. Fast, since
it is also what the load generator's own speed is measured against: `python -m lab_stub_site PORT`.
"""

import asyncio
import hashlib
import itertools
import json
import re
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

PROBLEM = "application/problem+json"
PAGE_CARDS = 12
_serial = itertools.count(1)


@dataclass
class Somebody:
    """A person of the stub."""

    handle: str
    password: str
    name: str
    version: int = 0
    cards: list[str] = field(default_factory=list)
    liked: set[str] = field(default_factory=set)
    following: set[str] = field(default_factory=set)
    done: dict[str, tuple[int, Any]] = field(default_factory=dict)


@dataclass
class Login:
    """A session of the stub."""

    id: str
    person: Somebody
    preferences: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """One request. `login` is None for nobody."""

    method: str
    path: str
    cookies: dict[str, str]
    headers: dict[str, str]
    body: bytes
    login: Login | None

    @property
    def given(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


Answer = tuple[int, Any, list[str]]  # status, body, cookies to set


class StubSite:
    """The site. `delay_seconds` before each answer; `status_for` may refuse a request, `status_after`
    hide what was done; `requests` counts them."""

    def __init__(self, *, instance: str = "web-1", openapi_title: str = "Postcards") -> None:
        self.url = ""
        self.requests = 0
        self.delay_seconds = 0.0
        self.retry_after = "1"
        self.status_for: Callable[[Asked], int] = lambda asked: 0
        self.status_after: Callable[[Asked], int] = lambda asked: 0
        self.seen: list[Asked] | None = None
        self.people: dict[str, Somebody] = {}
        self.logins: dict[str, Login] = {}
        self.cards: dict[str, tuple[Somebody, str]] = {}
        self._instance = instance
        self._title = openapi_title
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Transport] = set()

    async def listen(self, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Line(self), "127.0.0.1", port, ssl=tls)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def die(self) -> None:
        """Closes its port and every connection, answered or not."""
        if self._server is not None:
            self._server.close()
            for line in list(self._lines):
                line.abort()
            await self._server.wait_closed()
            self._server = None

    def answer(self, asked: Asked) -> Answer:
        for method, pattern, action in _ROUTES:
            found = pattern.fullmatch(asked.path) if method == asked.method else None
            if found is not None:
                return action(self, asked, *found.groups())
        return 404, {"title": "Not Found"}, []

    def login_of(self, cookies: dict[str, str]) -> Login | None:
        return self.logins.get(cookies.get("session", ""))

    # What it answers with

    def _openapi(self, asked: Asked) -> Answer:
        return 200, {"openapi": "3.1.0", "info": {"title": self._title, "version": "1"}}, []

    def _visits(self, asked: Asked) -> Answer:
        return 200, {"visits": self.requests}, []

    def _front(self, asked: Asked) -> Answer:
        return 200, "<!doctype html><title>Postcards</title>", []

    def _board_page(self, asked: Asked) -> Answer:
        return (200, "<!doctype html><title>Board</title>", []) if asked.login else (302, "/login", [])

    def _signup(self, asked: Asked) -> Answer:
        given = asked.given
        if given["handle"] in self.people:
            return 409, {"title": "Conflict"}, []
        person = self.people[given["handle"]] = Somebody(given["handle"], given["password"], given["name"])
        return 201, self._me_of(person, {}), self._begin(person)

    def _login(self, asked: Asked) -> Answer:
        person = self.people.get(asked.given["handle"])
        if person is None or person.password != asked.given["password"]:
            return 401, {"title": "Unauthorized"}, []
        return 200, self._me_of(person, {}), self._begin(person)

    def _logout(self, asked: Asked) -> Answer:
        self.logins.pop(asked.cookies.get("session", ""), None)
        return 204, None, ['session=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/']

    def _me(self, asked: Asked) -> Answer:
        assert asked.login is not None
        return 200, self._me_of(asked.login.person, asked.login.preferences), []

    def _profile(self, asked: Asked) -> Answer:
        assert asked.login is not None
        asked.login.person.name = asked.given["name"]
        return 200, self._me_of(self._wrote(asked.login), asked.login.preferences), self._floor(asked.login)

    def _leave(self, asked: Asked) -> Answer:
        assert asked.login is not None
        person = asked.login.person
        if asked.given["password"] != person.password:
            return 403, {"title": "Forbidden"}, []
        del self.people[person.handle]
        self.logins = {token: login for token, login in self.logins.items() if login.person is not person}
        return 204, None, ['session=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/']

    def _preferences(self, asked: Asked) -> Answer:
        assert asked.login is not None
        asked.login.preferences |= asked.given
        return 200, self._me_of(self._wrote(asked.login), asked.login.preferences), self._floor(asked.login)

    def _board(self, asked: Asked) -> Answer:
        assert asked.login is not None
        person = asked.login.person
        cards = [self._card_of(card_id, person) for card_id in list(self.cards)[-PAGE_CARDS:]]
        return 200, {"cards": cards, "version": person.version, "stale": False}, []

    def _post(self, asked: Asked) -> Answer:
        assert asked.login is not None
        person = asked.login.person
        key = asked.headers.get("idempotency-key", "")
        if key not in person.done:
            card_id = hashlib.sha256(f"{person.handle} {key or next(_serial)}".encode()).hexdigest()[:24]
            text = asked.given["text"] if asked.body.startswith(b"{") else "photo"
            self.cards[card_id] = (person, text)
            person.cards.append(card_id)
            self._wrote(asked.login)
            person.done[key] = 201, self._card_of(card_id, person)
        return *person.done[key], self._floor(asked.login)

    def _card(self, asked: Asked, card_id: str) -> Answer:
        if card_id not in self.cards:
            return 404, {"title": "Not Found"}, []
        return 200, self._card_of(card_id, asked.login.person if asked.login else None), []

    def _like(self, asked: Asked, card_id: str) -> Answer:
        assert asked.login is not None
        self._wrote(asked.login).liked.add(card_id)
        return 200, {"likes": 1, "liked": True}, self._floor(asked.login)

    def _person(self, asked: Asked, handle: str) -> Answer:
        if handle not in self.people:
            return 404, {"title": "Not Found"}, []
        person = self.people[handle]
        cards = [self._card_of(card_id, asked.login.person if asked.login else None) for card_id in person.cards[-12:]]
        shown = {"handle": handle, "name": person.name, "cards": len(person.cards)}
        return 200, {"person": shown, "cards": cards, "following": False}, []

    def _follow(self, asked: Asked, handle: str) -> Answer:
        assert asked.login is not None
        self._wrote(asked.login).following.add(handle)
        return 200, {"following": True}, self._floor(asked.login)

    def _sessions(self, asked: Asked) -> Answer:
        assert asked.login is not None
        theirs = [login for login in self.logins.values() if login.person is asked.login.person]
        return 200, {"sessions": [{"id": each.id, "current": each is asked.login} for each in theirs]}, []

    def _revoke(self, asked: Asked, session_id: str) -> Answer:
        found = [token for token, login in self.logins.items() if login.id == session_id]
        for token in found:
            del self.logins[token]
        return (204 if found else 404), None, []

    def _password(self, asked: Asked) -> Answer:
        assert asked.login is not None
        person = asked.login.person
        if person.password != asked.given["current"]:
            return 403, {"title": "Forbidden"}, []
        person.password = asked.given["new"]
        theirs = [token for token, login in self.logins.items() if login.person is person]
        preferences = asked.login.preferences
        for token in theirs:
            del self.logins[token]
        cookies = self._begin(person)
        self.logins[next(reversed(self.logins))].preferences |= preferences
        return 200, {"ended": len(theirs) - 1}, cookies

    # How

    def _begin(self, person: Somebody) -> list[str]:
        token = f"token{next(_serial)}"
        self.logins[token] = Login(hashlib.sha256(token.encode()).hexdigest(), person)
        return [f"session={token}; HttpOnly; Path=/", f"floor={person.version}; HttpOnly; Path=/"]

    def _wrote(self, login: Login) -> Somebody:
        login.person.version += 1
        return login.person

    def _floor(self, login: Login) -> list[str]:
        return [f"floor={login.person.version}; HttpOnly; Path=/"]

    def _me_of(self, person: Somebody, preferences: dict[str, str]) -> dict[str, Any]:
        return {
            "handle": person.handle,
            "name": person.name,
            "cards": len(person.cards),
            "preferences": preferences,
            "version": person.version,
            "stale": False,
        }

    def _card_of(self, card_id: str, viewer: Somebody | None) -> dict[str, Any]:
        author, text = self.cards[card_id]
        liked = viewer is not None and card_id in viewer.liked
        return {
            "id": card_id,
            "author": {"handle": author.handle},
            "text": text,
            "liked": liked,
            "mine": author is viewer,
        }


_ROUTES: list[tuple[str, re.Pattern[str], Callable[..., Answer]]] = [
    (method, re.compile(pattern), action)
    for method, pattern, action in (
        ("GET", r"/api/v1/board", StubSite._board),
        ("GET", r"/api/v1/me", StubSite._me),
        ("GET", r"/api/v1/cards/([0-9a-f]{24})", StubSite._card),
        ("GET", r"/api/v1/people/(\w+)", StubSite._person),
        ("GET", r"/", StubSite._front),
        ("GET", r"/board", StubSite._board_page),
        ("GET", r"/login", StubSite._front),
        ("GET", r"/api/v1/openapi.json", StubSite._openapi),
        ("GET", r"/api/v1/visits", StubSite._visits),
        ("POST", r"/api/v1/signup", StubSite._signup),
        ("POST", r"/api/v1/login", StubSite._login),
        ("POST", r"/api/v1/logout", StubSite._logout),
        ("PUT", r"/api/v1/me", StubSite._profile),
        ("DELETE", r"/api/v1/me", StubSite._leave),
        ("PATCH", r"/api/v1/me/preferences", StubSite._preferences),
        ("PUT", r"/api/v1/me/password", StubSite._password),
        ("POST", r"/api/v1/cards", StubSite._post),
        ("PUT", r"/api/v1/cards/([0-9a-f]{24})/like", StubSite._like),
        ("PUT", r"/api/v1/people/(\w+)/follow", StubSite._follow),
        ("GET", r"/api/v1/sessions", StubSite._sessions),
        ("DELETE", r"/api/v1/sessions/([0-9a-f]{64})", StubSite._revoke),
    )
]
_OPEN = re.compile(r"/|/login|/board|/api/v1/(openapi.json|visits|signup|login|logout|people/\w+|cards/[0-9a-f]{24})")


class _Line(asyncio.Protocol):
    """One connection; no pipelining."""

    def __init__(self, site: StubSite) -> None:
        self._site = site
        self._got = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by inheritance
        self._site._lines.add(self._transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is not None:
            self._site._lines.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, rest = self._got.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return
        self._got = rest[length:]
        method, path, _ = first.split(" ")
        pairs = (pair.partition("=") for pair in headers.get("cookie", "").split("; ") if pair)
        cookies = {name: value for name, _, value in pairs}
        asked = Asked(method, path, cookies, headers, rest[:length], self._site.login_of(cookies))
        if self._site.delay_seconds:
            asyncio.get_running_loop().call_later(self._site.delay_seconds, self._serve, asked)
        else:
            self._serve(asked)

    def _serve(self, asked: Asked) -> None:
        site = self._site
        site.requests += 1
        if site.seen is not None:
            site.seen.append(asked)
        forced = site.status_for(asked)
        if forced:
            status, body, cookies = forced, {"title": "Forced"}, []
        elif asked.login is None and not _OPEN.fullmatch(asked.path):
            status, body, cookies = 401, {"title": "Unauthorized"}, []
        else:
            status, body, cookies = site.answer(asked)
            if hidden := site.status_after(asked):
                status, body, cookies = hidden, {"title": "Hidden"}, []
        if "SRV" not in asked.cookies:
            cookies = [*cookies, f"SRV={site._instance}-secret; path=/; HttpOnly"]
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(_on_the_wire(site, asked, status, body, cookies))


def _on_the_wire(site: StubSite, asked: Asked, status: int, body: Any, cookies: list[str]) -> bytes:
    instance = site._instance
    lines = [f"HTTP/1.1 {status} X", f"X-Instance: {instance}"]
    content = b""
    if status == 302:
        lines.append(f"Location: {body}")
    elif isinstance(body, str):
        content = body.encode()
        lines.append("Content-Type: text/html")
    elif body is not None:
        content = json.dumps(body).encode()
        lines.append(f"Content-Type: {'application/json' if status < 400 else PROBLEM}")
    if asked.login is not None:
        lines.append(f'Cache-Status: {instance}; hit; detail="session-hot"')
        if asked.path.endswith("board"):
            lines.append(f'Cache-Status: {instance}; hit; detail="board-redis-stale-refreshing"')
    if status in (429, 503):
        lines.append(f"Retry-After: {site.retry_after}")
    lines += [f"Set-Cookie: {cookie}" for cookie in cookies]
    if status != 204:
        lines.append(f"Content-Length: {len(content)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


@asynccontextmanager
async def stub_site(**options: str) -> AsyncIterator[StubSite]:
    """A running one, in this event loop."""
    site = StubSite(**options)
    await site.listen()
    try:
        yield site
    finally:
        await site.die()


@contextmanager
def stub_site_beside(tls: ssl.SSLContext | None = None) -> Iterator[StubSite]:
    """A running one, in a thread of its own."""
    loop, site = asyncio.new_event_loop(), StubSite()
    thread = threading.Thread(target=loop.run_forever, name="stub site")
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(site.listen(tls=tls), loop).result(10)
        yield site
    finally:
        asyncio.run_coroutine_threadsafe(site.die(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _serve_for_ever(port: int) -> None:
    site = StubSite()
    await site.listen(port)
    sys.stdout.write(f"{site.url}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve_for_ever(int(sys.argv[1])))
