"""Histories of a site that keeps its promises, made up at random: what the checker must never blame.

There is a truth at each moment. A write happens at one moment between its start and its answer; of unknown outcome, at
any moment after its start, or never. A read shows the truth of one moment: not before what its browser knew, not
more than B before it was sent, not after its answer.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from lab.history import Disturbance, History, Kind, Outcome, Request

B_SECONDS = 2.0
OUTAGE_SECONDS = 6.0


@dataclass
class Effect:
    """What a write did, at which moment; `gone` from when on it was lost."""

    at: float
    cell: tuple[str, str, str]
    number: int
    gone: float = float("inf")


@dataclass
class Tab:
    """A browser. `known` is the moment of the newest truth it has seen, by when that answer came."""

    user: str
    name: str
    session: str
    known: list[tuple[float, float]] = field(default_factory=list)

    def floor(self, started: float) -> float:
        """What an answer has to show at least, as a moment."""
        return max((moment for ended, moment in self.known if ended < started), default=0.0)


@dataclass(frozen=True)
class Shape:
    """How a made-up history is. `losing`: an outage takes what it took with it; `new` users signed up within it."""

    seed: int
    requests: int = 40
    users: int = 2
    browsers: int = 2
    losing: bool = False
    outage: bool = False
    new: bool = True
    span_seconds: float = 12.0


class Correct:
    """One such history, in `history`. `effects` is the truth."""

    def __init__(self, shape: Shape) -> None:
        self._shape, self._chance = shape, random.Random(shape.seed)
        self.history = History("sticky", B_SECONDS)
        self.effects: list[Effect] = []
        self._ends: dict[str, tuple[float, str, float]] = {}
        self._numbers: dict[tuple[str, str], int] = defaultdict(int)
        self._cards: dict[str, list[str]] = defaultdict(list)
        self._cards_before = 0 if shape.new else self._chance.randint(0, 5)
        self._away = (4.0, 4.0 + OUTAGE_SECONDS) if shape.outage or shape.losing else None
        self._tabs: list[Tab] = []
        for user in range(shape.users):
            for browser in range(shape.browsers):
                name = f"u{user}"
                self._tabs.append(Tab(name, f"{name}b{browser}", f"{name}b{browser}s"))
        self._sign_up()
        self._plan()
        self._disturb()
        self._read_all()
        self._chance.shuffle(self.history.requests)

    # The truth

    def truth(self, cell: tuple[str, str, str], moment: float) -> int:
        """The number a register has."""
        done = [each for each in self.effects if each.cell == cell and each.at <= moment < each.gone]
        return max(done, key=lambda each: each.at).number if done else 0

    def _count(self, user: str, moment: float) -> int:
        there = [self.truth((user, "", card), moment) for card in self._cards[user]]
        return self._cards_before + sum(there)

    def _version(self, user: str, moment: float) -> int:
        return 1 + sum(each.cell[0] == user and each.at <= moment < each.gone for each in self.effects)

    # Writing

    def _sign_up(self) -> None:
        for place, tab in enumerate(self._tabs):
            sent = "POST signup" if self._shape.new and place % self._shape.browsers == 0 else "POST login"
            moment = 0.1 + place * 0.01
            self._add(tab, "login", sent, moment, moment + 0.005)

    def _plan(self) -> None:
        """All writes; reads are only noted down, as what they show depends on all writes."""
        self._reads: list[tuple[Tab, float, float]] = []
        for _ in range(self._shape.requests):
            tab = self._chance.choice(self._tabs)
            started = self._chance.uniform(1, self._shape.span_seconds)
            ended = started + self._chance.choice([0.01, 0.1, 1.0, 3.0]) * self._chance.random()
            what = self._chance.choice(["read"] * 6 + ["name", "theme", "card", "end"])
            if what == "read":
                self._reads.append((tab, started, ended))
            elif what == "end":
                self._end(tab, started, ended)
            else:
                self._write(tab, what, started, ended)

    def _write(self, tab: Tab, what: str, started: float, ended: float) -> None:
        over = self._ends.get(tab.session, (float("inf"), "", 0.0))[0]
        outcome: Outcome = self._chance.choice(["done", "done", "done", "refused", "unknown"])
        moment = self._chance.uniform(started, ended)
        if outcome == "unknown":
            moment = started + self._chance.choice([ended - started, 5.0, 1e9]) * self._chance.random()
        if moment >= over:
            outcome, moment = "refused", 1e9
        if what == "card":
            self._write_card(tab, started, ended, outcome, moment)
            return
        cell = (tab.user, tab.session if what == "theme" else "", what)
        self._numbers[tab.user, what] += 1
        number = self._numbers[tab.user, what]
        if outcome != "refused":
            self.effects.append(Effect(moment, cell, number))
        self._add(tab, "write", f"PUT {what}", started, ended, outcome=outcome, wrote={what: number})
        if outcome == "done":
            tab.known.append((ended, moment))

    def _write_card(self, tab: Tab, started: float, ended: float, outcome: Outcome, moment: float) -> None:
        """Sent again under its key if nobody knows what came of it; it happens once, at the first moment of the two."""
        card = f"{tab.user}c{len(self._cards[tab.user])}"
        self._cards[tab.user].append(card)
        again = ended + self._chance.random()
        over = self._ends.get(tab.session, (float("inf"), "", 0.0))[0]
        made = (card,) if outcome == "done" else ()
        self._add(tab, "write", "POST cards", started, ended, outcome=outcome, key=card, made=made)
        if outcome == "unknown" and again + 0.1 < over and self._chance.random() < 0.7:
            moment = min(moment, again + 0.05)
            self._add(tab, "write", "POST cards", again, again + 0.1, key=card, made=(card,))
            tab.known.append((again + 0.1, moment))
        elif outcome == "done":
            tab.known.append((ended, moment))
        if outcome != "refused":
            self.effects.append(Effect(moment, (tab.user, "", card), 1))

    def _end(self, tab: Tab, started: float, ended: float) -> None:
        """Another browser of the user ends this one's session; once, and only where nothing was written after it."""
        others = [
            each for each in self._tabs if each.user == tab.user and each.session not in (tab.session, *self._ends)
        ]
        moment = self._chance.uniform(started, ended)
        latest = max((each.ended for each in self.history.requests if each.session == tab.session), default=0.0)
        if not others or tab.session in self._ends or latest >= moment or self._chance.random() < 0.5:
            return
        by = self._chance.choice(others)
        self._ends[tab.session] = moment, "web-1", ended
        self._add(by, "revoke", "DELETE sessions", started, ended, ends=(tab.session,))

    def _disturb(self) -> None:
        if self._away is None:
            return
        began, ended = self._away
        losing = ("name", "theme", "cards", "versions") if self._shape.losing else ()
        self.history.disturbances.append(
            Disturbance(
                began, ended, ended, "outage", "stop", "redis", losing=losing, losing_seconds=1.0, stales=("redis",)
            )
        )
        for effect in self.effects if losing else ():
            if began - 1.0 <= effect.at <= began and self._chance.random() < 0.7:
                effect.gone = began

    # Reading

    def _read_all(self) -> None:
        for tab, started, ended in sorted(self._reads, key=lambda each: each[1]):
            over, _, known = self._ends.get(tab.session, (float("inf"), "", float("inf")))
            floor = max(tab.floor(started), started - B_SECONDS)
            if started > over and (started >= known or self._chance.random() < 0.5):
                self._add(tab, "read", "GET me", started, ended, outcome="refused", status=401)
                continue
            stale = self._away is not None and self._away[0] <= started <= self._away[1] and self._chance.random() < 0.5
            if stale:
                moment = self._chance.uniform(max(0.0, started - 8), started)
            else:
                moment = self._chance.uniform(floor, ended) if floor < ended else floor
            tab.known.append((ended, moment))
            self._read(tab, started, ended, moment, stale="outage" if stale else "")

    def _read(self, tab: Tab, started: float, ended: float, moment: float, *, stale: str) -> None:
        user = tab.user
        there = {each for each in self._cards[user] if self.truth((user, "", each), moment)}
        self._add(
            tab,
            "read",
            "GET me",
            started,
            ended,
            saw={
                "name": self.truth((user, "", "name"), moment),
                "theme": self.truth((user, tab.session, "theme"), moment),
            },
            shown=tuple(sorted(there)),
            missing=tuple(sorted(set(self._cards[user]) - there)),
            owner=user,
            count=self._count(user, moment),
            version=self._version(user, moment),
            stale=stale,
        )

    def _add(
        self, tab: Tab, kind: Kind, sent: str, started: float, ended: float, *, outcome: Outcome = "done", **more: Any
    ) -> None:
        method, route = sent.split(" ")
        self.history.requests.append(
            Request(
                started=started,
                ended=ended,
                user=tab.user,
                browser=tab.name,
                session=tab.session,
                kind=kind,
                method=method,
                route=route,
                outcome=outcome,
                status=more.pop("status", {"done": 200, "refused": 409, "unknown": 0}[outcome]),
                instance="web-9" if kind == "read" else f"web-{1 + self._chance.randrange(3)}",
                **more,
            )
        )
