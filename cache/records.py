"""Records: Redis hashes that are the truth themselves (a session), not a cache over something else.

Invariant: a field is written only while the record exists, in one script, so a late write cannot bring back a record
that was deleted, and two writers of different fields do not overwrite each other. Unknown fields are kept.

Each record counts its own changes in the field `version`, and names itself in the field `id`.
"""

import logging
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from cache.connection import Command, Reply
from cache.errors import ErrorReply, Misuse
from cache.hot import Entry, weigh_fields
from cache.link import as_mapping
from cache.lookup import ForeignReply, Lookup
from cache.shared import RAISED, checked_name, version_key
from cache.tiers import Tiers

Fields = Mapping[str, str]

_log = logging.getLogger(__name__)

NAMED = b"id"
OWN_FIELDS: Final = ("id", "version")
FOREVER = float("inf")

CREATE = (
    RAISED
    + """
-- KEYS: record, index, version of the owner.
-- ARGV: life of the record and of the index (ms from now), its member, score, now, then field, value, ...
if redis.call('EXISTS', KEYS[1]) == 1 then return -1 end
redis.call('HSET', KEYS[1], 'version', 1, 'id', ARGV[3])
if #ARGV > 5 then redis.call('HSET', KEYS[1], unpack(ARGV, 6)) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
return raised(KEYS[3])
"""
)

CHANGE = (
    RAISED
    + """
-- KEYS: record, version of the owner.  ARGV: life (ms from now, or '' to leave it), raise the owner's version?, fields.
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
if #ARGV > 2 then redis.call('HSET', KEYS[1], unpack(ARGV, 3)) end
redis.call('HINCRBY', KEYS[1], 'version', 1)
if ARGV[1] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
if ARGV[2] == '1' then return raised(KEYS[2]) end
return 0
"""
)

RENAME = (
    RAISED
    + """
-- KEYS: record, the same under its new id, index, version of the owner.
-- ARGV: as for a new one, then the former member of the index, then field, value, ...
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
redis.call('HSET', KEYS[1], 'id', ARGV[3], unpack(ARGV, 7))
redis.call('HINCRBY', KEYS[1], 'version', 1)
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[6])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[5])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[3])
if redis.call('PTTL', KEYS[3]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[3], ARGV[2]) end
return raised(KEYS[4])
"""
)

DELETE = (
    RAISED
    + """
-- KEYS: version of the owner, index, then records.  ARGV: the members of the index, one per record.
local gone = 0
for i = 3, #KEYS do
  gone = gone + redis.call('DEL', KEYS[i])
  redis.call('ZREM', KEYS[2], ARGV[i - 2])
end
if gone > 0 then raised(KEYS[1]) end
return gone
"""
)


