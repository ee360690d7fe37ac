"""An instance of the application that reaches each backing service through a door, with people who were there before
the outage. It lives in an event loop of its own, so that one outage serves the tests of many cells."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from browsing import Browser, Part
from coming import comes_true
from door import Door, door_to
from outage.store_server import StoreServer
from photo import photo
from sites import Member, Site, open_site

from webapp.errors import Backend

T = TypeVar("T")

VARIABLE: Mapping[Backend, str] = {"redis": "REDIS_URL", "mongodb": "MONGODB_URL", "s3": "S3_ENDPOINT_URL"}
TRUST_SECONDS = "0.5"
MODES: Mapping[str, Mapping[str, str]] = {
    "stateless": {},
    "sticky": {"STICKY_MODE": "on", "HOT_STALENESS_SECONDS": TRUST_SECONDS},
}
HOWS = ("gone", "stopped", "paused", "black-holed")
CALL_SECONDS = 60
PHOTO = Part(photo(), "a.jpg", "image/jpeg")


@dataclass(frozen=True)
class People:
    """`held`: all about them is in the instance's memory, if it keeps copies. `cold`: nothing is. The others are there
    to log out and to revoke. `card`, `picture` and `report` are held's."""

    held: Member
    cold: Member
    leaving: Member
    leaving_by_page: Member
    leaving_token: str
    card: str
    picture: str
    report: str


class Scene:
    """`call` runs something in the scene's loop; `strike` and `heal` are the outage."""

    def __init__(self, mode: str, servers: Mapping[str, StoreServer]) -> None:
        self.mode = mode
        self.servers = servers
        self.healed = True
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="scene")
        self._stack = AsyncExitStack()
        self.doors: dict[Backend, Door] = {}
        self.site: Site
        self.people: People

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(CALL_SECONDS)

    def open(self) -> None:
        """Starts the instance, and lets people in."""
        self._thread.start()
        self.call(self._open())
        self.people = self.call(self._populate())

    def open_during_outage(self, backend: Backend, people: People) -> None:
        """Starts the instance while this service is away, for people whom another instance let in."""
        self._thread.start()
        self.call(self._open(backend))
        self.people = replace(
            people,
            **{name: self._moved(getattr(people, name)) for name in ("held", "cold", "leaving", "leaving_by_page")},
        )

    def _moved(self, member: Member) -> Member:
        browser = member.browser
        return Member(Browser(self.site.client, self.site.url, browser.headers, dict(browser.cookies)), member.handle)

    def close(self) -> None:
        if self._thread.is_alive():
            self.call(self._stack.aclose())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CALL_SECONDS)
        self._loop.close()

    def strike(self, backend: Backend, how: str) -> None:
        """Takes the service away; returns once copies are not trusted any more, if it is Redis."""
        if how == "gone":
            self.call(self.doors[backend].shut())
        elif how == "stopped":
            self.servers[backend].stop()
        elif how == "paused":
            self.servers[backend].pause()
        else:
            self._loop.call_soon_threadsafe(self.doors[backend].stall)
        if backend == "redis":
            self.call(comes_true(lambda: self.site.resources.cache.state()[0] != "trusted"))

    def heal(self, backend: Backend, how: str) -> None:
        """Brings it back; what a black hole swallowed is lost."""
        if how == "stopped":
            self.servers[backend].start()
        elif how == "paused":
            self.servers[backend].resume()
        else:
            self.call(self.doors[backend].shut())
            self.call(self.doors[backend].open())

    async def _open(self, away: Backend | None = None) -> None:
        variables = {name: value for server in self.servers.values() for name, value in server.variables.items()}
        for backend, variable in VARIABLE.items():
            self.doors[backend] = await self._stack.enter_async_context(door_to(variables[variable]))
            variables[variable] = self.doors[backend].url
        if away is not None:
            await self.doors[away].shut()
        fixed = {"SECRET_KEYS": "s" * 40, "AFFINITY_KEY": "a" * 40, "INSTANCE_ID": "web-1"}
        self.site = await self._stack.enter_async_context(open_site({**fixed, **variables, **MODES[self.mode]}))

    async def _populate(self) -> People:
        site = self.site
        await site.resources.documents.prepare()
        await site.resources.media.prepare()
        held, cold, leaving, leaving_by_page = [await site.join() for _ in range(4)]
        sent = await held.browser.post("/api/v1/cards", parts={"text": Part(b"Hello from Arles."), "photo": PHOTO})
        report = await held.browser.post("/api/v1/reports")
        token = await leaving_by_page.browser.token()
        for member in (held, cold):
            for _ in range(3):
                await member.board()
                await member.me()
                await member.browser.get("/")
        await site.browser().get("/")
        site.resources.cache.forget(cold.browser.cookies["session"].split(".")[0])
        return People(
            held, cold, leaving, leaving_by_page, token, sent.json["id"], sent.json["photo"], report.json["id"]
        )

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


@contextmanager
def scene_of(mode: str, servers: Mapping[str, StoreServer]) -> Iterator[Scene]:
    """A scene before any outage, closed on leaving."""
    scene = Scene(mode, servers)
    try:
        scene.open()
        yield scene
    finally:
        scene.close()


@contextmanager
def scene_in_outage(backend: Backend, before: Scene) -> Iterator[Scene]:
    """A scene that begins while a service is away, with the people of another one."""
    scene = Scene(before.mode, before.servers)
    try:
        scene.open_during_outage(backend, before.people)
        yield scene
    finally:
        scene.close()
