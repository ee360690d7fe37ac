"""A small site of several instances, on loopback ports, with the part of the API that promises are about.

It keeps them all, with hot copies as the application has them: a copy serves for B and not below the browser's floor,
and authorises no write. Each `Bug` breaks one promise, by one line. Its time is the test's.
"""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from aiohttp import web

B_SECONDS = 2.0


class Bug(Enum):
    """What is wrong with a site."""

    LOSES_WRITES = "a write is answered once it is in the copy"
    FLAPS_BACK = "the browser's floor is not looked at"
    RESURRECTS = "a copy of a session authorises a write"
    NEVER_EXPIRES = "a copy serves for ever"
    LEAKS = "a copy is found without looking whose it is"
    APPLIES_TWICE = "an idempotency key is not looked at"
    GIVES_UP = "the proxy does not ask another instance"  # of `checked.front`
    NAIVE = "copies live for their time, whatever is written and ended meanwhile"


@dataclass
class Person:
    """What is kept of a user. `version` is raised by each write."""

    handle: str
    name: str
    version: int = 1
    cards: list[str] = field(default_factory=list)


@dataclass
class Store:
    """The truth, which all instances share. `sessions` are the themes and people of living sessions."""

    people: dict[str, Person] = field(default_factory=dict)
    sessions: dict[str, tuple[Person, str]] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(1))


@dataclass(frozen=True)
class Copy:
    """What an instance holds of a session."""

    read_at: float
    me: dict[str, Any]


