"""The clock of a host is set a quarter of an hour on, or back: that of a process, and that of Redis.

A process asks a clock that nobody sets, so its own host's time of day is nothing to it. Redis has only the time of day:
what then ends too soon is gone at once, and told; for how much longer the rest may count is what is bounded here.
"""

import ast
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
import redis_clock
import stepped_reader
from cache_doubles import Clock
from cache_races import HOT, NAIVE, STATELESS, Fleet, Variant, Violation, cut, must, race, without
from quiet_log import Expects
from redis import Redis
from redis_servers import RedisServer
from wall_clock import WallClock

import cache
from cache import Unavailable, boot_clock
from cache.hot_tiers import HotTiers
from deploy.local import Programs

Eventually = Callable[..., None]

QUARTER: Final = 900.0
THERE_AND_BACK: Final = (QUARTER, -QUARTER, -QUARTER, QUARTER)
B: Final = 2.0
TTL: Final = 30.0
OUTAGE: Final = 60.0
UNTRUSTED: Final = "hot copies are not trusted ("


@pytest.fixture
def wall(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> WallClock:
    """The time of day of the host: it passes with the clock of the processes, and only it can be set."""
    wall = WallClock(lambda: 1.8e9 + clock())
    wall.hang_up(monkeypatch)
    return wall


def time_of_day() -> float:
    """What a cache would ask that did not know better."""
    return time.time()


BY_TIME_OF_DAY = Variant("by-time-of-day", {"hot_bytes": 1 << 20, "clock": time_of_day}, sound=False)


# --- the clock of a process --------------------------------------------------------------------------------------


@pytest.mark.asyncio
@race(HOT, BY_TIME_OF_DAY)
async def test_a_step_takes_away_no_copy_and_no_trust(fleet: Fleet, wall: WallClock, expects: Expects) -> None:
    """Copies are answered as before, as old as before and no nearer to their end; the next heartbeat is as good."""
    expects(UNTRUSTED)
    one, two = await fleet.process(), await fleet.process()
    floor = await fleet.write(two)
    await one.sign_in()
    await fleet.read(one)
    await one.session()
    held = one.cache.hot.peek(one.board.key("ada"))
    assert held is not None
    began, ends = fleet.clock(), held.expires_at
    for seconds in THERE_AND_BACK:
        wall.step(seconds)
        board = await one.board.get("ada", fleet.load(), floor=floor)
        [session] = await one.cache.look(one.sessions.lookup("ada", "s"))
        must(board.tier == "hot" and session is not None and session.tier == "hot", "a copy was not answered")
        must(abs(board.age_seconds - (fleet.clock() - began)) < 1, f"it is {board.age_seconds} s old")
        await one.renew_lease()
        fleet.clock.advance(0.1)
    held = one.cache.hot.peek(one.board.key("ada"))
    must(held is not None and held.expires_at == ends, "its end was moved")
    must(one.told.states == [], f"trust came and went: {one.told.states}")
    floor = await fleet.write(two)
    must(await fleet.read(one, floor=floor) == fleet.truth["ada"], "an own write was not seen")


@pytest.mark.asyncio
@race(HOT, BY_TIME_OF_DAY)
async def test_a_step_back_prolongs_no_trust(fleet: Fleet, wall: WallClock, expects: Expects) -> None:
    """The network swallows everything, and the clock is set back: what somebody else wrote is hidden for B at most."""
    expects(UNTRUSTED)
    door = await fleet.door()
    one, two = await fleet.process(door.url, deadline_seconds=0.2), await fleet.process()
    await fleet.read(one)
    door.stall()
    await fleet.write(two)
    wall.step(-QUARTER)
    fleet.turn_clock(B)
    with contextlib.suppress(Unavailable):
        must(await fleet.read(one) == fleet.truth["ada"], "a copy was answered after its trust had ended")


@pytest.mark.asyncio
@race(HOT, BY_TIME_OF_DAY)
async def test_a_step_back_prolongs_no_outage(fleet: Fleet, wall: WallClock, expects: Expects) -> None:
    """Copies stand in for a Redis that is away for a minute, whatever the time of day is."""
    expects(UNTRUSTED)
    door = await fleet.door()
    one = await fleet.process(door.url, deadline_seconds=0.2, outage_seconds=OUTAGE)
    await fleet.read(one)
    door.stall()
    wall.step(-QUARTER)
    fleet.turn_clock(B)
    answer = await one.board.get("ada", fleet.load(), stale=True)
    must(answer.stale == "outage", "a copy was answered as if it were trusted")
    fleet.turn_clock(OUTAGE - B)
    with pytest.raises(Unavailable):
        await one.board.get("ada", fleet.load(), stale=True)


@pytest.mark.asyncio
@race(HOT, BY_TIME_OF_DAY)
async def test_a_step_back_prolongs_no_copy(fleet: Fleet, wall: WallClock) -> None:
    """When its time is over Redis is asked."""
    one = await fleet.process()
    await fleet.read(one)
    wall.step(-QUARTER)
    fleet.turn_clock(TTL)
    await one.renew_lease()
    must((await one.board.get("ada", fleet.load())).tier != "hot", "a copy was answered past its time")


@dataclass(frozen=True)
class Line:
    """What the other process was answered, and when it had asked."""

    asked_at: float
    tier: str
    value: str
    state: str


class Reader:
    """Another process, that reads the same record all the time."""

    def __init__(self, said: Path, process: "subprocess.Popen[bytes]") -> None:
        self._said = said
        self._process = process

    def lines(self) -> list[Line]:
        whole = self._said.read_text().rpartition("\n")[0].splitlines()
        return [Line(float(line.split()[0]), *line.split()[1:]) for line in whole]

    def is_hot(self, value: str) -> bool:
        lines = self.lines()
        return bool(lines) and (lines[-1].tier, lines[-1].value) == ("hot", value)

    def step(self, seconds: float) -> None:
        """Has the clock of its host set."""
        os.kill(self._process.pid, signal.SIGUSR1 if seconds > 0 else signal.SIGUSR2)


@contextmanager
def reading(url: str, said: Path, *more: str) -> Iterator[Reader]:
    with said.open("wb") as output:
        command = [sys.executable, stepped_reader.__file__, url, str(B), *more]
        process = subprocess.Popen(command, stdout=output)
    try:
        yield Reader(said, process)
    finally:
        process.kill()
        process.wait()


def watch_steps(reader: Reader, other: Redis, eventually: Eventually) -> None:
    """Sets the reader's clock there and back, and writes each time: it may not lose its copy but by the writes."""
    eventually(lambda: reader.is_hot("0"), 10)
    for number, seconds in enumerate(THERE_AND_BACK, 1):
        seen = len(reader.lines())
        reader.step(seconds)
        eventually(lambda seen=seen: len(reader.lines()) > seen + 50, 10)
        must(all(line.tier == "hot" for line in reader.lines()[seen:]), "a copy was not answered")
        other.hset("session:{ada}:s", "text", number)
        written_at = boot_clock()
        eventually(lambda number=number: reader.is_hot(str(number)), 10)
        late = [line for line in reader.lines() if line.asked_at > written_at + B and line.value != str(number)]
        must(not late, f"{late[:1]} after {number} was written")
    must({line.state for line in reader.lines()} == {"trusted"}, "trust ended")


@pytest.fixture(scope="module")
def program(programs: Programs) -> Path:
    return programs.need("redis-server")["redis-server"]


def test_a_process_whose_clock_is_set_goes_on_as_if_nothing_were(
    program: Path, tmp_path: Path, eventually: Eventually
) -> None:
    """Whichever way it asks for the time of day, and from before it was imported."""
    with RedisServer(program, tmp_path / "redis") as server, Redis.from_url(server.url) as other:
        other.hset("session:{ada}:s", mapping={"text": "0", "id": "s"})
        with reading(server.url, tmp_path / "said") as reader:
            watch_steps(reader, other, eventually)


def test_a_process_with_another_clock_would_be_found_out(program: Path, tmp_path: Path, eventually: Eventually) -> None:
    """The control: the clock of the cache is set as well."""
    with RedisServer(program, tmp_path / "redis") as server, Redis.from_url(server.url) as other:
        other.hset("session:{ada}:s", mapping={"text": "0", "id": "s"})
        with reading(server.url, tmp_path / "said", "all") as reader, pytest.raises(Violation):
            watch_steps(reader, other, eventually)


# --- nobody asks for the time of day -----------------------------------------------------------------------------

MAY_BE_ASKED: Final = {"perf_counter", "clock_gettime", "CLOCK_BOOTTIME"}  # of `time`
OTHER_CLOCKS: Final = {"datetime", "calendar", "uuid", "email"}


def asked_for(source: str) -> set[str]:
    """What a module takes of others that know the time of day."""
    names: set[str] = set()
    called = {"time"}
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            called |= {alias.asname or alias.name for alias in node.names if alias.name == "time"}
            names |= {alias.name for alias in node.names if alias.name.partition(".")[0] in OTHER_CLOCKS}
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names if node.module == "time"}
            names |= {str(node.module)} if str(node.module).partition(".")[0] in OTHER_CLOCKS else set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in called:
            names.add(node.attr)
    return names - MAY_BE_ASKED


