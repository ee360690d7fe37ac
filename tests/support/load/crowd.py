"""All simulated users of one site, at a steady total rate, in one event loop."""

import asyncio
import random
import secrets
import time
from urllib.parse import urlsplit

import msgspec
from load.connection import PATIENCE_SECONDS, Connection
from load.leaver import keep_leaving
from load.ledger import Ledger
from load.user import KINDS, STEPS, Notes, User, UserState

FOLLOWED = 4
FIRST_CARDS = 2
SIGNED_UP_AT_ONCE = 4
FINAL_SECONDS = 20.0
NAP_SECONDS = 0.05
NOTED_LATENESS_MS = 20.0
TABS_OF_EVERY = 5  # every fifth user has two tabs


class Wanted(msgspec.Struct, frozen=True):
    """What is to be simulated. `states` are users that exist already; `rate` is requests per second of all together."""

    url: str
    users: int
    rate: float
    seed: int = 1
    kinds: tuple[str, ...] = KINDS
    steps: dict[str, int] = msgspec.field(default_factory=lambda: dict(STEPS))
    leavers: int = 1
    states: list[UserState] = []


class Crowd:
    """The users. `gather` makes them, `live` lets them ask until `stop`, `final_check` looks at what is left."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._chance = random.Random(wanted.seed)
        self._stopping = asyncio.Event()
        self._place = urlsplit(wanted.url)
        self.notes = Notes()
        states = list(wanted.states) or [_newcomer(wanted.kinds[n % len(wanted.kinds)]) for n in range(wanted.users)]
        self.users = [self._user(state) for state in states]
        self._are_new = not wanted.states
        self._lives: list[asyncio.Task[None]] = []

    async def gather(self) -> None:
        """Signs them up, lets them follow each other and write a few cards each. Nothing of it is in the records."""
        for user in self.users:
            for card_id in user.ledger.cards:
                self.notes.add_card(card_id)
        if self._are_new:
            gate = asyncio.Semaphore(SIGNED_UP_AT_ONCE)
            for beginning in (self._sign_up, self._settle_in):
                async with asyncio.TaskGroup() as entering:
                    for user in self.users:
                        entering.create_task(beginning(user, gate))
        if self.notes.violations or (self._are_new and not all(record.ok for record in self.notes.records)):
            raise RuntimeError(f"the users could not be made: {self.notes.violations or self.notes.records[-5:]}")
        self.notes.records.clear()

    def start(self) -> None:
        tabs = [(user, n == 0) for place, user in enumerate(self.users) for n in range(_tabs(place))]
        think_seconds = len(tabs) / self._wanted.rate
        self._lives = [asyncio.create_task(self._live(user, think_seconds, writes)) for user, writes in tabs]
        self._lives.append(asyncio.create_task(self._nap()))
        for _ in range(self._wanted.leavers):
            self._lives.append(asyncio.create_task(self._leave()))

    async def stop(self) -> None:
        """Nobody asks any more; what was asked is answered."""
        self._stopping.set()
        if self._lives:
            _, late = await asyncio.wait(self._lives, timeout=PATIENCE_SECONDS + 10)
            for life in late:
                life.cancel()
            for life in self._lives:
                if life.done() and not life.cancelled() and (error := life.exception()):
                    raise error

    async def final_check(self) -> list[str]:
        """Everything acknowledged is there; the handles of those who could not be asked."""
        deadline = time.monotonic() + FINAL_SECONDS

        async def check(user: User) -> str:
            line = self._line()
            try:
                while not user.lost and not await user.final_check(line):
                    if time.monotonic() > deadline:
                        return user.ledger.handle
                    await asyncio.sleep(0.3)
                return ""
            finally:
                line.close()

        unasked = [await check(user) for user in self.users]
        return [handle for handle in unasked if handle]

    async def _sign_up(self, user: User, gate: asyncio.Semaphore) -> None:
        async with gate:
            line = self._line()
            await user.sign_up(line)
            line.close()

    async def _settle_in(self, user: User, gate: asyncio.Semaphore) -> None:
        async with gate:
            line = self._line()
            others = [each.ledger.handle for each in self.users if each is not user]
            for handle in self._chance.sample(others, min(FOLLOWED, len(others))):
                await user.follow(line, handle)
            for _ in range(FIRST_CARDS):
                await user.step(line, {"post": 1}, may_write=True)
            line.close()

    async def _live(self, user: User, think_seconds: float, writes: bool) -> None:
        """Asks when it is due, however long the answer before took; what is overdue by more than one is dropped."""
        line = self._line()
        due = time.monotonic() + self._chance.random() * think_seconds
        while not user.lost and not await self._told_to_stop(due):
            await user.step(line, self._wanted.steps, may_write=writes)
            due = max(due + think_seconds * self._chance.uniform(0.5, 1.5), time.monotonic() - think_seconds)
        line.close()

    async def _nap(self) -> None:
        while not self._stopping.is_set():
            at = time.monotonic()
            await asyncio.sleep(NAP_SECONDS)
            late_ms = (time.monotonic() - at - NAP_SECONDS) * 1000
            if late_ms > NOTED_LATENESS_MS:
                self.notes.lateness.append((at, late_ms))

    async def _leave(self) -> None:
        line = self._line()
        user = self._user(_newcomer("wanders"))
        try:
            await user.sign_up(line)
        except RuntimeError:
            return  # the site was away when they came; noted as any other request
        await keep_leaving(user, line, self.notes, self._stopping)
        line.close()

    async def _told_to_stop(self, until: float) -> bool:
        seconds = until - time.monotonic()
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._stopping.wait()
            except TimeoutError:
                pass
        return self._stopping.is_set()

    def _line(self) -> Connection:
        return Connection(self._place.hostname or "", self._place.port or 80)

    def _user(self, state: UserState) -> User:
        return User(state, self.notes, random.Random(self._chance.random()))


def _newcomer(kind: str) -> UserState:
    return UserState(kind, {}, Ledger(f"u_{secrets.token_hex(6)}"))


def _tabs(place: int) -> int:
    return 2 if place % TABS_OF_EVERY == 0 else 1
