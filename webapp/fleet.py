"""The fleet: each web process tells the others, once a second, that it is there and how it is, and hears of them.

One script a second and process, in either mode, whose answer is bounded: past `MOST_HEARD` processes each hears of so
many drawn by lot, anew each second, which is enough to know how many users others hold. What was told is worth
`TOLD_SECONDS`; who has ended is gone from the list after that, or at once if it said so. A process that hears nothing
(Redis is away) knows of nobody but itself.
Unknown fields are passed over and missing ones have defaults, so different releases hear each other.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from cache import Cache, Overloaded, Unavailable
from webapp.life import Phase

PULSE_SECONDS: Final = 1.0
TOLD_SECONDS: Final = 5.0
STILL_THERE_SECONDS: Final = 1.5 * PULSE_SECONDS
MOST_TOLD_BYTES: Final = 4096
MOST_HEARD: Final = 64
KEYS: Final = ("fleet:{fleet}", "fleet-until:{fleet}")

PULSE: Final = """
-- KEYS: what each told, until when that is worth something.
-- ARGV: who tells, what ('' if it leaves), for how many ms that is worth something, within how many it was told by
-- a process that is still there, and of how many others to hear at most.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local worth = redis.call('ZSCORE', KEYS[2], ARGV[1])
local former = worth and worth - now > ARGV[3] - ARGV[4] and redis.call('HGET', KEYS[1], ARGV[1])
local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)
if ARGV[2] == '' then over[#over + 1] = ARGV[1] end
for _, name in ipairs(over) do
  redis.call('HDEL', KEYS[1], name)
  redis.call('ZREM', KEYS[2], name)
end
if ARGV[2] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
end
for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, 10 * ARGV[3]) end
if redis.call('HLEN', KEYS[1]) <= tonumber(ARGV[5]) then return {former, redis.call('HVALS', KEYS[1])} end
local drawn, heard = redis.call('HRANDFIELD', KEYS[1], ARGV[5], 'WITHVALUES'), {}
for at = 2, #drawn, 2 do heard[#heard + 1] = drawn[at] end
return {former, heard}
"""

log = structlog.get_logger("webapp.fleet")


class Told(msgspec.Struct, frozen=True, gc=False):
    """What one process tells of itself. `hit_rate` is the hot tier's over the last minute, None before a lookup."""

    instance: str
    version: str = ""
    mode: str = ""
    rung: str = ""
    phase: str = "ready"
    users: int = 0
    in_flight: int = 0
    lag_ms: float = 0.0
    hot_state: str = "off"
    hot_reason: str = ""
    hot_entries: int = 0
    hot_bytes: int = 0
    hit_rate: float | None = None


class Fleet:
    """`tell` says what this process tells now. `clock` in seconds.

    `heard` is called after each pulse; `took_over` before the first one, if somebody else still tells under this name:
    the process that this one takes over from.
    """

    def __init__(self, cache: Cache, tell: Callable[[], Told], clock: Callable[[], float]) -> None:
        self._tell = tell
        self._pulse = cache.link.script(PULSE)
        self._link = cache.link
        self._clock = clock
        self._told: list[Told] = []
        self._heard_at: float | None = None
        self._has_told = False
        self.heard: Callable[[list[Told]], None] = lambda members: None
        self.took_over: Callable[[Told], None] = lambda former: None

    @property
    def own(self) -> Told:
        """What this process tells now."""
        return self._tell()

    @property
    def members(self) -> list[Told]:
        """This process and those that were heard of, by name; this one alone if nothing was heard lately."""
        heard = self._heard_at is not None and self._clock() - self._heard_at < TOLD_SECONDS
        return self._with_own(self._told if heard else [])

    async def everybody(self) -> list[Told]:
        """Every process there is, by name, asked for now; `members` if Redis does not answer.

        One that died without a word is listed until somebody's next pulse after `TOLD_SECONDS`.
        """
        try:
            [values] = await self._link.ask("fleet", ("HVALS", KEYS[0]), again=True)
        except (Unavailable, Overloaded):
            return self.members
        return self._with_own(_all_read(values))

    async def run(self) -> None:
        """Pulses until cancelled, and then says that this process is gone."""
        try:
            while True:
                with contextlib.suppress(Unavailable, Overloaded):
                    if self._speaks:
                        await self.pulse()
                await asyncio.sleep(PULSE_SECONDS)
        finally:
            with contextlib.suppress(Unavailable, Overloaded):
                if self._speaks:
                    await self._say(b"")

    @property
    def _speaks(self) -> bool:
        """Whether this process still speaks for its name: while it retires, its successor does."""
        return self._tell().phase != Phase.RETIRING

    async def pulse(self) -> None:
        """Tells, and hears. Raises Unavailable, Overloaded."""
        former, values = await self._say(msgspec.json.encode(self._tell()))
        if not self._has_told:
            self._has_told = True
            predecessor = _read(former) if former else None
            if predecessor is not None:
                self.took_over(predecessor)
                _, values = await self._say(msgspec.json.encode(self._tell()))
        self._told = _all_read(values)
        self._heard_at = self._clock()
        self.heard(self.members)

    async def _say(self, what: bytes) -> tuple[bytes | None, list[bytes]]:
        args = (self._tell().instance, what, int(TOLD_SECONDS * 1000), int(STILL_THERE_SECONDS * 1000), MOST_HEARD)
        former, values = await self._pulse("fleet", KEYS, args)
        return former or None, values

    def _with_own(self, told: list[Told]) -> list[Told]:
        own = self._tell()
        others = [each for each in told if each.instance != own.instance]
        return sorted([own, *others], key=lambda each: each.instance)


def _all_read(values: list[bytes]) -> list[Told]:
    return [told for value in values if (told := _read(value)) is not None]


def _read(value: bytes) -> Told | None:
    try:
        return msgspec.json.decode(value, type=Told) if len(value) <= MOST_TOLD_BYTES else None
    except msgspec.MsgspecError:
        log.debug("what a process told of itself cannot be read")
        return None
