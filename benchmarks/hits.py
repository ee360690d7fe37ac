"""What a hot hit costs, over the await that any answer costs, and beside the same answer from Redis."""

import asyncio
from typing import Any, Final

import msgspec
from prometheus_client import CollectorRegistry

from benchmarks.figures import Figure, Part, microseconds
from benchmarks.rounds import LOOPS, Contender, in_turn
from cache import Cache, open_cache
from cache.prometheus import PrometheusObserver

OWNERS: Final = [f"owner{number}" for number in range(200)]
REGIONS: Final = ("session", "profile", "board")
MOST_MICROSECONDS: Final = 2.0
TIMES_REDIS: Final = 50.0
AWAIT: Final = "await of a coroutine that does nothing"
GET, GET_REDIS = "`Region.get`, hot", "`Region.get`, from Redis"
LOOK, LOOK_REDIS = "`Cache.look` of three, hot", "`Cache.look` of three, from Redis"


class Board(msgspec.Struct, frozen=True):
    """A value of a usual size: twenty short texts."""

    cards: tuple[str, ...]


async def load() -> Board:
    """Computes one."""
    return Board(("wish you were here",) * 20)


class Page:
    """What a page asks one cache for: the board alone, or session, profile and board at once."""

    def __init__(self, cache: Cache) -> None:
        self.cache = cache
        self.boards = cache.region("board", Board, ttl_seconds=3600)
        self.profiles = cache.region("profile", Board, ttl_seconds=3600)
        self.sessions = cache.records("session")

    async def create(self, tag: str) -> None:
        """Puts all three into Redis."""
        fields = {"device": "a browser", "last_seen": "0"}
        await self.sessions.create(tag, "s1", fields, lives_seconds=3600, now=0.0, ends=3600.0)
        await self.profiles.get(tag, load)
        await self.boards.get(tag, load)

    async def get(self, calls: int) -> None:
        """The board alone, so many times."""
        get = self.boards.get
        for number in range(calls):
            await get(OWNERS[number % len(OWNERS)], load)

    async def look(self, calls: int) -> None:
        """All three, so many times."""
        look, session, profile, board = (
            self.cache.look,
            self.sessions.lookup,
            self.profiles.lookup,
            self.boards.lookup,
        )
        for number in range(calls):
            tag = OWNERS[number % len(OWNERS)]
            await look(session(tag, "s1"), profile(tag), board(tag))

    async def trusted(self) -> None:
        """Until hot copies are trusted. Raises AssertionError."""
        if not await self.cache.trusted(5):
            raise AssertionError(f"the lease was not granted: {self.cache.state()}")


async def nothing(calls: int) -> None:
    """What any awaited call costs, so many times."""

    async def get(tag: str, load: Any, *, floor: int = 0) -> None:
        del tag, load, floor

    for number in range(calls):
        await get(OWNERS[number % len(OWNERS)], load)


def measure(url: str, *, quick: bool) -> Part:
    """Hits of one kind, and of three kinds in one look, in both event loops."""
    calls, rounds = (1_000, 3) if quick else (2_000, 151)  # short turns: few are interrupted
    figures = []
    rows = [["event loop", "what", "us", "us over the await"]]
    for name, new_loop in LOOPS.items():
        with asyncio.Runner(loop_factory=new_loop) as runner:
            seconds = runner.run(_compare(url, calls, rounds))
        base = seconds[AWAIT]
        rows += [[name, what, microseconds(each), microseconds(each - base)] for what, each in seconds.items()]
        for what, in_redis, answers in ((GET, GET_REDIS, 1), (LOOK, LOOK_REDIS, 3)):
            over = seconds[what] - base
            per, wanted = (" per answer", None) if answers > 1 else ("", TIMES_REDIS)  # one trip answers all three
            figures += [
                Figure(f"{what}, over the await{per}, {name}", over * 1e6 / answers, "us", MOST_MICROSECONDS, True),
                Figure(
                    f"{in_redis}, to what the hot one costs over the await, {name}",
                    seconds[in_redis] / over,
                    "times",
                    wanted,
                ),
            ]
    how = (
        f"{len(OWNERS)} owners one after the other, values of about 400 bytes, one caller; Prometheus observer, lease "
        f"and staleness meter at work; {rounds} rounds in turn, medians. From Redis: the same call, stateless."
    )
    return Part("A hot hit", how, figures, rows)


async def _compare(url: str, calls: int, rounds: int) -> dict[str, float]:
    registry = CollectorRegistry()
    observer = PrometheusObserver(registry, REGIONS, lambda operation, result, seconds: None)
    async with open_cache(url, hot_bytes=64 << 20, observer=observer) as cache, open_cache(url) as without:
        hot, stateless = Page(cache), Page(without)
        await hot.trusted()
        for tag in OWNERS:
            await stateless.create(tag)
        for _ in range(2):  # the first use of a copy decodes it
            await hot.get(len(OWNERS))
            await hot.look(len(OWNERS))
        before = _hits(registry)
        contenders = {
            AWAIT: Contender(nothing, calls),
            GET: Contender(hot.get, calls, hot.trusted),
            LOOK: Contender(hot.look, calls // 4, hot.trusted),
            GET_REDIS: Contender(stateless.get, calls // 10),
            LOOK_REDIS: Contender(stateless.look, calls // 10),
        }
        seconds = await in_turn(contenders, rounds)
        hits, wanted = _hits(registry) - before, (calls + calls // 4) * (rounds + 1)
        if hits != wanted:
            raise AssertionError(f"only {hits} of {wanted} boards that were timed as hot were hot")
        return seconds


def _hits(registry: CollectorRegistry) -> float:
    labels = {"region": "board", "tier": "hot", "result": "hit"}
    return registry.get_sample_value("hotseat_cache_lookups_total", labels) or 0.0
