"""What people do: how many there are, how often they come, how long they stay, what they ask for.

People are active by Zipf's law (rank to the power of minus `zipf`); each comes, asks some times with think time in
between, and goes away for a while. All times are exponential and the number of requests is geometric, so the crowd is
in its steady state from the first moment on, and no request depends on how long an answer took.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lab.errors import Misuse

BOARD: Final = 0
"""Reads session, profile and board."""
PAGE: Final = 1
"""Reads session and profile."""
WRITE: Final = 2
"""Reads session and profile, and writes in a bracket: all that is cached of its owner ends."""
CARD: Final = 3
"""As WRITE, and those who follow the writer have something new on their boards."""
PREFER: Final = 4
"""Reads session and profile, and writes a field of the session."""

_SHARES = ("board_share", "write_share", "card_share", "prefer_share")
_POSITIVE = ("requests_per_session", "think_seconds", "return_seconds", "session_bytes", "profile_bytes", "board_bytes")


@dataclass(frozen=True, kw_only=True, slots=True)
class Workload:
    """Raises Misuse for what nobody could do.

    `users` are people with one browser each, `return_seconds` the mean time from a session's begin to the next one's.
    Of all requests `write_share` are bracketed writes and `prefer_share` write preferences; of the rest, `board_share`
    ask for the board; of the writes, `card_share` are cards. Everybody follows `followed` others. Bytes are those of
    the values as they are encoded in Redis.
    """

    users: int
    requests_per_session: float = 20.0
    think_seconds: float = 10.0
    return_seconds: float = 600.0
    zipf: float = 0.6
    board_share: float = 0.5
    write_share: float = 0.05
    card_share: float = 0.3
    prefer_share: float = 0.01
    followed: int = 10
    session_bytes: int = 400
    profile_bytes: int = 300
    board_bytes: int = 8000

    def __post_init__(self) -> None:
        if not 1 <= self.users <= 10_000_000:
            raise Misuse(f"There can be 1 to 10,000,000 users, not {self.users}.")
        for name in _SHARES:
            if not 0 <= getattr(self, name) <= 1:
                raise Misuse(f"{_said(name)} is a share, from 0 to 1, not {getattr(self, name)}.")
        if self.write_share + self.prefer_share > 1:
            raise Misuse(f"Writes cannot be more than all requests: {self.write_share} and {self.prefer_share}.")
        for name in _POSITIVE:
            if not 0 < getattr(self, name) < 1e9:
                raise Misuse(f"{_said(name)} must be above 0, not {getattr(self, name)}.")
        if self.requests_per_session < 1:
            raise Misuse(f"A session has at least 1 request, not {self.requests_per_session}.")
        if not 0 <= self.zipf <= 3 or self.followed < 0:
            raise Misuse(f"Zipf's exponent is 0 to 3 and nobody follows less than 0: {self.zipf}, {self.followed}.")


class Arrivals(NamedTuple):
    """Requests in the order they come: when, whose, and of which kind.

    Those before 0 are the last requests of people who are away when it begins.
    """

    at: NDArray[np.float64]
    user: NDArray[np.int64]
    kind: NDArray[np.int8]


def arrivals(workload: Workload, seconds: float, rng: np.random.Generator, *, remembered_seconds: float) -> Arrivals:
    """Everything that comes within `seconds`; who was last here longer than `remembered_seconds` ago begins anew."""
    users = np.arange(workload.users)
    away = _away_seconds(workload, rng)
    staying = _staying_seconds(workload)
    here = rng.random(workload.users) < staying / (staying + away)
    left_at = -rng.exponential(away)
    known = ~here & (left_at > -remembered_seconds)
    times, whose = [left_at[known]], [users[known]]
    next_at = np.where(here, rng.exponential(workload.think_seconds, workload.users), rng.exponential(away))
    who = users[next_at < seconds]
    while who.size:
        at = next_at[who]
        times.append(at)
        whose.append(who)
        goes = rng.random(who.size) < 1 / workload.requests_per_session
        pause = np.where(goes, away[who], workload.think_seconds)
        next_at[who] = at + rng.exponential(pause)
        who = who[next_at[who] < seconds]
    at, user = np.concatenate(times), np.concatenate(whose)
    order = np.argsort(at, kind="stable")
    at, user = at[order], user[order]
    return Arrivals(at, user, _kinds(workload, at, rng))


def _away_seconds(workload: Workload, rng: np.random.Generator) -> NDArray[np.float64]:
    """For how long each stays away on average; nobody for less than they think between two requests."""
    weight = rng.permutation(np.arange(1, workload.users + 1, dtype=np.float64) ** -workload.zipf)
    cycle = workload.return_seconds * weight.mean() / weight
    longest: NDArray[np.float64] = np.maximum(cycle - _staying_seconds(workload), workload.think_seconds)
    return longest


def _staying_seconds(workload: Workload) -> float:
    """From a session's first request to its last one, on average: behind the last one nobody thinks."""
    return (workload.requests_per_session - 1) * workload.think_seconds


def _kinds(workload: Workload, at: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int8]:
    writes, cards = workload.write_share, workload.write_share * workload.card_share
    prefers = writes + workload.prefer_share
    boards = prefers + (1 - prefers) * workload.board_share
    drawn = rng.random(at.size)
    drawn = np.where(at < 0, prefers + drawn * (1 - prefers), drawn)  # what was written before is settled
    edges = np.array([cards, writes, prefers, boards])
    kinds: NDArray[np.int8] = np.array([CARD, WRITE, PREFER, BOARD, PAGE], dtype=np.int8)[
        np.searchsorted(edges, drawn, side="right")
    ]
    return kinds


def _said(name: str) -> str:
    return name.replace("_", " ").capitalize()
