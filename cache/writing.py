"""Writes to an owner's truth: bracketed, authorised by a record, done once, within quotas; all asked in one round trip.

Invariants
- A write that is refused, repeated or over a quota has changed nothing, in Redis or in the truth.
- What was asked under one key is never something else under the same key (`Reused`), while the key is remembered.
- Whoever sends a write again after it was answered is told the first answer. Sent again before that, it is done again,
  beside the first: the effect has to be unique where it lives (a document's id derived from owner and key). Redis only
  remembers the answer, and a Redis that forgot it costs a second look at the truth.
- A repeat uses up no quota.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from cache.connection import Reply
from cache.errors import Misuse, OverQuota, Refused, Repeated, Reused, Unavailable
from cache.region import Region
from cache.shared import GCRA, RAISED, checked_name, lease_key, version_key, writers_key
from cache.tiers import Tiers

WRITE_SHARE: Final = 0.45  # of the barrier's time: what is left is for a write that lands after its deadline
MOST_ANSWER_BYTES: Final = 65_536
MOST_QUOTAS: Final = 8

GATE: Final = """
-- The gate. KEYS, the last ones: where the answer is kept, then one for each quota.
-- ARGV, from 5: what is asked ('': it may be done any number of times), how long its answer is kept in ms, then for
-- each quota: how many, in how many ms. Nothing is written here, for it may yet be refused.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local first, due = true, {}
local gate = #KEYS - tonumber(ARGV[4])
if ARGV[5] ~= '' then
  local kept = redis.call('HMGET', KEYS[gate + 1], 'asked', 'answer')
  if kept[1] and kept[1] ~= ARGV[5] then return {'reused'} end
  if kept[2] then return {'repeated', kept[2], redis.call('GET', KEYS[1]) or '0'} end
  first = not kept[1]
end
if first then
  for i = gate + 2, #KEYS do
    local at, over = 7 + 2 * (i - gate - 2)
    due[i], over = gcra(KEYS[i], now, tonumber(ARGV[at]), tonumber(ARGV[at + 1]))
    if over > 0 then return {'over', i - gate - 2, over} end
  end
end
"""

BEGIN: Final = (
    RAISED
    + GCRA
    + """
-- KEYS: version, writers, the record that must exist (or the version again), what to delete, then those of the gate.
-- ARGV: must it exist?, this writer, how long its barrier lasts in ms, how many keys the gate has, then the gate's.
if ARGV[1] == '1' and redis.call('EXISTS', KEYS[3]) == 0 then return -1 end
"""
    + GATE
    + """