MODULES: Final = sorted(Path(str(cache.__file__)).parent.glob("**/*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_no_module_asks_for_the_time_of_day(module: Path) -> None:
    """Only for how long something took, and for the clock that nobody sets."""
    assert asked_for(module.read_text()) == set()


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "import time as clock\nclock.time_ns()",
        "from time import time as now\nnow()",
        "import time\ntime.clock_gettime(time.CLOCK_REALTIME)",
        "import datetime\ndatetime.datetime.now()",
        "from datetime import datetime\ndatetime.now()",
        "def f():\n    import time\n    return time.localtime()",
    ],
)
def test_a_module_that_did_would_be_found_out(source: str) -> None:
    """The control, in each of the ways there are."""
    assert asked_for(source) != set()


# --- the clock of Redis ------------------------------------------------------------------------------------------

WITHOUT_PUSHES = without("pushes", lambda patch: patch.setattr(HotTiers, "_invalidated", lambda tiers, key: None))
WITHOUT_OWN_LIFE = without("own life", lambda patch: patch.setattr("cache.values.outlives", lambda left, life: False))
WITHOUT_LEASE = without(
    "lease check", cut("cache.loading.STORE", "if redis.call('GET', KEYS[4]) ~= ARGV[1] then return 0 end")
)
WITHOUT_COMMIT = without(
    "second deletion", cut("cache.writing.COMMIT", "for i = 3, #KEYS - 1 do redis.call('DEL', KEYS[i]) end")
)