class Instance:
    """One process of the site. `port` once it listens."""

    def __init__(self, name: str, store: Store, clock: Callable[[], float], bug: Bug | None) -> None:
        self.name, self._store, self._clock, self._bug = name, store, clock, bug
        self._copies: dict[str, Copy] = {}
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> None:
        """Listens on a free port."""
        app = web.Application(middlewares=[self._named])
        add, api = app.router.add_route, "/api/v1"
        add("POST", f"{api}/signup", self._sign_up)
        add("POST", f"{api}/login", self._log_in)
        add("POST", f"{api}/logout", self._log_out)
        add("GET", f"{api}/me", self._me)
        add("PUT", f"{api}/me", self._set_profile)
        add("PATCH", f"{api}/me/preferences", self._set_preferences)
        add("POST", f"{api}/cards", self._add_card)
        add("GET", f"{api}/cards/{{id}}", self._card)
        add("GET", f"{api}/sessions", self._sessions)
        add("DELETE", f"{api}/sessions/{{id}}", self._revoke)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def kill(self) -> None:
        """It is gone, and what it held."""
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None
        self._copies.clear()

    @web.middleware
    async def _named(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        try:
            answer: web.StreamResponse = await handler(request)
        except web.HTTPException as refusal:
            answer = web.json_response({"status": refusal.status}, status=refusal.status)
        answer.headers["X-Instance"] = self.name
        return answer

    # Reading

    async def _me(self, request: web.Request) -> web.Response:
        return web.json_response(self._copy(request).me)

    async def _card(self, request: web.Request) -> web.Response:
        card = request.match_info["id"]
        if not any(card in person.cards for person in self._store.people.values()):
            raise web.HTTPNotFound
        return web.json_response({"id": card})

    async def _sessions(self, request: web.Request) -> web.Response:
        person, _ = self._alive(request)
        own = [session for session, (each, _) in self._store.sessions.items() if each is person]
        return web.json_response({"sessions": [{"id": each, "current": each == _session(request)} for each in own]})

    def _copy(self, request: web.Request) -> Copy:
        """The one that is held, if it may serve, or a new one. Raises HTTPUnauthorized."""
        session, now = _session(request), self._clock()
        place = session if self._bug is not Bug.LEAKS else "me"
        copy = self._copies.get(place)
        if copy is not None and (now - copy.read_at < B_SECONDS or self._bug is Bug.NEVER_EXPIRES):
            floor = int(request.cookies.get("floor", "0"))
            if copy.me["version"] >= floor or self._bug in (Bug.FLAPS_BACK, Bug.NAIVE):
                return copy
        self._copies[place] = copy = Copy(now, _seen(*self._alive(request)))
        return copy

    def _alive(self, request: web.Request) -> tuple[Person, str]:
        try:
            return self._store.sessions[_session(request)]
        except KeyError:
            raise web.HTTPUnauthorized from None

    # Writing

    async def _set_profile(self, request: web.Request) -> web.Response:
        name = (await request.json())["name"]
        person = self._writer(request)
        person.version += 1
        if self._bug is not Bug.LOSES_WRITES:
            person.name = name
        return self._written(request, {**_seen(person, self._theme(request)), "name": name})

    async def _set_preferences(self, request: web.Request) -> web.Response:
        theme = (await request.json())["theme"]
        person = self._writer(request)
        person.version += 1
        if _session(request) in self._store.sessions:
            self._store.sessions[_session(request)] = person, theme
        return self._written(request, _seen(person, theme))

    async def _add_card(self, request: web.Request) -> web.Response:
        person = self._writer(request)
        key = person.handle, request.headers.get("Idempotency-Key", "")
        card = self._store.keys.get(key)
        if card is None or self._bug is Bug.APPLIES_TWICE:
            card = f"c{next(self._store.numbers)}"
            person.cards.append(card)
            person.version += 1
            if key[1]:
                self._store.keys[key] = card
        return self._written(request, _seen(person, self._theme(request)), {"id": card}, 201)

    def _writer(self, request: web.Request) -> Person:
        """Who writes. Raises HTTPUnauthorized; no copy authorises a write."""
        copy = self._copies.get(_session(request))
        if copy is not None and self._bug in (Bug.RESURRECTS, Bug.NAIVE):
            return self._store.people[copy.me["handle"]]
        return self._alive(request)[0]

    def _theme(self, request: web.Request) -> str:
        return self._store.sessions.get(_session(request), (None, "theme 0"))[1]

    def _written(
        self, request: web.Request, me: dict[str, Any], body: dict[str, Any] | None = None, status: int = 200
    ) -> web.Response:
        """The answer to a write: it raises the floor, and the copy here goes."""
        session = _session(request)
        if self._bug is not Bug.NAIVE:
            self._copies.pop(session, None)
        if self._bug is Bug.LOSES_WRITES:
            self._copies[session] = Copy(self._clock(), me)
        answer = web.json_response(body or me, status=status)
        answer.set_cookie("floor", str(me["version"]))
        return answer

    # Sessions

    async def _sign_up(self, request: web.Request) -> web.Response:
        given = await request.json()
        person = Person(given["handle"], given["name"])
        if self._store.people.setdefault(person.handle, person) is not person:
            raise web.HTTPConflict
        return self._start_session(person, 201)

    async def _log_in(self, request: web.Request) -> web.Response:
        person = self._store.people.get((await request.json())["handle"])
        if person is None:
            raise web.HTTPUnauthorized
        return self._start_session(person, 200)

    def _start_session(self, person: Person, status: int) -> web.Response:
        session = f"s{next(self._store.numbers)}"
        self._store.sessions[session] = person, "theme 0"
        answer = web.json_response(_seen(person, "theme 0"), status=status)
        answer.set_cookie("session", session)
        answer.set_cookie("floor", str(person.version))
        return answer

    async def _log_out(self, request: web.Request) -> web.Response:
        self._end(_session(request))
        answer = web.Response(status=204)
        answer.del_cookie("session")
        return answer

    async def _revoke(self, request: web.Request) -> web.Response:
        self._alive(request)
        self._end(request.match_info["id"])
        return web.Response(status=204)

    def _end(self, session: str) -> None:
        self._store.sessions.pop(session, None)
        if self._bug is not Bug.NAIVE:
            self._copies.pop(session, None)


@asynccontextmanager
async def small_site(
    clock: Callable[[], float], bug: Bug | None = None, instances: int = 3
) -> AsyncIterator[list[Instance]]:
    """Its instances, which listen until the end."""
    store = Store()
    all_of_them = [Instance(f"web-{number}", store, clock, bug) for number in range(1, instances + 1)]
    try:
        for each in all_of_them:
            await each.start()
        yield all_of_them
    finally:
        for each in all_of_them:
            await each.kill()


def _session(request: web.Request) -> str:
    return request.cookies.get("session", "")


def _seen(person: Person, theme: str) -> dict[str, Any]:
    return {
        "handle": person.handle,
        "name": person.name,
        "preferences": {"theme": theme},
        "cards": len(person.cards),
        "version": person.version,
    }
