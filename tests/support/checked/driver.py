"""Browsers of a small site, one request after the other, and the history of it. Time goes on as it is told to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from checked.front import Front
from checked.site import B_SECONDS, Bug, Instance, small_site

from lab.history import Disturbance, History, Kind, Outcome, Request

ANSWER_SECONDS = 0.004
THINK_SECONDS = 0.001


class SteppedClock:
    """Stands still until it is told how much later it is."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Driver:
    """The site, its history so far, and who asks."""

    def __init__(self, front: Front, instances: list[Instance], clock: SteppedClock) -> None:
        self.front, self.instances, self.clock = front, instances, clock
        self.history = History("sticky", B_SECONDS)

    def later(self, seconds: float) -> None:
        """So much time goes by."""
        self.clock.now += seconds

    async def kill(self, place: int) -> None:
        """Ends an instance without a word, and nobody starts it again."""
        await self.instances[place].kill()
        started = self.clock()
        self.history.disturbances.append(
            Disturbance(started, started + 5, started + 5, "kill", "kill", self.instances[place].name)
        )

    def browser(self, user: str, name: str) -> "Browser":
        """One more cookie jar."""
        return Browser(self, user, name)


class Browser:
    """A browser of one user. `at` is the place of the instance that is asked next."""

    def __init__(self, driver: Driver, user: str, name: str) -> None:
        self._driver, self.user, self.name = driver, user, name
        self.cookies: dict[str, str] = {}
        self.at = 0

    @property
    def session(self) -> str:
        """The session it holds the cookie of."""
        return self.cookies.get("session", "")

    async def sign_up(self) -> None:
        """A new user."""
        await self._ask("login", "POST", "signup", {"handle": self.user, "password": "-", "name": "Name 0"})

    async def log_in(self) -> None:
        """A new session of a user there is."""
        await self._ask("login", "POST", "login", {"handle": self.user, "password": "-"})

    async def log_out(self, *, keep_cookie: bool = False) -> None:
        """Ends this session; whoever stole the cookie keeps it."""
        held = dict(self.cookies)
        await self._ask("logout", "POST", "logout")
        if keep_cookie:
            self.cookies = held

    async def revoke(self, session: str) -> None:
        """Ends another session."""
        await self._ask("revoke", "DELETE", f"sessions/{session}", ends=(session,))

    async def me(self) -> None:
        """Reads theme, name and count."""
        await self._ask("read", "GET", "me")

    async def set_name(self, number: int) -> None:
        """Of the user."""
        await self._ask("write", "PUT", "me", {"name": f"Name {number}"}, wrote={"name": number})

    async def set_theme(self, number: int) -> None:
        """Of this session."""
        await self._ask("write", "PATCH", "me/preferences", {"theme": f"theme {number}"}, wrote={"theme": number})

    async def add_card(self, key: str = "", *, heard: bool = True) -> None:
        """`heard` is false if the answer is lost on its way."""
        await self._ask("write", "POST", "cards", {"text": "-"}, key=key, heard=heard)

    async def card(self, made: str) -> None:
        """Looks at one of its own."""
        await self._ask("read", "GET", f"cards/{made}", about=made)

    async def _ask(
        self,
        kind: Kind,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        wrote: dict[str, int] | None = None,
        ends: tuple[str, ...] = (),
        key: str = "",
        about: str = "",
        heard: bool = True,
    ) -> None:
        driver = self._driver
        driver.later(THINK_SECONDS)
        started, session = driver.clock(), self.session
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if key:
            headers["Idempotency-Key"] = key
        status, answered, cookies, said = await driver.front.ask(self.at, method, f"/api/v1/{path}", headers, body)
        driver.later(ANSWER_SECONDS)
        if not heard:
            status, answered, cookies, said = 0, {}, [], None
        self._keep(cookies)
        driver.history.requests.append(
            Request(
                started=started,
                ended=driver.clock(),
                user=self.user,
                browser=self.name,
                session=self.session if kind == "login" else session,
                kind=kind,
                method=method,
                route=path.split("/", maxsplit=1)[0] if about or ends else path,
                outcome=_outcome(status),
                status=status,
                instance=answered.get("X-Instance", ""),
                key=key,
                wrote=wrote or {},
                ends=ends,
                missing=(about,) if about and status == 404 else (),
                **_told(said, about),
            )
        )

    def _keep(self, cookies: list[str]) -> None:
        for line in cookies:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
            if value in ("", '""'):
                del self.cookies[name]


@asynccontextmanager
async def driving(bug: Bug | None = None) -> AsyncIterator[Driver]:
    """Somebody to ask a site that has this bug."""
    clock = SteppedClock()
    jar = aiohttp.DummyCookieJar()
    async with small_site(clock, bug) as instances, aiohttp.ClientSession(cookie_jar=jar) as client:
        yield Driver(Front(instances, client, bug), instances, clock)


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return "done"
    return "refused" if 400 <= status < 500 else "unknown"


def _told(said: dict[str, Any] | None, about: str) -> dict[str, Any]:
    """What an answer says, as a history has it."""
    if said is None or "status" in said:
        return {}
    if "id" in said:
        return {"shown" if about else "made": (said["id"],)}
    if "handle" not in said:
        return {}
    return {
        "saw": {"name": _number(said["name"]), "theme": _number(said["preferences"]["theme"])},
        "owner": said["handle"],
        "count": said["cards"],
        "version": said["version"],
    }


def _number(text: str) -> int:
    return int(text.rpartition(" ")[2])
