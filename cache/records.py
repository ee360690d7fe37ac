"""Records: Redis hashes that are the truth themselves (a session), not a cache over something else.

Invariant: a field is written only while the record exists, in one script, so a late write cannot bring back a record
that was deleted, and two writers of different fields do not overwrite each other. Unknown fields are kept.

Each record counts its own changes in the field `version`.
"""

from collections.abc import Mapping, Sequence

from cache.hot import weigh
from cache.link import Link, Reply
from cache.lookup import Found, Lookup
from cache.shared import checked_name, version_key

Fields = Mapping[str, str]

CREATE = """
-- KEYS: record, index, version of the owner.
-- ARGV: expiry of the record (epoch ms), of the index (ms from now), its member, score, now, then field, value, ...
if redis.call('EXISTS', KEYS[1]) == 1 then return -1 end
redis.call('HSET', KEYS[1], unpack(ARGV, 6))
redis.call('HSET', KEYS[1], 'version', 1)
redis.call('PEXPIREAT', KEYS[1], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return redis.call('INCR', KEYS[3])
"""

CHANGE = """
-- KEYS: record, version of the owner.  ARGV: expiry (epoch ms, or '' to leave it), raise the owner's version?, fields.
if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('HINCRBY', KEYS[1], 'version', 1)
if ARGV[1] ~= '' then redis.call('PEXPIREAT', KEYS[1], ARGV[1]) end
if ARGV[2] == '1' then return redis.call('INCR', KEYS[2]) end
return 0
"""

DELETE = """
-- KEYS: version of the owner, index, then records.  ARGV: the members of the index, one per record.
local gone = 0
for i = 3, #KEYS do
  gone = gone + redis.call('DEL', KEYS[i])
  redis.call('ZREM', KEYS[2], ARGV[i - 2])
end
redis.call('INCR', KEYS[1])
return gone
"""


class Records:
    """Records of one kind, several per owner, each named by an id, with an index per owner."""

    def __init__(self, name: str, link: Link, *, trust_seconds: float) -> None:
        self.name = checked_name("a kind of records", name)
        self.trust_seconds = trust_seconds
        self._link = link
        self._create = link.script(CREATE)
        self._change = link.script(CHANGE)
        self._delete = link.script(DELETE)

    def key(self, tag: str, record_id: str) -> str:
        """The Redis key of one record."""
        return f"{self.name}:{{{checked_name('a tag', tag)}}}:{checked_name('a record id', record_id)}"

    def lookup(self, tag: str, record_id: str, *, floor: int = 0) -> Lookup[Fields]:
        """Asks for one record."""
        key = self.key(tag, record_id)
        return Lookup(self, tag, key, ("HGETALL", key), floor)

    def read(self, reply: Reply, version: int) -> Found[Fields] | None:
        """All fields of the record as text; None if there is no such record."""
        if not reply:
            return None
        try:
            fields = {name.decode(): value.decode() for name, value in reply.items()}
        except UnicodeDecodeError:
            return None
        return Found(fields, version, None, weigh(b"".join(reply) + b"".join(reply.values())))

    async def create(self, tag: str, record_id: str, fields: Fields, *, now: float, expires: float, ends: float) -> int:
        """Creates a record that expires at `expires` and is listed until `ends` (epoch seconds); the owner's new
        version, or -1 if a record of that id exists already. Raises Unavailable."""
        flat = [text for pair in fields.items() for text in pair]
        keys = (self.key(tag, record_id), self._index(tag), version_key(tag))
        args: tuple[str | float, ...] = (
            int(expires * 1000),
            max(1, int((ends - now) * 1000)),
            record_id,
            ends,
            now,
            *flat,
        )
        return int(await self._create("script", keys, args))

    async def change(
        self, tag: str, record_id: str, fields: Fields, *, expires: float | None = None, counts: bool = True
    ) -> int:
        """Writes some fields if the record exists; the owner's new version (0 if the change does not count as one of
        the owner's writes), or -1 if the record is gone. Raises Unavailable."""
        flat = [text for pair in fields.items() for text in pair]
        deadline = "" if expires is None else int(expires * 1000)
        keys = (self.key(tag, record_id), version_key(tag))
        return int(await self._change("script", keys, (deadline, "1" if counts else "0", *flat)))

    async def delete(self, tag: str, record_ids: Sequence[str]) -> int:
        """Deletes records for good and raises the owner's version; how many existed. Raises Unavailable."""
        keys = (version_key(tag), self._index(tag), *(self.key(tag, record_id) for record_id in record_ids))
        return int(await self._delete("script", keys, tuple(record_ids)))

    async def list(self, tag: str) -> list[tuple[str, Fields]]:
        """Id and fields of every living record of an owner, oldest ending first. Raises Unavailable."""
        [members] = await self._link.ask("read", ("ZRANGE", self._index(tag), 0, -1))
        record_ids = [member.decode() for member in members]
        if not record_ids:
            return []
        replies = await self._link.ask("read", *(("HGETALL", self.key(tag, record_id)) for record_id in record_ids))
        found = ((record_id, self.read(reply, 0)) for record_id, reply in zip(record_ids, replies, strict=True))
        return [(record_id, record.value) for record_id, record in found if record is not None]

    def _index(self, tag: str) -> str:
        return f"{self.name}s:{{{tag}}}"
