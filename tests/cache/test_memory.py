"""What a process with hot copies takes of the machine's memory: what it was allowed, however long it runs.

The processes that are measured are programs of their own (`hot_filler.py`, `hot_churner.py`) which use the cache as an
application does: what they hold was read from a Redis, and decoded.
"""

import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import hot_churner
import hot_filler
import msgspec
import pytest
from hot_churner import Sample
from hot_filler import KINDS, Filled
from redis_servers import RedisServer

from deploy.local import Programs

ALL, FEW = "room for all", "room for a tenth"
READ: Final = {ALL: 200_000, FEW: 30_000}
ROOM: Final = {ALL: 1.05, FEW: 0.1}
MOST_GROWN: Final = 1.25  # of the limit
LEAST_GROWN: Final = 0.5  # of what is counted; if it were less, memory that was allowed would not be used

OWNERS: Final = 1600
OWNERS_OF_A_DAY: Final = 576_000
MOST_LEFT_BEHIND: Final = {OWNERS: 512 << 10, OWNERS_OF_A_DAY: 4 << 20}  # bytes
WARM: Final = 4  # the sample by which the cache has been full for a while
HAPPENED: Final = ("hits", "loads", "own_write", "push", "expired", "capacity", "reconnect")

pytestmark = pytest.mark.timeout(300)  # seconds of work for two cores, which others may be busy on

by_kind = pytest.mark.parametrize("filled", KINDS, indirect=True)
by_room = pytest.mark.parametrize("room", [ALL, FEW])


class Program:
    """A program that was started, and what it says."""

    def __init__(self, file: str, *arguments: object) -> None:
        command = [sys.executable, file, *map(str, arguments)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def said(self, within_seconds: float = 250.0) -> list[bytes]:
        """The lines it wrote, once it has ended. Raises RuntimeError if it did not end well."""
        output, errors = self._process.communicate(timeout=within_seconds)
        if self._process.returncode:
            raise RuntimeError(errors.decode())
        return output.splitlines()

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def server(programs: Programs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server of this module's own, since it comes to hold hundreds of megabytes."""
    program = programs.need("redis-server")["redis-server"]
    with RedisServer(program, tmp_path_factory.mktemp("redis"), {"maxmemory": "4gb"}) as running:
        yield running


# --- what it was allowed -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filled(server: RedisServer, request: pytest.FixtureRequest) -> dict[str, Filled]:
    """Two processes, by their room, that have read entries of one kind, as others had stored them."""
    kind = request.param
    server.command("FLUSHALL")
    hot_filler.store(server.port, KINDS[kind], READ[ALL])
    return ended({room: filler(server, kind, room) for room in (ALL, FEW)})


def filler(server: RedisServer, kind: str, room: str, *more: str) -> Program:
    return Program(hot_filler.__file__, server.url, kind, READ[room], ROOM[room], *more)


def ended(fillers: dict[str, Program]) -> dict[str, Filled]:
    """How each ended; they run at the same time."""
    try:
        return {room: msgspec.json.decode(program.said()[0], type=Filled) for room, program in fillers.items()}
    finally:
        for program in fillers.values():
            program.end()


@by_kind
def test_what_was_read_is_held_as_far_as_there_is_room(filled: dict[str, Filled]) -> None:
    """All 200,000 where they fit by the cache's own count; else as many as do, and the others were evicted."""
    assert (filled[ALL].held, filled[ALL].evicted) == (READ[ALL], 0)
    assert filled[FEW].held + filled[FEW].evicted == READ[FEW]
    assert filled[FEW].held < READ[FEW] * 2 * ROOM[FEW]
    for each in filled.values():
        assert 0.9 * each.hot_bytes < each.counted_bytes <= each.hot_bytes


@by_kind
@by_room
def test_the_memory_it_takes_is_what_it_was_allowed_and_a_quarter_at_most(filled: dict[str, Filled], room: str) -> None:
    """Keys, books, ghosts and all that allocating and freeing wastes included; and what is counted is not far off."""
    each = filled[room]
    assert each.grown_bytes <= MOST_GROWN * each.hot_bytes
    assert each.grown_bytes >= LEAST_GROWN * each.counted_bytes


@pytest.mark.parametrize("filled", ["sessions"], indirect=True)
def test_a_process_that_counts_too_little_is_found_out(server: RedisServer, filled: dict[str, Filled]) -> None:
    """The control: a session is counted as its characters, when it is sixteen texts and a dictionary."""
    light = ended({FEW: filler(server, "sessions", FEW, "light")})[FEW]
    assert light.counted_bytes <= light.hot_bytes
    assert light.grown_bytes > MOST_GROWN * light.hot_bytes


# --- however long it runs ----------------------------------------------------------------------------------------


def churned(server: RedisServer, owners: int, *more: str, within_seconds: float = 250.0) -> list[Sample]:
    """What a process told while so many owners came and went."""
    program = Program(hot_churner.__file__, server.url, owners, *more)
    try:
        return [msgspec.json.decode(line, type=Sample) for line in program.said(within_seconds)]
    finally:
        program.end()


def left_behind(samples: list[Sample]) -> int:
    """By how many bytes a process grew that had been warm already."""
    return samples[-1].bytes - samples[WARM].bytes


@pytest.mark.parametrize(
    "owners", [OWNERS, pytest.param(OWNERS_OF_A_DAY, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])]
)
def test_owners_who_come_and_go_leave_nothing_behind(server: RedisServer, owners: int) -> None:
    """Some fourteen calls to Redis each, in every way there is to read, write, change, fail and give up; the cache is
    full all the while. The long form is a day by the cache's clock."""
    server.command("FLUSHALL")
    samples = churned(server, owners, within_seconds=3500)
    assert all(samples[-1].events[each] > samples[WARM].events.get(each, 0) for each in HAPPENED)
    assert left_behind(samples) < MOST_LEFT_BEHIND[owners], samples


def test_a_process_that_leaves_something_behind_is_found_out(server: RedisServer) -> None:
    """The control: one that keeps the board of each owner besides."""
    server.command("FLUSHALL")
    assert left_behind(churned(server, OWNERS, "leak")) > 2 * MOST_LEFT_BEHIND[OWNERS]
