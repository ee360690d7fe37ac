"""What is asked to try a row of the outage table, as page and as API, and what the row says of the answer."""

import asyncio
import html
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

from browsing import PROBLEM, Answer, Browser, Part
from outage.scene import PHOTO, Scene
from photo import photo
from sites import PASSWORD

from webapp import outage
from webapp.errors import Backend
from webapp.outage import Cell, Row

SLACK_SECONDS = 0.3  # for a machine that is busy with other tests
NOT_THERE = 404


@dataclass(frozen=True)
class Ask:
    """One request. `without`: the services whose absence it is served without, where the table says `either`."""

    label: str
    browser: Browser
    send: Callable[[Browser], Awaitable[Answer]]
    without: frozenset[Backend] = frozenset()


def asks_of(row: Row, scene: Scene) -> list[Ask]:
    """Requests of this kind."""
    return list(ASKS[row.name](scene))


def _gets(browser: Browser, *paths: str, without: Iterable[Backend] = ()) -> list[Ask]:
    return [Ask(path, browser, lambda browser, path=path: browser.get(path), frozenset(without)) for path in paths]


def _anonymous(scene: Scene) -> list[Ask]:
    people, browser = scene.people, scene.site.browser()
    return [
        *_gets(browser, "/", "/login", "/signup", without=["mongodb"]),
        *_gets(browser, "/people", f"/people/{people.held.handle}", f"/cards/{people.card}"),
        *_gets(browser, f"/api/v1/people/{people.held.handle}", f"/api/v1/cards/{people.card}"),
    ]


def _held(scene: Scene) -> list[Ask]:
    people = scene.people
    return [
        *_gets(people.held.browser, "/board", "/api/v1/board", "/api/v1/me", "/", without=["mongodb"]),
        *_gets(people.held.browser, "/people", f"/cards/{people.card}"),
    ]


def _not_held(scene: Scene) -> list[Ask]:
    people = scene.people
    return [
        *_gets(people.cold.browser, "/board", "/api/v1/board", "/api/v1/me", "/", without=["mongodb"]),
        *_gets(people.cold.browser, "/people", f"/cards/{people.card}"),
    ]


def _private(scene: Scene) -> list[Ask]:
    people = scene.people
    return [
        *_gets(people.held.browser, "/api/v1/sessions", without=["mongodb"]),
        *_gets(people.held.browser, "/settings", f"/api/v1/reports/{people.report}"),
    ]


def _write(scene: Scene) -> list[Ask]:
    people = scene.people
    ada, card = people.held.browser, people.card
    return [
        Ask("like", ada, lambda ada: ada.put(f"/api/v1/cards/{card}/like")),
        Ask("follow", ada, lambda ada: ada.put(f"/api/v1/people/{people.cold.handle}/follow")),
        Ask("profile", ada, lambda ada: ada.put("/api/v1/me", json={"name": "Ada Byron"})),
        Ask("export", ada, lambda ada: ada.post("/api/v1/reports")),
        Ask(
            "preferences",
            people.cold.browser,  # whose profile is cached yet: a write that failed above left a barrier
            lambda cold: cold.patch("/api/v1/me/preferences", json={"theme": "dark"}),
            frozenset({"mongodb"}),
        ),
    ]


def _upload(scene: Scene) -> list[Ask]:
    ada = scene.people.held.browser
    look = {"text": Part(b"Look!"), "photo": PHOTO}
    return [
        Ask("card", ada, lambda ada: ada.post("/api/v1/cards", json={"text": "x"}), frozenset({"s3"})),
        Ask("photo", ada, lambda ada: ada.post("/api/v1/cards", parts=look)),
        Ask("avatar", ada, lambda ada: ada.put("/api/v1/me/avatar", body=photo())),
    ]


def _account(scene: Scene) -> list[Ask]:
    new = {"handle": f"new_{time.monotonic_ns() % 10**9}", "password": PASSWORD, "name": "Bob"}
    old = {"handle": scene.people.held.handle, "password": PASSWORD}
    return [
        Ask("sign up", scene.site.browser(), lambda browser: browser.post("/api/v1/signup", json=new)),
        Ask("log in", scene.site.browser(), lambda browser: browser.post("/api/v1/login", json=old)),
    ]