@pytest.mark.asyncio
@race(HOT, STATELESS, NAIVE, WITHOUT_PUSHES)
async def test_what_ends_at_once_in_redis_is_answered_by_nobody(fleet: Fleet) -> None:
    """Set on: values, and later the session, are over. Nobody holds them, and trust is as it was."""
    one, two = await fleet.process(), await fleet.process()
    await one.sign_in()  # for 1,000 seconds
    for process in (one, two):
        await fleet.read(process)
        await process.session()
    redis_clock.step(fleet.foreign, QUARTER)
    await fleet.told_all()
    fleet.truth["ada"] = 1  # by somebody who does not know of the cache
    for process in (one, two):
        must(await fleet.read(process) == 1, "a value was answered that is over")
        must(await process.session() is not None, "a session is gone that has a hundred seconds left")
    redis_clock.step(fleet.foreign, QUARTER)
    await fleet.told_all()
    for process in (one, two):
        must(await process.session() is None, "a session was answered that is over")
    must(await fleet.differing() == [], "a copy differs from Redis")
    must(one.told.states == two.told.states == [], "trust came and went")


@pytest.mark.asyncio
@race(HOT, STATELESS, NAIVE, WITHOUT_PUSHES)
async def test_a_session_lives_as_long_as_redis_says_in_every_process(fleet: Fleet) -> None:
    """Set back, so that it has longer to live, and put right once that is known: copies end when it does."""
    one, two = await fleet.process(), await fleet.process()
    await one.sign_in()
    redis_clock.step(fleet.foreign, -QUARTER)
    for process in (one, two):
        must(await process.session() is not None, "a session is gone that has longer to live")
    redis_clock.step(fleet.foreign, QUARTER)
    redis_clock.step(fleet.foreign, 1000)  # its life
    await fleet.told_all()
    for process in (one, two):
        must(await process.session() is None, "a session was answered that is over")
    must(one.told.states == two.told.states == [], "trust came and went")


