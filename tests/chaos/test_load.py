"""The load is believed because it sees: a small site breaks one promise after another, and each time it is noticed."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from load import leaver
from load.connection import Connection
from load.crowd import Crowd, Wanted
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

MOST_SECONDS = 20.0
ENOUGH = 90  # requests, where it takes no certain one to see the lie
STEPS = {"board": 3, "me": 4, "card": 4, "theme": 2, "name": 2, "like": 2, "post": 2}

pytestmark = pytest.mark.asyncio


class Site:
    """A site of one process that keeps every promise but the one named by `lie`."""

    def __init__(self, lie: str) -> None:
        self.lie = lie
        self.people: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, str] = {}
        self.cards: list[dict[str, Any]] = []
        self.likes: defaultdict[str, set[str]] = defaultdict(set)
        self.asked = 0
        self.lies = 0

    def told(self, lie: str) -> bool:
        """Whether this lie is told now: every third time, so that the truth can be known before."""
        if self.lie != lie:
            return False
        self.asked += 1
        lies = self.asked % 3 == 0
        self.lies += lies
        return lies

    def me(self, handle: str) -> dict[str, Any]:
        person = self.people[handle]
        return {**person, "handle": handle, "preferences": {"theme": person["theme"]}}

    def me_or_a_lie(self, handle: str) -> dict[str, Any]:
        shown = self.me(handle)
        if shown["preferences"]["theme"] and self.told("P2 theme"):
            shown["preferences"] = {"theme": "theme 0"}
        if shown["name"] != "Name 0" and self.told("P2 name"):
            shown["name"] = "Name 0"
        if shown["version"] and self.told("P3"):
            shown["version"] = 0
        if self.told("P6"):
            shown["handle"] = "somebody_else"
        return shown

    def change(self, handle: str, **values: str) -> None:
        self.people[handle] |= values
        self.people[handle]["version"] += 1


class Handler(RequestHandler):
    """All of the API that the load uses."""

    def initialize(self, site: Site) -> None:
        self.site = site

    def _do(self, path: str) -> None:
        site = self.site
        given = json.loads(self.request.body) if self.request.body else {}
        if path in ("signup", "login"):
            self._enter(given["handle"], 201 if path == "signup" else 200)
            return
        session = self.get_cookie("session") or ""
        handle = site.sessions.get(session)
        if handle is None or (path == "me" and site.told("P1 session")):
            self._answer({}, 401)
        elif path == "logout":
            if site.lie != "P4":
                del site.sessions[session]
            self._answer(None, 204)
        else:
            self._serve(handle, path, given)

    get = post = put = patch = _do

    def _serve(self, handle: str, path: str, given: dict[str, Any]) -> None:
        site = self.site
        match self.request.method, path.split("/"):
            case "GET", ["me"]:
                self._answer(site.me_or_a_lie(handle))
            case "PUT", ["me"]:
                site.change(handle, name=given["name"])
                self._answer(site.me(handle))
            case "PATCH", ["me", "preferences"]:
                site.change(handle, theme=given["theme"])
                self._answer(site.me(handle))
            case "GET", ["board"]:
                cards = [self._card(card, handle) for card in site.cards[-20:]]
                self._answer({"cards": cards, "version": site.people[handle]["version"]})
            case "POST", ["cards"]:
                self._post(handle, given["text"])
            case "GET", ["cards", card_id]:
                found = [card for card in site.cards if card["id"] == card_id]
                self._answer(*([self._card(found[0], handle)] if found else [{}, 404]))
            case "PUT", ["cards", card_id, "like"]:
                site.likes[card_id].add(handle)
                self._answer({})
            case "GET", ["people", _]:
                mine = len([card for card in site.cards if card["author"] == handle])
                self._answer({"person": {"cards": mine - (site.lie == "P1 cards")}})
            case _:
                self._answer({})

    def _enter(self, handle: str, status: int) -> None:
        site = self.site
        site.people.setdefault(handle, {"theme": "", "name": "Name 0", "version": 0})
        session = f"s{len(site.sessions)}"
        site.sessions[session] = handle
        self.set_cookie("session", session)
        self._answer(site.me(handle), status)

    def _post(self, handle: str, text: str) -> None:
        site = self.site
        card = {"id": f"{len(site.cards):024x}", "author": handle, "text": text}
        if not site.told("P1 card"):
            site.cards.append(card)
        if site.told("P7"):
            site.cards.append({**card, "id": f"{len(site.cards):024x}"})
        self._answer(card, 201)

    def _card(self, card: dict[str, Any], viewer: str) -> dict[str, Any]:
        liked = viewer in self.site.likes[card["id"]]
        return {**card, "liked": liked and not self.site.told("P2 like")}

    def _answer(self, value: Any, status: int = 200) -> None:
        self.set_status(status)
        self.finish(None if value is None else json.dumps(value))


LIES = ("P1 session", "P1 card", "P1 cards", "P2 theme", "P2 name", "P2 like", "P3", "P4", "P6", "P7")


@pytest.mark.parametrize("lie", ["", *LIES])
async def test_a_broken_promise_is_noticed(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And called by its name; a site that keeps them all is blamed for nothing."""
    monkeypatch.setattr(leaver, "STALENESS_SECONDS", 0.0)
    monkeypatch.setattr(leaver, "ASKED_FOR_SECONDS", 0.1)
    monkeypatch.setattr(leaver, "ASKED_EVERY_SECONDS", 0.05)
    site = Site("")
    async with _serving(site) as url:
        crowd = Crowd(Wanted(url=url, users=3, rate=300, steps=STEPS))
        await crowd.gather()
        site.lie = lie
        crowd.start()
        async with asyncio.timeout(MOST_SECONDS):
            while not _enough(site, crowd):  # noqa: ASYNC110  # it is seen from outside, as in a real run
                await asyncio.sleep(0.02)
        await crowd.stop()
        await crowd.final_check()
    assert {each.promise for each in crowd.notes.violations} == ({lie[:2]} if lie else set()), crowd.notes.violations


def _enough(site: Site, crowd: Crowd) -> bool:
    if site.lie == "P4":
        return any(record.route.endswith("after the end") for record in crowd.notes.records)
    return site.lies >= 3 or (site.lie in ("", "P1 cards") and len(crowd.notes.records) > ENOUGH)


async def test_a_lost_request_is_never_sent_again() -> None:
    """A connection that ends after the request is a failure; one that ended before it is replaced without a word."""
    heard: list[bytes] = []

    async def answer_once_then_hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        if len(heard) != 2:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer_once_then_hang_up, "127.0.0.1", 0)
    line = Connection("127.0.0.1", server.sockets[0].getsockname()[1])
    statuses = []
    for _ in range(3):
        statuses.append((await line.ask("GET", "/", {})).status)
        await asyncio.sleep(0.05)
    assert statuses == [200, 0, 200]
    assert (len(heard), line.opened) == (3, 3)
    line.close()
    server.close()


@asynccontextmanager
async def _serving(site: Site) -> AsyncIterator[str]:
    server = HTTPServer(Application([(r"/api/v1/(.*)", Handler, {"site": site})], log_function=lambda handler: None))
    listening, port = bind_unused_port()
    server.add_socket(listening)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
        await server.close_all_connections()
