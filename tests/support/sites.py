"""The application as one web process runs it, inside the test: real stores, real sockets, its own resources."""

import asyncio
import itertools
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from argon2 import PasswordHasher
from browsing import Answer, Browser
from tornado.httpclient import AsyncHTTPClient
from tornado.testing import bind_unused_port

from deploy.local import RunningStore
from webapp.app import make_app, route_methods
from webapp.documents import Claimant
from webapp.passwords import Passwords
from webapp.receiving import MAX_BODY_BYTES, FrontServer
from webapp.resources import Resources, open_resources
from webapp.settings import from_mapping

PASSWORD = "correct horse"
TRUSTED_WITHIN_SECONDS = 5
WORKER = Claimant("worker-1", "a-process")

Starts = Callable[..., Awaitable["Site"]]
"""`await start(STICKY_MODE="on")` is one more instance over the same stores, with other settings or another clock."""

_serial = itertools.count(1)


class ShiftedClock:
    """The real time, `shift` seconds off."""

    shift = 0.0

    def __call__(self) -> float:
        return time.time() + self.shift


@dataclass(frozen=True)
class Site:
    """One instance of the application: its address, its insides, and browsers to visit it with."""

    url: str
    resources: Resources
    client: AsyncHTTPClient

    def browser(self, **headers: str) -> Browser:
        """A new browser; `user_agent` becomes User-Agent."""
        return Browser(self.client, self.url, {name.replace("_", "-"): value for name, value in headers.items()})

    async def join(self, handle: str | None = None, name: str = "Ada Byron", **headers: str) -> "Member":
        """Somebody new, signed up and logged in."""
        member = Member(self.browser(**headers), handle or f"ada_{next(_serial)}")
        answer = await member.browser.post(
            "/api/v1/signup", json={"handle": member.handle, "password": PASSWORD, "name": name}
        )
        assert answer.status == 201, answer.text
        return member

    async def log_in(self, handle: str, **headers: str) -> "Member":
        """The same person in another browser."""
        member = Member(self.browser(**headers), handle)
        answer = await member.browser.post("/api/v1/login", json={"handle": handle, "password": PASSWORD})
        assert answer.status == 200, answer.text
        return member

    def counted(self, metric: str, **labels: str) -> float:
        """The value of one series, summed over the labels not named."""
        registry = self.resources.metrics.registry
        families = [*registry.restricted_registry([metric]).collect()] or registry.collect()  # all: 30 ms
        return sum(
            sample.value
            for family in families
            for sample in family.samples
            if sample.name == metric and labels.items() <= sample.labels.items()
        )

    def series(self) -> set[tuple[str, tuple[tuple[str, str], ...]]]:
        """The name and labels of every series there is."""
        return {
            (sample.name, tuple(sorted(sample.labels.items())))
            for family in self.resources.metrics.registry.collect()
            for sample in family.samples
        }


@dataclass(frozen=True)
class Member:
    """Somebody who is logged in, in one browser."""

    browser: Browser
    handle: str

    async def me(self, **how: Any) -> dict[str, Any]:
        return await self._read("/api/v1/me", **how)

    async def board(self, cursor: str | None = None, **how: Any) -> dict[str, Any]:
        return await self._read("/api/v1/board" + (f"?cursor={cursor}" if cursor else ""), **how)

    async def send(self, text: str, **how: Any) -> dict[str, Any]:
        """Sends a card."""
        answer = await self.browser.post("/api/v1/cards", json={"text": text}, **how)
        assert answer.status == 201, answer.text
        return answer.json

    async def follow(self, handle: str) -> Answer:
        return await self.browser.put(f"/api/v1/people/{handle}/follow")

    async def _read(self, path: str, **how: Any) -> dict[str, Any]:
        answer = await self.browser.get(path, **how)
        assert answer.status == 200, answer.text
        return answer.json


def cheap_passwords() -> Passwords:
    """Hashing that costs next to nothing; its real cost has a test of its own."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def variables_of(*stores: RunningStore, **more: str) -> dict[str, str]:
    """The environment of a web process over these stores."""
    fixed = {"SECRET_KEYS": "s" * 40, "AFFINITY_KEY": "a" * 40, "INSTANCE_ID": "web-1"}
    return {**fixed, **{name: value for store in stores for name, value in store.variables.items()}, **more}


@asynccontextmanager
async def open_for_tests(
    variables: Mapping[str, str], wall_clock: Callable[[], float] = time.time
) -> AsyncIterator[Resources]:
    """Resources as a web process opens them, with cheap password hashing; hot copies, if any, are trusted already."""
    async with open_resources(from_mapping(variables), route_methods(), wall_clock) as opened:
        await _earned(opened)
        passwords = cheap_passwords()
        try:
            yield replace(opened, passwords=passwords)
        finally:
            passwords.close()


async def _earned(resources: Resources) -> None:
    """Returns once hot copies are trusted, or this Redis has turned out to be none that can be."""
    deadline = time.monotonic() + TRUSTED_WITHIN_SECONDS
    while resources.settings.hot_cache == "on" and resources.cache.state()[0] not in ("trusted", "off"):
        if time.monotonic() > deadline:
            return
        await asyncio.sleep(0.005)


@asynccontextmanager
async def open_site(variables: Mapping[str, str], wall_clock: Callable[[], float] = time.time) -> AsyncIterator[Site]:
    """An instance on a port of its own, in the running event loop."""
    async with open_for_tests(variables, wall_clock) as resources:
        listening, port = bind_unused_port()
        server = FrontServer(make_app(resources), max_body_size=MAX_BODY_BYTES)
        server.add_socket(listening)
        client = AsyncHTTPClient(force_instance=True, max_clients=64)
        try:
            yield Site(f"http://127.0.0.1:{port}", resources, client)
        finally:
            client.close()
            server.stop()
            await server.close_all_connections()


@contextmanager
def site_in_thread(variables: Mapping[str, str]) -> Iterator[Site]:
    """An instance in an event loop of its own, for tests that block."""
    started: list[Site | BaseException] = []
    ready, over = threading.Event(), threading.Event()

    async def run() -> None:
        try:
            async with open_site(variables) as site:
                await site.resources.documents.prepare()
                await site.resources.media.prepare()
                started.append(site)
                ready.set()
                await asyncio.to_thread(over.wait)
        except BaseException as error:
            started.append(error)
            ready.set()
            raise

    thread = threading.Thread(target=asyncio.run, args=(run(),), name="site")
    thread.start()
    ready.wait()
    try:
        [site] = started
        assert isinstance(site, Site), site
        yield site
    finally:
        over.set()
        thread.join()
