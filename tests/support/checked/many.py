"""A large history of a site that keeps its promises: users with two browsers, who read, write names and cards."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lab.history import History, Request


@dataclass
class Someone:
    """A user, and what is true of them."""

    name: str
    version: int = 1
    number: int = 0
    cards: list[str] = field(default_factory=list)


def many_requests(users: int, requests_each: int) -> History:
    """So many requests of each, about one per second."""
    chance = random.Random(1)
    history = History("sticky", 2.0)
    for number in range(users):
        history.requests.extend(_life(Someone(f"u{number}"), requests_each, chance))
    return history


def _life(someone: Someone, requests: int, chance: random.Random) -> Iterator[Request]:
    moment = chance.random()
    yield _request(someone, "a", moment, kind="login", method="POST", route="signup", version=1)
    for _ in range(requests - 1):
        moment += 0.02 + chance.expovariate(1)
        browser = "a" if chance.random() < 0.8 else "b"
        yield _request(someone, browser, moment, **_step(someone, chance))


def _step(someone: Someone, chance: random.Random) -> dict[str, Any]:
    what = chance.random()
    if what < 0.05:
        someone.number += 1
        someone.version += 1
        register = {"name": someone.number}
        return {
            "kind": "write", "method": "PUT", "route": "me", "wrote": register, "saw": register,
            "version": someone.version,
        }  # fmt: skip
    if what < 0.1:
        someone.version += 1
        someone.cards.append(f"{someone.name}c{len(someone.cards)}")
        made = someone.cards[-1]
        return {"kind": "write", "method": "POST", "route": "cards", "key": made, "made": (made,)}
    if what < 0.6:
        me = {"saw": {"name": someone.number}, "count": len(someone.cards), "version": someone.version}
        return {"kind": "read", "method": "GET", "route": "me", **me}
    shown = tuple(someone.cards[-3:])
    return {"kind": "read", "method": "GET", "route": "board", "shown": shown, "version": someone.version}


def _request(someone: Someone, browser: str, started: float, **more: Any) -> Request:
    return Request(
        started=started,
        ended=started + 0.01,
        user=someone.name,
        browser=someone.name + browser,
        session=f"{someone.name} {browser}",
        outcome="done",
        status=200,
        instance="web-1",
        owner=someone.name,
        **more,
    )
