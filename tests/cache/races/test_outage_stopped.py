"""A process that is stopped and woken: it does not believe that no time has passed, and makes nobody hoard for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hot_reader
import pytest
from redis import Redis
from redis_servers import RedisServer

from cache import boot_clock
from deploy.local import Programs

Eventually = Callable[..., None]

B = 0.5
SLACK_SECONDS = 0.05  # between a moment here and the same moment there
KEY = "session:{ada}:s"
LIMIT_BYTES = 1_000_000
OWNERS = 8000  # whom the stopped process is to be told of, twice each: megabytes, more than a socket takes


@dataclass(frozen=True)
class Line:
    """What the other process was answered, and when it had asked."""

    asked_at: float
    tier: str
    value: str
    state: str


class Reader:
    """The other process: what it has said so far, and its being stopped and woken."""

    def __init__(self, url: str, said: Path, owners: int) -> None:
        self._said = said
        with said.open("wb") as output:
            command = [sys.executable, hot_reader.__file__, url, str(B), str(owners)]
            self.process = subprocess.Popen(command, stdout=output)

    def lines(self) -> list[Line]:
        whole = self._said.read_text().rpartition("\n")[0].splitlines()
        return [Line(float(line.split()[0]), *line.split()[1:]) for line in whole]

    def is_hot(self) -> bool:
        lines = self.lines()
        return bool(lines) and lines[-1].tier == "hot"

    def stop(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def end(self) -> None:
        self.wake()
        self.process.kill()
        self.process.wait()


@contextmanager
def reading(url: str, said: Path, owners: int = 0) -> Iterator[Reader]:
    reader = Reader(url, said, owners)
    try:
        yield reader
    finally:
        reader.end()


@pytest.fixture(scope="module")
def program(programs: Programs) -> Path:
    return programs.need("redis-server")["redis-server"]


@pytest.mark.parametrize("stopped_seconds", [3, pytest.param(10, marks=pytest.mark.chaos)])
def test_a_process_that_wakes_answers_nothing_that_changed_while_it_slept(
    program: Path, tmp_path: Path, eventually: Eventually, stopped_seconds: int
) -> None:
    """Somebody else wrote meanwhile; its own clock says that its trust has ended, before it has heard of anything."""
    with RedisServer(program, tmp_path / "redis") as server, Redis.from_url(server.url) as other:
        other.hset(KEY, mapping={"text": "old", "id": "s"})
        with reading(server.url, tmp_path / "said") as reader:
            eventually(reader.is_hot, 10)
            reader.stop()
            time.sleep(0.1)
            other.hset(KEY, "text", "new")
            written_at = boot_clock()
            time.sleep(stopped_seconds)
            woken_at = boot_clock()
            reader.wake()
            eventually(lambda: reader.lines()[-1].value == "new" and reader.is_hot(), 5)
            lines = reader.lines()
    asked_since = [line for line in lines if line.asked_at > written_at + SLACK_SECONDS]
    assert {line.value for line in asked_since} == {"new"}
    first_hot = next(line for line in asked_since if line.tier == "hot")
    assert first_hot.asked_at - woken_at < 2.0
    assert {line.value for line in lines} == {"old", "new"}


def test_a_stopped_process_does_not_make_redis_hoard(program: Path, tmp_path: Path, eventually: Eventually) -> None:
    """What it is not told piles up to the limit and no further: Redis drops the connection, and the process notices
    when it wakes. (The stack sets 64 MB, 16 MB for 30 s.)"""
    options = {"client-output-buffer-limit": f"normal {LIMIT_BYTES} {LIMIT_BYTES // 2} 1"}
    with RedisServer(program, tmp_path / "redis", options) as server, Redis.from_url(server.url) as other:
        other.hset(KEY, mapping={"text": "old", "id": "s"})
        with reading(server.url, tmp_path / "said", OWNERS) as reader:
            eventually(reader.is_hot, 30)
            reader.stop()
            first = tracked_connection(other)
            hoarded = [waiting_bytes(other)]
            for number in range(OWNERS):
                tag = f"{{{hot_reader.owner(number)}}}"
                other.mset({f"v:{tag}": 1, f"session:{tag}:s": ""})
                if number % 50 == 0:
                    hoarded.append(waiting_bytes(other))
            eventually(lambda: waiting_bytes(other) is None, 5)
            assert 0 < max(filter(None, hoarded)) < LIMIT_BYTES + 100_000
            other.hset(KEY, "text", "new")
            reader.wake()
            eventually(lambda: reader.lines()[-1].value == "new" and reader.is_hot(), 5)
            assert reader.lines()[-1].state == "trusted"
            assert tracked_connection(other)["id"] != first["id"]


def tracked_connection(other: Redis) -> dict[str, str]:
    """What Redis tells of the one connection that it tracks for; nothing if there is none."""
    return next((client for client in other.client_list() if "t" in client["flags"]), {})


def waiting_bytes(other: Redis) -> int | None:
    """What waits in Redis for that connection; None if there is none."""
    tracked = tracked_connection(other)
    return int(tracked["omem"]) if tracked else None
