"""The world in which the machine acts: processes with their caches, one Redis, one database, users with browsers; and
one time for all of them, which passes only when turned.

Everything happens in one thread and one event loop. `run` lets it happen, round by round or until all is quiet; with
Redis, which is real, it is kept in step by a question that Redis answers only after all that came before.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from cache_model.gates import Gates
from cache_model.processes import Process
from cache_model.promises import Browser, Promises, Stamp, Violation
from cache_model.raw_redis import RawRedis, RedisSaysNo
from cache_model.truth import Card, Truth
from cache_model.turned_loop import TurnedLoop
from cache_model.ways import move_all

from cache import Cache, CacheError, open_cache

B: Final = 2.0
BARRIER_SECONDS: Final = 10.0
HOT_BYTES: Final = 40_000  # a sixteenth of it holds a session with a good number of changes
STEP_SECONDS: Final = 0.25
MOST_ROUNDS: Final = 5000
USERS: Final = ("ada", "bob")

AGE = """
local found = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
  local ends = redis.call('PEXPIRETIME', key)
  if ends >= 0 then
    found[#found + 1] = {key, '', tostring(ends)}
  end
  if string.sub(key, 1, 2) == 'w:' then
    local members = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    for i = 1, #members, 2 do found[#found + 1] = {key, members[i], members[i + 1]} end
  end
end
local time = redis.call('TIME')
return {tostring(time[1] * 1000 + math.floor(time[2] / 1000)), found}
"""


class LoadFailed(Exception):
    """The truth could not be read, or a write to it failed."""


@dataclass
class Operation:
    """Something under way in a process. `faults` is how many had been made when it began; -1: it need not succeed."""

    process: Process
    what: str
    faults: int
    task: "asyncio.Task[None]"


class World:
    """`options` are those of `open_cache`, over what this world sets."""

    def __init__(self, redis_url: str, *, processes: int = 2, **options: Any) -> None:
        self.loop = TurnedLoop()
        self.raw = RawRedis(redis_url)
        self.raw.many(("FLUSHALL",), ("SCRIPT", "FLUSH"))
        self.options = {
            "hot_bytes": HOT_BYTES,
            "staleness_seconds": B,
            "barrier_seconds": BARRIER_SECONDS,
            "clock": self.loop.time,
            **options,
        }
        self.trusts = bool(self.options["hot_bytes"]) and self.options.get("naive_seconds") is None
        self.truth = Truth()
        self.promises = Promises(B)
        self.gates = Gates(self.loop)
        self.browsers = [Browser(f"{user}'s browser {number}", user) for user in USERS for number in (1, 2)]
        self.records: dict[str, str] = {}  # the user of each record
        self.brackets: list[str] = []  # the users of the writes under way
        self.operations: list[Operation] = []
        self.faults = 0
        self.processes = [Process(n, self.loop, self.raw, self._open) for n in range(processes)]
        self._noticed = 0  # how many faults had been made when last all was quiet, and connected
        self._turned_ms = 0
        self._first_seen: dict[tuple[bytes, bytes, bytes], int] = {}
        self._log = _Loud(self.promises)
        self.loop.set_exception_handler(lambda loop, context: self.promises.broken("errors", str(context)))
        for process in self.processes:
            process.start()
        self.run()
        self.promises_kept()

    # --- letting things happen -----------------------------------------------------------------------------------

    def run(self, rounds: int | None = None) -> None:
        """Lets the loop turn so often, or until nothing happens any more."""
        self.raw.settle()
        ways = [process.way for process in self.processes]
        quiet = 0
        for _ in range(MOST_ROUNDS if rounds is None else rounds):
            before = self.loop.activity
            moved = move_all(ways)
            self.loop.once()
            quiet = 0 if moved or self.loop.activity != before else quiet + 1
            if quiet == 2:
                if all(process.connected for process in self.processes):
                    self._noticed = self.faults
                if rounds is None:
                    return
        if rounds is None:
            self.promises.broken("rest", "it never comes to rest")

    def start(self, process: Process, what: str, work: Coroutine[Any, Any, None], *, must_succeed: bool) -> None:
        """Begins an operation in a process."""
        task = self.loop.create_task(work, name=what)
        operation = Operation(process, what, self.faults if must_succeed and self.calm else -1, task)
        self.operations.append(operation)
        task.add_done_callback(lambda _: self._over(operation))

    def turn(self, seconds: float, *, smoothly: bool) -> None:
        """Time passes: step by step with all that is due in between, or in one leap, as if all had been asleep."""
        self.faults += not smoothly  # what was waiting for an answer then, waited too long
        end = self.loop.now + seconds
        while self.loop.now < end:
            step = min(STEP_SECONDS, end - self.loop.now) if smoothly else seconds
            self.truth.settle_until(self.loop.now + step)
            self._age_redis(step)
            self.loop.now += step
            self.loop.once()
            self.run()
            self.poll()

    @property
    def calm(self) -> bool:
        """Whether there is no reason why Redis should not be reached, or a load not end."""
        clear = all(process.way.clear for process in self.processes)
        return clear and not len(self.gates) and self._noticed == self.faults and self.trusted

    @property
    def trusted(self) -> bool:
        """Whether all processes trust their copies, where that is what they do."""
        return not self.trusts or all(process.trusted for process in self.processes)

    # --- watching ------------------------------------------------------------------------------------------------

    def poll(self) -> None:
        """Looks what Redis holds, past all caches, and tells the promises."""
        boards = [("GET", self.processes[0].boards.key(user)) for user in USERS]
        sessions = [
            ("HMGET", self.processes[0].sessions.key(user, record), "version", "id")
            for record, user in self.records.items()
        ]
        replies = self.raw.look(*boards, *sessions)
        values = {
            user: (card_in(reply, user), self.truth.seq(user)) for user, reply in zip(USERS, replies, strict=False)
        }
        records: dict[str, Stamp | None] = {}
        for record, reply in zip(self.records, replies[len(USERS) :], strict=True):
            there = isinstance(reply, list) and reply[1] == record.encode()
            records[record] = (record, int(reply[0])) if there else None
        self.promises.polled(self.loop.now, values, records)

    def promises_kept(self) -> None:
        """Raises Violation if anything was broken."""
        for process in self.processes:
            hot = process.cache.hot
            if hot.bytes > hot.max_bytes:
                self.promises.broken("bounds", f"{hot.bytes} bytes are held, {hot.max_bytes} may be")
        if self.promises.violations:
            raise Violation("\n".join(self.promises.violations))

    # --- the end -------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Ends everything; nothing is left of it."""
        for operation in self.operations:
            operation.task.cancel()
        for process in self.processes:
            process.way.die()
            process.stop()
        self.run()
        for process in self.processes:
            process.way.close()
        self._log.close()
        self.raw.close()
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        self.loop.once()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()
        assert not left, left

    def kill(self, process: Process) -> None:
        """A process dies, with nothing more said, and is started again."""
        self.faults += 1
        process.way.die()
        for operation in list(self.operations):
            if operation.process is process:
                operation.task.cancel()
        process.stop()
        self.run()
        process.start()
        self.run()

    def _open(self, url: str) -> AbstractAsyncContextManager[Cache]:
        return open_cache(url, **self.options)

    def _over(self, operation: Operation) -> None:
        self.operations.remove(operation)
        if operation.task.cancelled():
            return
        error = operation.task.exception()
        if isinstance(error, CacheError) and operation.faults == self.faults and self.calm:
            self.promises.broken("service", f"{operation.what} failed for no reason: {error!r}")
        elif error is not None and not isinstance(error, CacheError | LoadFailed):
            self.promises.broken("errors", f"{operation.what} raised {error!r}")

    def _age_redis(self, seconds: float) -> None:
        """Ends in Redis what would have ended by itself, had its own clock been turned too.

        What does not end is left alone: to change its time to live would count as a change of the key.
        """
        [(now, found)] = self.raw.look(("EVAL", AGE, 0))
        first_seen: dict[tuple[bytes, bytes, bytes], int] = {}
        turned = self._turned_ms + int(seconds * 1000)
        ends: list[tuple[str | bytes, ...]] = []
        for key, member, at in found:
            what = (key, member, at)
            first_seen[what] = self._first_seen.get(what, self._turned_ms)
            if float(at) - int(now) <= turned - first_seen[what]:
                ends.append(("ZREM", key, member) if member else ("DEL", key))
        self._first_seen, self._turned_ms = first_seen, turned
        if ends:
            self.raw.many(*ends)


def card_in(stored: Any, user: str) -> Card | None:
    """The value of a user that Redis holds, if it is one and is theirs."""
    if not isinstance(stored, bytes):
        return None
    try:
        key, _, _, value = msgspec.msgpack.decode(stored)
        card = msgspec.convert(value, Card)
    except (msgspec.MsgspecError, ValueError, TypeError):
        return None
    return card if f"{{{user}}}" in key else None


class _Loud(logging.Handler):
    """An error in the log is something broken."""

    def __init__(self, promises: Promises) -> None:
        super().__init__(logging.ERROR)
        self._promises = promises
        for name in ("cache", "asyncio"):
            logging.getLogger(name).addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self._promises.broken("errors", f"logged: {record.getMessage()} {record.exc_info}")

    def close(self) -> None:
        for name in ("cache", "asyncio"):
            logging.getLogger(name).removeHandler(self)
        super().close()


__all__ = ["BARRIER_SECONDS", "B", "LoadFailed", "Operation", "RedisSaysNo", "World", "card_in"]
