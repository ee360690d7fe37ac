"""No answer goes astray: whatever callers give up, whatever breaks, and however far replies get out of step."""

import asyncio
import random
from collections.abc import Iterator
from itertools import count

import pytest
from cache_doubles import Board
from links import heals, opened
from quiet_log import Expects
from redis_servers import RedisServer
from wires import Passage, wire_to

from cache import Cache, Link, Unavailable, open_cache
from deploy.local import Programs

pytestmark = pytest.mark.asyncio

CALLERS = 300
DISTURBED = 10_000
MOST_REPLIES = 60


@pytest.fixture(scope="module")
def running(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(programs.need("redis-server")["redis-server"], tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def server(running: RedisServer) -> RedisServer:
    """A server, empty."""
    running.command("FLUSHALL")
    return running


async def test_ten_thousand_callers_who_give_up_lead_no_answer_astray(server: RedisServer) -> None:
    """Cancelled and timed out at random, with connections killed at random: each answer is to its own question, and
    each write happened once if it was acknowledged, and never twice."""
    seed = random.randrange(1 << 32)
    async with opened(server.url) as link:
        assert isinstance(link, Link)
        crowd = Crowd(link, random.Random(seed))

        async def kill() -> None:
            while crowd.given_up < DISTURBED:
                await asyncio.sleep(0.05)
                await asyncio.to_thread(server.command, "CLIENT", "KILL", "TYPE", "normal")

        try:
            async with asyncio.timeout(60):
                await asyncio.gather(kill(), *(crowd.caller() for _ in range(CALLERS)))
            await heals(link, "k")
            assert link.backlog == 0
            assert link.number > 5
            assert crowd.answered > DISTURBED / 10
            happened = dict(zip(crowd.counted, server.command("MGET", *crowd.counted), strict=True))
            assert {name for name, times in happened.items() if times == b"1"} >= crowd.acknowledged
            assert set(happened.values()) <= {None, b"1"}
        except AssertionError as error:
            error.add_note(f"seed {seed}")
            raise


class Crowd:
    """Callers who ask for what only they know, and who often do not wait for the answer."""

    def __init__(self, link: Link, chance: random.Random) -> None:
        self.given_up = 0
        self.answered = 0
        self.counted: set[str] = set()
        self.acknowledged: set[str] = set()
        self._link = link
        self._chance = chance
        self._names = count()

    async def caller(self) -> None:
        """Calls until enough callers have given up."""
        while self.given_up < DISTURBED:
            task = asyncio.ensure_future(self._call())
            try:
                if self._chance.random() < 0.5:
                    await asyncio.wait([task], timeout=self._chance.uniform(0, 0.008))
                    task.cancel()
                await task
                self.answered += 1
            except Unavailable as error:
                self.given_up += "in time" in error.cause
            except asyncio.CancelledError:
                self.given_up += 1
            if self._link.number == 0:
                await asyncio.sleep(self._chance.uniform(0, 0.01))

    async def _call(self) -> None:
        name, size = f"n{next(self._names)}", self._chance.randint(1, 4)
        hurry = self._chance.choice((None, None, self._chance.uniform(0.0001, 0.01)))
        if self._chance.random() < 0.3:
            self.counted.add(name)
            replies = await self._link.ask("write", ("INCR", name), *[("ECHO", name)] * size, deadline_seconds=hurry)
            assert replies == [1, *[name.encode()] * size]
            self.acknowledged.add(name)
        else:
            wanted = [f"{name}:{place}".encode() for place in range(size)]
            asked = [("ECHO", word) for word in wanted]
            again = self._chance.random() < 0.5
            assert await self._link.ask("read", *asked, again=again, deadline_seconds=hurry) == wanted


# --- replies out of step -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "hot_bytes"),
    [("lost", 0), ("lost twice", 0), ("doubled", 0), ("added", 0), ("lost", 1 << 20), ("doubled", 1 << 20)],
)
async def test_replies_out_of_step_give_nobody_a_wrong_answer(
    server: RedisServer, fault: str, hot_bytes: int, expects: Expects
) -> None:
    """A reply is lost, or one comes too many, at each place of the stream: the link notices before anybody is told
    what belongs to another; then it connects anew and all is well. (A board that is missing is only loaded anew.)"""
    expects("what Redis holds for region 'board' cannot be used")
    expects("hot copies are not trusted (lost)")
    await plant(server.url)
    async with wire_to(server.url) as wire:
        for place in range(1, MOST_REPLIES):
            wire.on_reply = lambda passage, value: value
            async with open_cache(wire.url, hot_bytes=hot_bytes, deadline_seconds=0.5) as cache:
                users = Users(cache)
                assert hot_bytes == 0 or await cache.trusted(5)
                await cache.link.ask("read", ("PING",))
                disturbed = wire.on_reply = Disturbed(fault, place)
                people = ("ada", "bob") * 3
                outcomes = await asyncio.gather(*map(users.ask_for, people), return_exceptions=True)
                for user, outcome in zip(people, outcomes, strict=True):
                    right: tuple[object, ...] = ([user, f"board of {user}"], [user, None])
                    assert outcome in right or isinstance(outcome, Unavailable), (place, user, outcome)
                if disturbed.passed < place:
                    return
                for user in ("ada", "bob"):
                    assert await users.ask_for(user) == [user, f"board of {user}"], place
    pytest.fail("more replies than were thought of")


class Disturbed:
    """Passes replies on, but for one fault at the n-th."""

    def __init__(self, fault: str, place: int) -> None:
        self.passed = 0
        self._fault = fault
        self._place = place

    def __call__(self, passage: Passage, value: bytes) -> bytes:
        self.passed += 1
        if self.passed == self._place or (self._fault == "lost twice" and self.passed == self._place + 1):
            return {"doubled": value * 2, "added": b"$5\r\nadded\r\n" + value}.get(self._fault, b"")
        return value


class Users:
    """What a cache knows of users."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self.sessions = cache.records("session")
        self.boards = cache.region("board", Board, ttl_seconds=60)

    async def plant(self, user: str) -> None:
        await self.sessions.create(user, f"of-{user}", {"user": user}, lives_seconds=60, now=0.0, ends=60.0)

        async def load() -> Board:
            return Board(f"board of {user}")

        await self.boards.get(user, load)

    async def ask_for(self, user: str) -> list[str | None]:
        """The user of a session and their board, in one look."""
        session, board = await self._cache.look(self.sessions.lookup(user, f"of-{user}"), self.boards.lookup(user))
        return [session and session.value["user"], board and board.value.text]

    async def ask_who(self, user: str) -> str | None:
        """The user of a session."""
        [session] = await self._cache.look(self.sessions.lookup(user, f"of-{user}"))
        return session and session.value["user"]


async def plant(url: str) -> None:
    """Sessions and boards of two users, as another process has stored them."""
    async with open_cache(url) as cache:
        for user in ("ada", "bob"):
            await Users(cache).plant(user)


async def test_a_session_is_not_taken_for_gone_because_replies_are_out_of_step(server: RedisServer) -> None:
    """Its reply is lost, and what comes in its place is text: nobody is told that they are logged out."""
    await plant(server.url)
    async with wire_to(server.url) as wire, open_cache(wire.url, deadline_seconds=0.5) as cache:
        users = Users(cache)
        await cache.link.ask("read", ("PING",))
        wire.on_reply = Disturbed("lost", 3)
        assert await asyncio.gather(users.ask_who("ada"), users.ask_who("bob")) == ["ada", "bob"]


async def test_garbage_in_place_of_a_version_harms_only_its_owner(server: RedisServer) -> None:
    """Somebody wrote there by hand. The others, asked for on the same link in the same turn, get their answers."""
    await plant(server.url)
    server.command("SET", "v:{ada}", "garbage")
    async with open_cache(server.url) as cache:
        users = Users(cache)
        await cache.link.ask("read", ("PING",))
        _, *others = await asyncio.gather(*map(users.ask_who, ("ada", *("bob",) * 20)), return_exceptions=True)
        assert others == ["bob"] * 20