@pytest.mark.asyncio
@race(HOT, STATELESS, WITHOUT_OWN_LIFE)
async def test_what_redis_keeps_for_longer_is_answered_for_its_own_life(fleet: Fleet) -> None:
    """Set back, and then its life passes: it is loaded anew."""
    one = await fleet.process()
    await fleet.read(one)
    redis_clock.step(fleet.foreign, -QUARTER)
    fleet.truth["ada"] = 1  # by somebody who does not know of the cache
    redis_clock.step(fleet.foreign, TTL)
    fleet.turn_clock(TTL)
    await fleet.told_all()
    must(await fleet.read(one) == 1, "a value was answered past its life")


@pytest.mark.asyncio
@race(HOT, STATELESS, WITHOUT_COMMIT)
async def test_a_barrier_that_ends_too_soon_hides_no_acknowledged_write(fleet: Fleet) -> None:
    """Set on while somebody writes: what others load is stored meanwhile, and deleted when the write is over."""
    one, two = await fleet.process(), await fleet.process()
    async with one.cache.write("ada") as write:
        redis_clock.step(fleet.foreign, QUARTER)
        await fleet.read(two)
        assert fleet.stored() == 0
        fleet.truth["ada"] = 1
    must(fleet.stored() is None, "what was loaded before the write is still stored")
    await fleet.told_all()
    for process in (one, two):
        must(await fleet.read(process) == 1, "the write is not seen")
        must(await fleet.read(process, floor=write.version) == 1, "the write is not seen by its writer")


@pytest.mark.asyncio
@race(HOT, STATELESS, WITHOUT_LEASE)
async def test_a_load_whose_lease_ends_too_soon_stores_nothing(fleet: Fleet) -> None:
    """Set on while somebody loads: another one loads too, and stores; the first comes too late to undo that."""
    one, two = await fleet.process(), await fleet.process()
    slow = fleet.held_up()
    first = fleet.begin(one.board.get("ada", slow))
    await slow.began.wait()
    redis_clock.step(fleet.foreign, QUARTER)
    fleet.truth["ada"] = 1
    assert await fleet.read(two) == 1
    slow.go.set()
    answer = await first
    must(fleet.stored() == 1, "the older value was stored over the newer one")
    must(await fleet.read(one, floor=answer.floor) == 1, "who was given the older value is shown it again")


@pytest.mark.asyncio
@race(HOT, STATELESS)
async def test_a_barrier_that_ends_too_late_costs_loads_and_nothing_else(fleet: Fleet) -> None:
    """Set back after a write that failed: values are loaded each time, and are what the truth is."""
    one, two = await fleet.process(), await fleet.process()
    with contextlib.suppress(ZeroDivisionError):
        async with one.cache.write("ada"):
            raise ZeroDivisionError
    redis_clock.step(fleet.foreign, -QUARTER)
    for number in range(1, 4):
        fleet.truth["ada"] = number
        for process in (one, two):
            must(await fleet.read(process) == number, "a value was answered that may be older than the write")
    must(fleet.stored() is None, "a load was stored under a barrier")


@pytest.mark.asyncio
@race(HOT, STATELESS)
async def test_a_fill_lease_that_ends_too_late_holds_nobody_up_for_longer_than_a_load(fleet: Fleet) -> None:
    """Set back after a loader died: whoever comes waits for it as long as a load may take, and loads then."""
    fleet.truth["ada"] = 1
    one = await fleet.process(clock=boot_clock, board={"load_seconds": 0.2})
    fleet.foreign.set(f"{one.board.key('ada')}:lease", "of a process that died", px=200)
    redis_clock.step(fleet.foreign, -QUARTER)
    for _ in range(2):
        asked_at = boot_clock()
        must(await fleet.read(one) == 1, "a value was answered that is none")
        must(boot_clock() - asked_at < 1.0, "a dead process was waited for")