-- First, because a Redis that is full refuses it, and then nothing else is done either; behind a DEL it would not.
local version = raised(KEYS[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[2])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
for i = 4, gate do redis.call('DEL', KEYS[i]) end
for i, at in pairs(due) do gcra_set(KEYS[i], now, at) end
if ARGV[5] ~= '' and first then
  redis.call('HSET', KEYS[gate + 1], 'asked', ARGV[5])
  redis.call('PEXPIRE', KEYS[gate + 1], ARGV[6])
end
return version
"""
)

ASK: Final = (
    GCRA
    + """
-- What BEGIN would say to a write, and nothing is written.
-- KEYS: version, the record that must exist (or the version again), then those of the gate.  ARGV: as those of BEGIN.
if ARGV[1] == '1' and redis.call('EXISTS', KEYS[2]) == 0 then return -1 end
"""
    + GATE
    + """
return 0
"""
)

COMMIT: Final = (
    RAISED
    + """
-- KEYS: version, writers, what to delete, then where the answer is kept (or the version again).
-- ARGV: this writer, lift its barrier?, the answer to remember ('': none).
for i = 3, #KEYS - 1 do redis.call('DEL', KEYS[i]) end
if ARGV[2] == '1' then redis.call('ZREM', KEYS[2], ARGV[1]) end
if ARGV[3] ~= '' and redis.call('EXISTS', KEYS[#KEYS]) == 1 then
  redis.call('HSETNX', KEYS[#KEYS], 'answer', ARGV[3])
end
return raised(KEYS[1])
"""
)


class Once(msgspec.Struct, frozen=True):
    """A write that has an effect once, however often it is sent.

    `key` names it among its owner's writes, `asked` is a fingerprint of what is asked; the answer is remembered for
    `seconds`.
    """

    key: str
    asked: str
    seconds: float


class Quota(msgspec.Struct, frozen=True):
    """At most `most` writes of this `name` by one owner within any `per_seconds`; all at once, or evenly spread.

    Counted by GCRA (`cache/shared.py`): one number per owner and name.
    """

    name: str
    most: int
    per_seconds: float


class Write:
    """A write under way. `version` is the owner's version that includes it, once the block has ended."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.answer = b""

    def remember(self, answer: bytes) -> None:
        """What whoever sends this write again is told, if the block ends well. Raises Misuse for none or too much."""
        if not 0 < len(answer) <= MOST_ANSWER_BYTES:
            raise Misuse(f"an answer must have 1 to {MOST_ANSWER_BYTES} bytes, got {len(answer)}")
        self.answer = answer


class Writes:
    """Brackets writes, and drops what is cached of an owner."""

    def __init__(self, tiers: Tiers, *, prefix: str, barrier_seconds: float) -> None:
        self._tiers = tiers
        self._prefix = prefix
        self._barrier_seconds = barrier_seconds
        self._ask = tiers.link.script(ASK)
        self._begin = tiers.link.script(BEGIN)
        self._commit = tiers.link.script(COMMIT)

    async def may_write(self, tag: str, *, alive: str | None, once: Once | None, quotas: Sequence[Quota]) -> None:
        """See `Cache.may_write`."""
        counter = version_key(checked_name("a tag", tag))
        gate, limits = self._gate(tag, once, quotas)
        args = ("1" if alive else "0", "", "", len(gate), *limits)
        reply = self._ask("begin", (counter, _record(alive) or counter, *gate), args)
        _refuse_the_dead(await _let_in(reply, quotas), alive)

    @asynccontextmanager
    async def write(
        self, tag: str, regions: Sequence[Region[Any]], *, alive: str | None, once: Once | None, quotas: Sequence[Quota]
    ) -> AsyncIterator[Write]:
        """See `Cache.write`."""
        token = secrets.token_hex(8)
        keys = self._keys(tag, regions)
        counter, writers = version_key(checked_name("a tag", tag)), writers_key(tag)
        gate, limits = self._gate(tag, once, quotas)
        kept = gate[0] if gate else counter
        args = ("1" if alive else "0", token, int(self._barrier_seconds * 1000), len(gate), *limits)
        begun = asyncio.get_running_loop().time()
        reply = self._begin("begin", (counter, writers, _record(alive) or counter, *keys, *gate), args)
        version = await self._tiers.write(tag, _let_in(reply, quotas))
        _refuse_the_dead(version, alive)
        write = Write(version)
        lift, answer = "0", b""
        try:
            async with asyncio.timeout_at(begun + self._barrier_seconds * WRITE_SHARE) as limit:
                yield write
            lift, answer = "1", write.answer
        except TimeoutError as error:
            if limit.expired():
                raise Unavailable("write", "it was not done within its deadline, and may be done later") from error
            raise
        finally:
            reply = self._commit("commit", (counter, writers, *keys, kept), (token, lift, answer))
            write.version = await self._tiers.write(tag, reply)

    async def invalidate(self, tag: str, regions: Sequence[Region[Any]]) -> int:
        """See `Cache.invalidate`."""
        counter, writers = version_key(checked_name("a tag", tag)), writers_key(tag)
        keys = (counter, writers, *self._keys(tag, regions), counter)
        return await self._tiers.write(tag, self._commit("commit", keys, ("", "0", "")))

    def _keys(self, tag: str, regions: Sequence[Region[Any]]) -> list[str]:
        keys = [region.key(tag) for region in regions]
        return [*keys, *(lease_key(key) for key in keys)]

    def _gate(
        self, tag: str, once: Once | None, quotas: Sequence[Quota]
    ) -> tuple[tuple[str, ...], tuple[str | int, ...]]:
        """The keys and the arguments of the script's gate: first where the answer is kept, or the version's place.

        Raises Misuse for limits that are none.
        """
        if not once and not quotas:
            return (), ("", 0)
        if len(quotas) > MOST_QUOTAS:
            raise Misuse(f"a write may have {MOST_QUOTAS} quotas, got {len(quotas)}")
        for quota in quotas:
            if quota.most < 1 or not 0 < quota.per_seconds < 1e9:
                raise Misuse(f"a quota needs a number of writes and a time, got {quota}")
        counted = [f"{self._prefix}quota:{{{tag}}}:{checked_name('a quota', quota.name)}" for quota in quotas]
        limits = [number for quota in quotas for number in (quota.most, int(quota.per_seconds * 1000))]
        if not once:
            return (version_key(tag), *counted), ("", 0, *limits)
        if not 0 < once.seconds < 1e9:
            raise Misuse(f"an answer must be kept for some time, got {once.seconds} s")
        kept = f"{self._prefix}once:{{{tag}}}:{checked_name('the key of a write', once.key)}"
        asked = checked_name("what a write asks", once.asked)
        return (kept, *counted), (asked, int(once.seconds * 1000), *limits)


def _record(alive: str | None) -> str | None:
    """The key of the record a write depends on. Raises Misuse for an empty one."""
    if alive == "":
        raise Misuse("alive must be the key of a record, got an empty one")
    return alive


def _refuse_the_dead(version: int, alive: str | None) -> None:
    if version < 0:
        raise Refused(f"the record {alive} that this write depends on is gone")


async def _let_in(reply: Awaitable[Reply], quotas: Sequence[Quota]) -> int:
    """What the script answered to a write it lets in. Raises Repeated, Reused, OverQuota."""
    answer = await reply
    if not isinstance(answer, list):
        return int(answer)
    match answer:
        case [b"repeated", bytes(kept), version]:
            raise Repeated(kept, int(version))
        case [b"over", place, milliseconds]:
            raise OverQuota(quotas[int(place)].name, int(milliseconds) / 1000)
        case _:
            raise Reused