def _revoke(scene: Scene) -> list[Ask]:
    def revoke(browser: Browser) -> Awaitable[Answer]:
        return browser.post("/settings/sessions/revoke", form={"_xsrf": scene.people.leaving_token, "all": "others"})

    return [Ask("revoke", scene.people.leaving_by_page.browser, revoke, frozenset({"mongodb"}))]


def _log_out(scene: Scene) -> list[Ask]:
    people = scene.people
    by_page = people.leaving_by_page.browser
    return [
        Ask("by API", people.leaving.browser, lambda browser: browser.post("/api/v1/logout")),
        Ask("by page", by_page, lambda browser: browser.post("/logout", form={"_xsrf": people.leaving_token})),
    ]


def _picture(scene: Scene) -> list[Ask]:
    return _gets(scene.site.browser(), f"/media/{scene.people.picture}")


def _count(scene: Scene) -> list[Ask]:
    browser = scene.site.browser()
    return [
        *_gets(browser, "/api/v1/visits"),
        Ask("count", browser, lambda browser: browser.post("/api/v1/visits")),
    ]


def _own(scene: Scene) -> list[Ask]:
    paths = ("/api/v1/openapi.json", "/static/postcards.css", "/nowhere", "/api/v1/nowhere")
    return [*_gets(scene.site.browser(), *paths), *_gets(scene.people.held.browser, *paths)]


ASKS: Mapping[str, Callable[[Scene], list[Ask]]] = {
    outage.ANONYMOUS.name: _anonymous,
    outage.HELD.name: _held,
    outage.NOT_HELD.name: _not_held,
    outage.PRIVATE.name: _private,
    outage.WRITE.name: _write,
    outage.UPLOAD.name: _upload,
    outage.ACCOUNT.name: _account,
    outage.REVOKE.name: _revoke,
    outage.LOGOUT.name: _log_out,
    outage.PICTURE.name: _picture,
    outage.COUNT.name: _count,
    outage.OWN.name: _own,
}


async def fulfils(ask: Ask, cell: Cell, backend: Backend) -> None:
    """Asks, and holds the answer, its time and the cookie against the cell."""
    before = ask.browser.cookies.get("session")
    started = time.monotonic()
    answer = await ask.send(ask.browser)
    took = time.monotonic() - started
    served = cell.outcome == "served" or (cell.outcome == "either" and backend in ask.without)
    said = html.unescape(answer.text) if answer.media_type in ("text/html", PROBLEM, "text/plain") else ""
    if served:
        assert answer.status < 400 or (answer.status == NOT_THERE and ask.label.endswith("/nowhere")), said
    else:
        assert (answer.status, answer.headers.get("Retry-After")) == (503, str(cell.retry_seconds)), said
        assert cell.sentence in said
    if served and cell.stale and cell.outcome == "served":
        marked = 'data-stale="outage"' in said if answer.media_type == "text/html" else answer.json["stale"]
        assert marked, (ask.label, re.findall(r'data-stale="\w*"', said))
    assert took < cell.within_seconds + SLACK_SECONDS, took
    if ask.label not in ("sign up", "log in"):
        assert ask.browser.cookies.get("session") == (before if cell.cookie == "kept" else None)


async def recovers(scene: Scene, within_seconds: float) -> None:
    """Returns once everybody is served again, whatever they ask; fails after this time."""
    deadline = time.monotonic() + within_seconds
    people = scene.people

    async def served(ask: Ask) -> None:
        while (answer := await ask.send(ask.browser)).status >= 400:
            assert time.monotonic() < deadline, (ask.label, answer.status, answer.text)
            await asyncio.sleep(0.05)

    rows = (outage.ANONYMOUS, outage.HELD, outage.NOT_HELD, outage.PRIVATE, outage.WRITE, outage.UPLOAD)
    asks = [ask for row in (*rows, outage.ACCOUNT, outage.PICTURE, outage.COUNT) for ask in asks_of(row, scene)]
    await asyncio.gather(*map(served, asks))
    assert (await people.held.me())["handle"] == people.held.handle