class Records:
    """Records of one kind, several per owner, each named by an id, with an index per owner. Made by `Cache.records`.

    A copy of a record is dropped when its change was answered or its deletion is sent, and none from before is kept.
    Every method that asks Redis raises Unavailable.
    """

    refresh_seconds = 0.0

    def __init__(self, tiers: Tiers, name: str, *, prefix: str, outage: bool) -> None:
        self.name = checked_name("a kind of records", name)
        self.outage = outage
        self._tiers = tiers
        self._link = tiers.link
        self._complained = False
        self._head = f"{prefix}{self.name}"
        self._create = tiers.link.script(CREATE)
        self._change = tiers.link.script(CHANGE)
        self._rename = tiers.link.script(RENAME)
        self._delete = tiers.link.script(DELETE)

    def key(self, tag: str, record_id: str) -> str:
        """The Redis key of one record."""
        return f"{self._head}:{{{checked_name('a tag', tag)}}}:{checked_name('a record id', record_id)}"

    def lookup(self, tag: str, record_id: str, *, floor: int = 0) -> Lookup[Fields]:
        """Asks for one record."""
        return Lookup(self, tag, self.key(tag, record_id), floor)

    async def create(
        self, tag: str, record_id: str, fields: Fields, *, lives_seconds: float, now: float, ends: float
    ) -> int:
        """Creates a record; the owner's new version, or -1 if a record of that id exists already.

        It expires in `lives_seconds`, by Redis's clock, and is listed until `ends` (epoch seconds, as is `now`).
        Raises Misuse for a field that a record writes itself.
        """
        flat = _flat(fields)
        key = self.key(tag, record_id)
        args: tuple[str | float, ...] = (*_life(lives_seconds, now, ends), record_id, ends, now, *flat)
        reply = self._create("script", (key, self._index(tag), version_key(tag)), args)
        return await self._tiers.write(tag, reply, key)

    async def change(
        self, tag: str, record_id: str, fields: Fields, *, lives_seconds: float | None = None, counts: bool = True
    ) -> int:
        """Writes some fields if the record exists; the owner's new version (0 if the change does not count as one of
        the owner's writes), or -1 if the record is gone. It expires in `lives_seconds`, or when it would have anyway.
        Raises Misuse for a field that a record writes itself.
        """
        flat = _flat(fields)
        life = "" if lives_seconds is None else _milliseconds("lives_seconds", lives_seconds)
        key = self.key(tag, record_id)
        args = (life, "1" if counts else "0", *flat)
        return await self._tiers.write(tag, self._change("script", (key, version_key(tag)), args), key)

    async def rename(
        self,
        tag: str,
        record_id: str,
        new_id: str,
        fields: Fields,
        *,
        lives_seconds: float,
        now: float,
        ends: float,
    ) -> int:
        """Gives a record another id and some other fields, and begins its life anew; the owner's new version, or -1
        if the record is gone. Under its former id it is gone at once. Raises as `create`.
        """
        flat = _flat(fields)
        former, key = self.key(tag, record_id), self.key(tag, new_id)
        args: tuple[str | float, ...] = (*_life(lives_seconds, now, ends), new_id, ends, now, record_id, *flat)
        self._tiers.forget_key(former)
        reply = self._rename("script", (former, key, self._index(tag), version_key(tag)), args)
        return await self._tiers.write(tag, reply, former, key)

    async def delete(self, tag: str, record_ids: Sequence[str]) -> int:
        """Deletes records for good; how many existed. The owner's version is raised if any did."""
        keys = [self.key(tag, record_id) for record_id in record_ids]
        for key in keys:
            self._tiers.forget_key(key)  # answered or not, nobody is to be shown these any more
        reply = self._delete("script", (version_key(tag), self._index(tag), *keys), tuple(record_ids))
        return await self._tiers.write(tag, reply, *keys)

    async def list(self, tag: str) -> list[tuple[str, Fields]]:
        """Id and fields of every living record of an owner, oldest ending first. Never from a copy."""
        [members] = await self._link.ask("read", ("ZRANGE", self._index(tag), 0, -1), again=True)
        record_ids = [member.decode() for member in members]
        if not record_ids:
            return []
        commands = [("HGETALL", self.key(tag, record_id)) for record_id in record_ids]
        replies = await self._link.ask("read", *commands, again=True)
        found = ((record_id, fields_of(reply)) for record_id, reply in zip(record_ids, replies, strict=True))
        return [(record_id, fields) for record_id, fields in found if fields]

    # --- what a reply holds: see `Source` ------------------------------------------------------------------------

    def command(self, key: str) -> Command:
        """What reads the key."""
        return ("HGETALL", key)

    def entry(self, tag: str, key: str, reply: Reply, *, version: int, left_ms: int, now: float) -> Entry | None:
        """The record in a reply, its fields still bytes; None if there is no such record. Raises ForeignReply."""
        if reply is None or isinstance(reply, ErrorReply):
            return None
        if not isinstance(reply, dict | list) or (isinstance(reply, list) and len(reply) % 2):
            raise ForeignReply  # no hash at all: the answer to something else
        fields = as_mapping(reply)
        if not fields:
            return None
        named = fields.get(NAMED)
        if named is not None and named != key.encode().rpartition(b"}:")[2]:
            self._garbage(key)
            raise ForeignReply
        until = now + left_ms / 1000 if left_ms >= 0 else FOREVER
        return Entry(
            region=self.name,
            tag=tag,
            value=fields,
            version=version,
            stamp=fields.get(b"version"),
            made_at=now,
            fresh_until=until,
            expires_at=until,
            weight=weigh_fields(fields),
        )

    def decode(self, entry: Entry) -> Any:
        """All fields of the record as text; None where they are no text."""
        return fields_of(entry.value)

    def _garbage(self, key: str) -> None:
        self._tiers.observer.garbage_found(self.name, "foreign")
        if not self._complained:
            self._complained = True
            _log.warning("what Redis holds for records %r cannot be used (foreign); more is only counted", self.name)
            _log.debug("it was found under %s", key)

    def _index(self, tag: str) -> str:
        return f"{self._head}s:{{{checked_name('a tag', tag)}}}"


def fields_of(reply: Reply) -> Fields | None:
    """A hash as text that nobody can change; None where it is no text."""
    try:
        return MappingProxyType({name.decode(): value.decode() for name, value in as_mapping(reply).items()})
    except UnicodeDecodeError:
        return None


def _flat(fields: Fields) -> list[str]:
    """Names and values in turn."""
    if own := [name for name in OWN_FIELDS if name in fields]:
        raise Misuse(f"a record writes these fields itself: {', '.join(own)}")
    return [text for pair in fields.items() for text in pair]


def _life(lives_seconds: float, now: float, ends: float) -> tuple[int, int]:
    """For how long the record lives, and its place in the index."""
    return _milliseconds("lives_seconds", lives_seconds), _milliseconds("ends - now", ends - now)


def _milliseconds(what: str, seconds: float) -> int:
    """For Redis, which takes no life of 0: a record with no time left is over at once. Raises Misuse for no number."""
    if not abs(seconds) < FOREVER:  # NaN included
        raise Misuse(f"{what} must be a number of seconds, got {seconds}")
    return max(1, int(seconds * 1000))
