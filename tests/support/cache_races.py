"""Races between processes, each with its control: the same scenario with a rule taken away, in which it must go wrong.

    @race(HOT, STATELESS, NAIVE, without("lease check", cut("cache.region.STORE", "...")))
    async def test_what_it_shows(fleet: Fleet) -> None:
        one, two = await fleet.process(), await fleet.process()
        ...
        must(answer.value == fleet.truth["ada"], f"read {answer.value} after the write was acknowledged")

A scenario says by `must` what may not happen. For a sound variant a `Violation` fails the test; for an unsound one its
absence does, so that a test that cannot fail is found out.
"""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
import pytest_asyncio
from cache_doubles import Clock, Recorder
from door import Door, door_to
from quiet_log import Expects
from redis import Redis

from cache import Answer, Cache, Records, Region, open_cache
from cache.codec import Codec
from cache.hot_tiers import HotTiers
from deploy.local import RunningStore

TakesAway = Callable[[pytest.MonkeyPatch], None]
Scenario = Callable[..., Coroutine[Any, Any, None]]

T = TypeVar("T")

FAR = 4e9  # epoch seconds: long after any test


class Violation(Exception):
    """A promise was broken."""


def must(holds: bool, otherwise: str) -> None:
    """Raises Violation with a sentence unless it holds."""
    if not holds:
        raise Violation(otherwise)


@dataclass(frozen=True)
class Variant:
    """How the processes of a scenario are opened, and whether the promises hold then."""

    name: str
    how: Mapping[str, Any] = field(default_factory=lambda: {"hot_bytes": 1 << 20})
    sound: bool = True
    take_away: TakesAway = lambda patch: None


HOT = Variant("hot")
STATELESS = Variant("stateless", {"hot_bytes": 0})
NAIVE = Variant("naive", {"hot_bytes": 1 << 20, "naive_seconds": 30}, sound=False)


def without(rule: str, take_away: TakesAway, base: Variant = HOT) -> Variant:
    """The same processes with one rule taken away."""
    return Variant(f"{base.name}-without-{rule.replace(' ', '-')}", base.how, sound=False, take_away=take_away)


def cut(script: str, line: str, instead: str = "") -> TakesAway:
    """Takes a line out of a Lua script, named as in `cache.region.STORE`."""

    def take_away(patch: pytest.MonkeyPatch) -> None:
        module, _, name = script.rpartition(".")
        whole = getattr(__import__(module, fromlist=[name]), name)
        assert whole.count(line) == 1, f"{script} has no such line any more: {line}"
        patch.setattr(script, whole.replace(line, instead))

    return take_away


def race(*variants: Variant) -> Callable[[Scenario], Any]:
    """Runs a scenario in each variant: the sound ones must not violate, the others must."""

    def decorate(scenario: Scenario) -> Any:
        @functools.wraps(scenario)
        async def judged(fleet: "Fleet", **fixtures: Any) -> None:
            if fleet.variant.sound:
                await scenario(fleet=fleet, **fixtures)
            else:
                with pytest.raises(Violation):
                    await scenario(fleet=fleet, **fixtures)

        names = [variant.name for variant in variants]
        return pytest.mark.parametrize("fleet", variants, indirect=True, ids=names)(judged)

    return decorate


@dataclass
class Process:
    """One process's cache: a region over the fleet's truth, and records, which are the truth themselves."""

    cache: Cache
    board: Region[int]
    sessions: Records
    told: Recorder

    @property
    def hot(self) -> HotTiers:
        """What keeps the copies of a process that keeps any."""
        tiers = self.cache._tiers
        assert isinstance(tiers, HotTiers)
        return tiers

    async def session(self, tag: str = "ada", *, floor: int = 0) -> Mapping[str, str] | None:
        """The fields of the owner's one session."""
        answer: Answer[Mapping[str, str]] | None
        [answer] = await self.cache.look(self.sessions.lookup(tag, "s", floor=floor))
        return None if answer is None else answer.value

    async def sign_in(self, tag: str = "ada") -> int:
        """Creates the owner's one session; the owner's version."""
        return await self.sessions.create(tag, "s", {"theme": "light"}, lives_seconds=1000, now=0, ends=FAR)

    async def told_all(self) -> None:
        """Until all that Redis has told this process so far has been acted on: one connection keeps one order."""
        if isinstance(self.cache._tiers, HotTiers):
            await self.cache._tiers.tracked.ask("read", ("PING",))

    async def renew_lease(self) -> None:
        """After the clock was turned: sends a heartbeat now, not when the next one is due."""
        self.hot.lease._changed.set()
        assert await self.cache.trusted(5), self.cache.state()

    async def kill(self) -> None:
        """Its connections end as they would with the process; nothing of its own is cleaned up in Redis."""
        if isinstance(self.cache._tiers, HotTiers):
            await self.cache._tiers.lease.stop()
            await self.cache._tiers.tracked.close()
        await self.cache.link.close()


