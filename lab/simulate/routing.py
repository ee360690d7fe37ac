"""Which slot a person's request goes to: by a cookie, in turn, or by a hash. Slots are numbered from 0.

A slot is `usable` (gets anybody), only `open` (draining: gets those whose cookie names it, and nobody new), or neither.
"""

import heapq
from collections.abc import Collection
from hashlib import blake2b
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lab.errors import Misuse
from lab.simulate.affinity import COOKIE_IDLE_SECONDS, COOKIE_LIFE_SECONDS

NAMES: Final = ("sticky", "hash", "round robin")
FIRST_CHOICES: Final = ("roundrobin", "leastconn")
POINTS: Final = 160
NOWHERE: Final = -1


class Routing(Protocol):
    """Where requests go. `binds`: whether the application may send a person elsewhere for good."""

    binds: bool

    def fleet_is(self, usable: Collection[int], draining: Collection[int] = ()) -> None:
        """Told whenever a slot comes or goes."""

    def slot_of(self, user: int, now: float) -> int:
        """Where this request goes."""

    def send(self, user: int, slot: int, now: float) -> None:
        """Gives them another slot's cookie, or none (NOWHERE); nothing where routing does not bind."""


class Sticky:
    """HAProxy's cookie (`haproxy.cfg`: cookie ... insert indirect preserve maxidle maxlife).

    Who has no cookie, one that is over, or one of a slot that is not there, is balanced: in turn, as `balance
    roundrobin` has it, or to the slot with the fewest people (`leastconn`), and stays there.
    """

    binds = True

    def __init__(self, users: int, first_choice: str = "roundrobin") -> None:
        if first_choice not in FIRST_CHOICES:
            raise Misuse(f"The first choice is one of {', '.join(FIRST_CHOICES)}, not {first_choice!r}.")
        self._home = [NOWHERE] * users
        self._seen_at = [0.0] * users
        self._given_at = [0.0] * users
        self._open: set[int] = set()
        self._balance: _Turns | _Fewest = _Turns() if first_choice == "roundrobin" else _Fewest()

    def fleet_is(self, usable: Collection[int], draining: Collection[int] = ()) -> None:
        """See `Routing`."""
        self._open = {*usable, *draining}
        self._balance.fleet_is(sorted(usable))

    def slot_of(self, user: int, now: float) -> int:
        """See `Routing`."""
        home = self._home[user]
        bound = (
            home in self._open
            and now - self._seen_at[user] <= COOKIE_IDLE_SECONDS
            and now - self._given_at[user] <= COOKIE_LIFE_SECONDS
        )
        if not bound:
            home = self._balance.next()
            self.send(user, home, now)
        self._seen_at[user] = now
        return home

    def send(self, user: int, slot: int, now: float) -> None:
        """See `Routing`."""
        self._balance.moved(self._home[user], slot)
        self._home[user], self._given_at[user] = slot, now


class RoundRobin:
    """Each request to the next slot, whoever asks (`balance roundrobin` without a cookie)."""

    binds = False

    def __init__(self) -> None:
        self._turns = _Turns()

    def fleet_is(self, usable: Collection[int], draining: Collection[int] = ()) -> None:
        """See `Routing`."""
        del draining
        self._turns.fleet_is(sorted(usable))

    def slot_of(self, user: int, now: float) -> int:
        """See `Routing`."""
        del user, now
        return self._turns.next()

    def send(self, user: int, slot: int, now: float) -> None:
        """See `Routing`."""


class ConsistentHash:
    """A ring of `POINTS` points a slot; a person belongs to the next point behind their own.

    Karger et al., 1997; the number of points is ketama's. What HAProxy does with `hash-type consistent` on a header.
    """

    binds = False

    def __init__(self, users: int) -> None:
        self._points = _spread(np.arange(users, dtype=np.uint64))
        self._of_slot: dict[int, NDArray[np.uint64]] = {}
        self._slots: list[int] = []

    def fleet_is(self, usable: Collection[int], draining: Collection[int] = ()) -> None:
        """See `Routing`."""
        del draining
        slots = sorted(usable)
        for slot in slots:
            if slot not in self._of_slot:
                self._of_slot[slot] = _points_of(slot)
        ring = np.concatenate([self._of_slot[slot] for slot in slots])
        owners = np.repeat(np.array(slots), POINTS)
        order = np.argsort(ring, kind="stable")
        places = np.searchsorted(ring[order], self._points) % ring.size
        self._slots = owners[order][places].tolist()

    def slot_of(self, user: int, now: float) -> int:
        """See `Routing`."""
        del now
        return self._slots[user]

    def send(self, user: int, slot: int, now: float) -> None:
        """See `Routing`."""


class _Turns:
    """One after the other."""

    def __init__(self) -> None:
        self._slots: list[int] = []
        self._turn = 0

    def fleet_is(self, usable: list[int]) -> None:
        self._slots = usable

    def next(self) -> int:
        self._turn = (self._turn + 1) % len(self._slots)
        return self._slots[self._turn]

    def moved(self, before: int, after: int) -> None:
        """Of no interest to whose turn it is."""


class _Fewest:
    """The slot that the fewest people are bound to, the lowest of several. What changed since is looked at when met."""

    def __init__(self) -> None:
        self._usable: set[int] = set()
        self._people: dict[int, int] = {}
        self._heap: list[tuple[int, int]] = []

    def fleet_is(self, usable: list[int]) -> None:
        self._usable = set(usable)
        self._heap = [(self._people.setdefault(slot, 0), slot) for slot in usable]
        heapq.heapify(self._heap)

    def next(self) -> int:
        while True:
            people, slot = self._heap[0]
            if slot in self._usable and people == self._people[slot]:
                return slot
            heapq.heappop(self._heap)

    def moved(self, before: int, after: int) -> None:
        for slot, change in ((before, -1), (after, 1)):
            if slot != NOWHERE:
                self._people[slot] = self._people.get(slot, 0) + change
                if slot in self._usable:
                    heapq.heappush(self._heap, (self._people[slot], slot))


def routing_of(name: str, users: int, first_choice: str = "roundrobin") -> Routing:
    """The routing of this name. Raises Misuse."""
    match name:
        case "sticky":
            return Sticky(users, first_choice)
        case "hash":
            return ConsistentHash(users)
        case "round robin":
            return RoundRobin()
    raise Misuse(f"There is no routing {name!r}; there are: {', '.join(NAMES)}.")


def _points_of(slot: int) -> NDArray[np.uint64]:
    digests = (blake2b(f"web-{slot + 1}#{point}".encode(), digest_size=8).digest() for point in range(POINTS))
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


def _spread(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of splitmix64 (Steele, Lea, Flood 2014): near numbers land far from each other."""
    z = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    spread: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return spread
