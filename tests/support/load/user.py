"""A simulated person in a browser: signs up, reads, writes, and checks what each answer shows.

How they treat the affinity cookie is their `kind`: `obeys` like a browser; `ignores` never sends it; `keeps` sends
for ever the first one it was given; `wanders` sends one at random that somebody was given.
"""

import json
import random
import re
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from load.connection import Connection, Reply
from load.ledger import Before, Ledger
from load.records import Record, Violation

AFFINITY = "SRV"
PASSWORD = "correct horse battery"
KINDS = ("obeys",) * 7 + ("ignores", "keeps", "wanders")
DETAIL = re.compile(r'detail="(session|board)-(hot|redis|load)(?:-stale-(\w+))?"')
DENIED = (400, 401, 403, 404, 409, 413, 422)

# How often each step is taken, of a hundred; the last four write.
STEPS = {"board": 46, "me": 30, "card": 14, "theme": 4, "name": 2, "like": 2, "post": 2}


class UserState(msgspec.Struct):
    """What a browser holds, and what its checker knows: enough to go on in another process."""

    kind: str
    cookies: dict[str, str]
    ledger: Ledger
    kept: str = ""
    last_instance: str = ""


class Notes:
    """What all users saw together. `affinities` are the last affinity cookies anybody was given; `lateness` when this
    process itself was woken late, and by how many ms: the machine's fault, not the site's."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.violations: list[Violation] = []
        self.lateness: list[tuple[float, float]] = []
        self.affinities: list[str] = []
        self.cards: list[str] = []

    def add_affinity(self, value: str) -> None:
        if value not in self.affinities:
            self.affinities = [*self.affinities[-15:], value]

    def add_card(self, card_id: str) -> None:
        self.cards = [*self.cards[-199:], card_id]


class User:
    """`state` is theirs; `notes` everybody's. `lost` once their session is gone: they ask nothing more."""

    def __init__(self, state: UserState, notes: Notes, chance: random.Random) -> None:
        self.state = state
        self.ledger = state.ledger
        self.lost = False
        self._notes = notes
        self._chance = chance

    async def sign_up(self, line: Connection) -> None:
        body = {"handle": self.ledger.handle, "password": PASSWORD, "name": "Name 0"}
        reply = await self.ask(line, "POST", "signup", "/api/v1/signup", body, expected=(201,))
        if reply.status != 201:
            raise RuntimeError(f"sign-up: {reply.status} {reply.lost} {reply.body[:200]!r}")
        self.ledger.saw_version(json.loads(reply.body)["version"])

    async def log_in(self, line: Connection) -> Reply:
        body = {"handle": self.ledger.handle, "password": PASSWORD}
        return await self.ask(line, "POST", "login", "/api/v1/login", body)

    async def follow(self, line: Connection, handle: str) -> None:
        await self.ask(line, "PUT", "follow", f"/api/v1/people/{handle}/follow")

    async def step(self, line: Connection, steps: dict[str, int], *, may_write: bool) -> None:
        """One request of the mix; a card whose answer was lost is sent again first, under its key."""
        names = [name for name in steps if may_write or name in ("board", "me", "card")]
        name = self._chance.choices(names, [steps[each] for each in names])[0]
        if may_write and self.ledger.pending:
            name = "post"
        await getattr(self, f"_{name}")(line)

    async def final_check(self, line: Connection) -> bool:
        """Looks for everything that was acknowledged; False if an answer did not come: look again."""
        if self.ledger.pending:
            await self._post(line)
        me = await self._me(line)
        seen = await self.ask(line, "GET", "person", f"/api/v1/people/{self.ledger.handle}")
        if me.status != 200 or seen.status != 200 or self.ledger.pending:
            return False
        cards = json.loads(seen.body)["person"]["cards"]
        self._blame(self.ledger.faults_of_count(cards), "GET person", seen.first("x-instance"))
        return True

    # Steps

    async def _me(self, line: Connection) -> Reply:
        before = self.ledger.before()
        reply = await self.ask(line, "GET", "me", "/api/v1/me")
        self._judge_me(reply, before)
        return reply

    async def _board(self, line: Connection) -> None:
        before = self.ledger.before()
        reply = await self.ask(line, "GET", "board", "/api/v1/board")
        if reply.status == 200 and _stale(reply) != "outage":
            answer = json.loads(reply.body)
            faults = self.ledger.faults_of_version(answer, before)
            for card in answer["cards"]:
                faults += self.ledger.faults_of_card(card, before)
            self._blame(faults, "GET board", reply.first("x-instance"))
            self.ledger.saw_version(answer["version"])

    async def _card(self, line: Connection) -> None:
        if not self._notes.cards:
            await self._board(line)
            return
        before = self.ledger.before()
        own = bool(self.ledger.cards) and self._chance.random() < 0.5
        card_id = self._chance.choice(self.ledger.cards if own else self._notes.cards)
        reply = await self.ask(line, "GET", "card", f"/api/v1/cards/{card_id}")
        if reply.status == 404:
            self._blame([("P1", f"card {card_id} was acknowledged and is gone")], "GET card", reply.first("x-instance"))
        if reply.status == 200:
            self._blame(
                self.ledger.faults_of_card(json.loads(reply.body), before), "GET card", reply.first("x-instance")
            )

    async def _theme(self, line: Connection) -> None:
        number = self.ledger.theme.next()
        reply = await self.ask(line, "PATCH", "preferences", "/api/v1/me/preferences", {"theme": f"theme {number}"})
        self.ledger.theme.settle(number, _done(reply))
        self._note_version(reply)

    async def _name(self, line: Connection) -> None:
        number = self.ledger.name.next()
        reply = await self.ask(line, "PUT", "profile", "/api/v1/me", {"name": f"Name {number}", "bio": ""})
        self.ledger.name.settle(number, _done(reply))
        self._note_version(reply)

    async def _like(self, line: Connection) -> None:
        if not self._notes.cards:
            await self._me(line)
            return
        card_id = self._chance.choice(self._notes.cards)
        reply = await self.ask(line, "PUT", "like", f"/api/v1/cards/{card_id}/like")
        if reply.status == 200:
            self.ledger.liked.add(card_id)

    async def _post(self, line: Connection) -> None:
        ledger = self.ledger
        if not ledger.pending:
            ledger.keys += 1
            ledger.pending = f"{ledger.handle}-{ledger.keys}"
        body, headers = {"text": f"Card {ledger.pending}"}, {"Idempotency-Key": ledger.pending}
        reply = await self.ask(line, "POST", "cards", "/api/v1/cards", body, headers=headers, expected=(201,))
        if reply.status == 201:
            card_id = json.loads(reply.body)["id"]
            ledger.acknowledge_card(card_id)
            self._notes.add_card(card_id)

    # How

    async def ask(
        self,
        line: Connection,
        method: str,
        route: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        headers: dict[str, str] | None = None,
        expected: Sequence[int] = (200,),
    ) -> Reply:
        """One request with this browser's cookies, noted whatever becomes of it."""
        sent = {**(headers or {}), "Cookie": self._cookies()}
        content = b""
        if body is not None:
            content = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        before, at = self.state.last_instance, time.monotonic()
        reply = await line.ask(method, path, sent, content)
        took_ms = (time.monotonic() - at) * 1000
        self._keep_cookies(reply)
        instance = reply.first("x-instance")
        tiers = {found[1]: found[2] for found in DETAIL.finditer(", ".join(reply.all("cache-status")))}
        self._notes.records.append(
            Record(
                at=at,
                ms=round(took_ms, 3),
                user=self.ledger.handle,
                kind=self.state.kind,
                method=method,
                route=route,
                status=reply.status,
                instance=instance,
                before=before,
                session=tiers.get("session", ""),
                board=tiers.get("board", ""),
                stale=_stale(reply),
                ok=reply.status in expected,
                keyed="Idempotency-Key" in sent,
                note=reply.lost or ("" if reply.status in expected else reply.body[:160].decode("utf-8", "replace")),
            )
        )
        self.state.last_instance = instance or before
        if reply.status == 401 and 401 not in expected:
            self.lost = True
            self._blame([("P1", "the session is gone")], f"{method} {route}", instance)
        return reply

    def _judge_me(self, reply: Reply, before: Before) -> None:
        if reply.status != 200 or _stale(reply) == "outage":
            return
        answer = json.loads(reply.body)
        self._blame(self.ledger.faults_of_me(answer, before), "GET me", reply.first("x-instance"))
        self.ledger.saw_version(answer["version"])

    def _note_version(self, reply: Reply) -> None:
        if reply.status == 200:
            answer = json.loads(reply.body)
            if answer["handle"] != self.ledger.handle:
                self._blame([("P6", f"shown {answer['handle']}")], "a write", reply.first("x-instance"))
            self.ledger.saw_version(answer["version"])

    def _blame(self, faults: list[tuple[str, str]], request: str, instance: str) -> None:
        for promise, what in faults:
            self._notes.violations.append(
                Violation(time.monotonic(), promise, self.ledger.handle, request, instance, what)
            )

    def _cookies(self) -> str:
        cookies = dict(self.state.cookies)
        match self.state.kind:
            case "ignores":
                cookies.pop(AFFINITY, None)
            case "keeps" if self.state.kept:
                cookies[AFFINITY] = self.state.kept
            case "wanders" if self._notes.affinities:
                cookies[AFFINITY] = self._chance.choice(self._notes.affinities)
        return "; ".join(f"{name}={value}" for name, value in cookies.items())

    def _keep_cookies(self, reply: Reply) -> None:
        for line in reply.all("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if value in ("", '""'):
                self.state.cookies.pop(name, None)
                continue
            self.state.cookies[name] = value
            if name == AFFINITY:
                self.state.kept = self.state.kept or value
                self._notes.add_affinity(value)


def _stale(reply: Reply) -> str:
    """Why the answer is marked stale, "" if it is not."""
    found = [each[3] for each in DETAIL.finditer(", ".join(reply.all("cache-status"))) if each[3]]
    return "outage" if "outage" in found else next(iter(found), "")


def _done(reply: Reply) -> bool | None:
    """Whether a write was done: None, where nobody knows."""
    if reply.status in (200, 201, 204):
        return True
    return False if reply.status in DENIED else None