class Fleet:
    """Processes with one Redis, and the truth that their region is cached over: a number per owner."""

    def __init__(
        self, url: str, variant: Variant, clock: Clock, stack: AsyncExitStack, expects: Callable[[str], None]
    ) -> None:
        self.url = url
        self.variant = variant
        self.clock = clock
        self.truth: dict[str, int] = {}
        self.loads = 0
        self.processes: list[Process] = []
        self.foreign = stack.enter_context(Redis.from_url(url))  # blocks the event loop, on purpose
        self._stack = stack
        self._expects = expects
        self._codec = Codec(int)
        self._beside: list[asyncio.Task[Any]] = []

    async def process(self, url: str | None = None, *, board: Mapping[str, Any] | None = None, **how: Any) -> Process:
        """One more process, whose copies may be trusted. `board` are options of its region."""
        told = Recorder()
        options = {"clock": self.clock, "observer": told, **self.variant.how, **how}
        cache = await self._stack.enter_async_context(open_cache(url or self.url, **options))
        if isinstance(cache._tiers, HotTiers):
            assert await cache.trusted(5), cache.state()
        told.clear()
        region = cache.region("board", int, **{"ttl_seconds": 30, **(board or {})})
        process = Process(cache, region, cache.records("session"), told)
        self.processes.append(process)
        return process

    def turn_clock(self, seconds: float) -> None:
        """So much time passes for all processes. Their heartbeats, which come in real time, are overdue then."""
        self.clock.advance(seconds)
        self._expects("hot copies are not trusted (suspect): the heartbeat is overdue")

    async def door(self) -> Door:
        """A way to Redis that can be stalled, for processes that are opened after it."""
        return await self._stack.enter_async_context(door_to(self.url))

    def load(self, tag: str = "ada") -> Callable[[], Awaitable[int]]:
        """Reads the owner's truth."""

        async def load() -> int:
            self.loads += 1
            return self.truth.get(tag, 0)

        return load

    def held_up(self, tag: str = "ada") -> "HeldUp":
        """Reads the owner's truth at once, and takes its time to answer."""
        return HeldUp(self.load(tag))

    def begin(self, coroutine: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Runs it beside the scenario, and not beyond it, however that ends."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._beside.append(task)
        return task

    async def end(self) -> None:
        """Ends what still runs beside the scenario."""
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)

    async def read(self, process: Process, tag: str = "ada", *, floor: int = 0) -> int:
        """What a process answers for the owner."""
        return (await process.board.get(tag, self.load(tag), floor=floor)).value

    async def write(self, process: Process, tag: str = "ada") -> int:
        """Raises the owner's truth by one, through a process; the version that includes it."""
        async with process.cache.write(tag) as write:
            self.truth[tag] = self.truth.get(tag, 0) + 1
        return write.version

    def stored(self, tag: str = "ada") -> int | None:
        """The value that Redis holds for the owner."""
        key = self.processes[0].board.key(tag)
        stored = self.foreign.get(key)
        envelope = self._codec.open(stored) if stored else None  # type: ignore[arg-type]
        return None if envelope is None else self._codec.decode(envelope.payload)

    def store(self, value: int, tag: str = "ada", *, life_seconds: float = 30.0) -> None:
        """Puts a value into Redis, as the region of a process that is none of these would."""
        self.foreign.set(self.processes[0].board.key(tag), self.encoded(value, tag, life_seconds=life_seconds))

    def encoded(self, value: int, tag: str = "ada", *, life_seconds: float = 30.0) -> bytes:
        """A value as it is stored."""
        return self._codec.encode(self.processes[0].board.key(tag), value, int(life_seconds * 1000))

    def version(self, tag: str = "ada") -> int:
        """The owner's version."""
        return int(self.foreign.get(f"v:{{{tag}}}") or 0)  # type: ignore[arg-type]

    def end_barriers(self, tag: str = "ada") -> None:
        """As if the time of every barrier had passed."""
        writers = f"w:{{{tag}}}"
        for writer in self.foreign.zrange(writers, 0, -1):  # type: ignore[union-attr]
            self.foreign.zadd(writers, {writer: 1})

    async def told_all(self) -> None:
        """Until every process has acted on all that Redis has told it so far."""
        for process in self.processes:
            await process.told_all()

    async def differing(self) -> list[str]:
        """The keys of copies, in any process, that are not what Redis holds, once everybody has been told."""
        wrong = []
        await self.told_all()
        for process in self.processes:
            for key, entry in process.cache.hot.hottest():
                of_board, of_session = process.board.lookup("any"), process.sessions.lookup("any", "s")
                source = of_board.source if entry.region == of_board.source.name else of_session.source
                reply = self.foreign.execute_command(*source.command(key))
                there = source.entry(entry.tag, key, reply, version=0, left_ms=-1, now=0.0)
                if there is None or there.stamp != entry.stamp:
                    wrong.append(key)
        return wrong


class HeldUp:
    """A load that has read the truth (`began`), and answers when it is let go (`go`)."""

    def __init__(self, load: Callable[[], Awaitable[int]]) -> None:
        self.began = asyncio.Event()
        self.go = asyncio.Event()
        self._load = load

    async def __call__(self) -> int:
        value = await self._load()
        self.began.set()
        await self.go.wait()
        return value


async def until(predicate: Callable[[], object], deadline_seconds: float = 5.0) -> None:
    """The one way to wait: asks until the answer is true. Fails after the deadline."""
    async with asyncio.timeout(deadline_seconds):
        while not predicate():  # noqa: ASYNC110  # what is waited for happens in Redis
            await asyncio.sleep(0.005)


@pytest_asyncio.fixture
async def fleet(
    redis_server: RunningStore, clock: Clock, expects: Expects, request: pytest.FixtureRequest
) -> AsyncIterator[Fleet]:
    """The fleet of the variant that `race` asks for."""
    variant: Variant = request.param
    with pytest.MonkeyPatch.context() as patch:
        variant.take_away(patch)
        async with AsyncExitStack() as stack:
            processes = Fleet(redis_server.url, variant, clock, stack, expects)
            try:
                yield processes
            finally:
                await processes.end()
