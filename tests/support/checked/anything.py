"""Histories of one register in which anything may have happened, right or wrong."""

import random

from lab.history import History, Kind, Outcome, Request

B_SECONDS = 2.0


def anything(seed: int, requests: int, browsers: int) -> History:
    """Writes and reads at random moments; a read shows any number that was sent by then."""
    chance = random.Random(seed)
    history = History("sticky", B_SECONDS)
    history.requests.append(_request(chance, 0, "login", started=0.0, ended=0.001, outcome="done"))
    sent: list[tuple[float, int]] = [(0.0, 0)]
    times = sorted(chance.uniform(1, 15) for _ in range(requests))
    for started in times:
        ended = started + chance.choice([0.01, 0.5, 4.0]) * chance.random()
        browser = chance.randrange(browsers)
        if chance.random() < 0.35:
            outcome: Outcome = chance.choice(["done", "done", "unknown"])
            number = len(sent)
            sent.append((started, number))
            history.requests.append(
                _request(chance, browser, "write", started=started, ended=ended, outcome=outcome, wrote=number)
            )
        else:
            possible = [number for began, number in sent if began <= ended]
            saw = chance.choice(possible[-3:] if chance.random() < 0.7 else possible)
            history.requests.append(
                _request(chance, browser, "read", started=started, ended=ended, outcome="done", saw=saw)
            )
    chance.shuffle(history.requests)
    return history


def _request(
    chance: random.Random,
    browser: int,
    kind: Kind,
    *,
    started: float,
    ended: float,
    outcome: Outcome,
    wrote: int | None = None,
    saw: int | None = None,
) -> Request:
    return Request(
        started=started,
        ended=ended,
        user="ann",
        browser=f"b{browser}",
        session="signing up" if kind == "login" else f"s{browser}",
        kind=kind,
        method="GET" if kind == "read" else "PUT",
        route="signup" if kind == "login" else "me",
        outcome=outcome,
        status=200 if outcome == "done" else 0,
        instance=f"web-{chance.randint(1, 3)}",
        wrote={} if wrote is None else {"name": wrote},
        saw={} if saw is None else {"name": saw},
    )
