"""The Redis tier: where each owner's version lives, and the scripts that keep stored values honest.

Every key of one owner carries the owner's tag as its hash tag, `{tag}`, so a script touches one slot only, and every
key a script touches is declared (Redis tracks no others).

Invariants
- Whatever is stored for an owner reflects every acknowledged write of theirs. A write deletes what it affects and voids
  the leases of loads under way before it starts (`BEGIN` of `writing.py`), and again when it is over (`COMMIT`); a load
  stores only while it holds its lease and nobody is writing (`STORE`).
- A version is raised by each write and by each value stored, so that who has seen a newer value, other people's news in
  it included, is not shown an older one that is still held elsewhere.
- A version outlives whatever carries it (a copy's label, a browser's floor), unless that is kept for longer than
  `VERSION_SECONDS` without one write. A floor above what is counted costs its bearer the hot path, and no promise.
- A writer that dies in between leaves a barrier, which ends by itself; until then loads are answered, not stored. Its
  write has a deadline of 0.45 of that time, so that it has the rest of it to land in.
- One load per key in the whole fleet (`FILL`): whoever holds the lease loads, the others wait for it or for its end.
"""

from typing import Final

from cache.errors import Misuse

MAX_NAME_BYTES: Final = 512

VERSION_SECONDS: Final = 90 * 86_400  # how long the version of an owner who writes nothing is remembered

RAISED: Final = f"""
local function raised(counter)
  local version = redis.call('INCR', counter)
  redis.call('EXPIRE', counter, {VERSION_SECONDS})
  return version
end
"""

# GCRA, the generic cell rate algorithm (ITU-T I.371): one number, the moment at which all of a quota is there again;
# each use puts that off by its share of the time. Less than a millisecond too late is what rounding leaves.
GCRA: Final = """
local function gcra(key, now, most, per)
  local due = math.max(tonumber(redis.call('GET', key) or 0) or 0, now) + per / most
  local over = due - now - per
  return due, over >= 1 and math.ceil(over) or 0
end
local function gcra_set(key, now, due)
  redis.call('SET', key, string.format('%.3f', due), 'PX', math.ceil(due - now))
end
"""

_BARRED = """
local function barred(key)
  local time = redis.call('TIME')
  return redis.call('ZCOUNT', key, '(' .. (time[1] * 1000 + math.floor(time[2] / 1000)), '+inf') > 0
end
"""

FILL: Final = (
    _BARRED
    + """
-- KEYS: version, writers, value, lease.
-- ARGV: this load, how long its lease lasts in ms, how many ms more than this a stored value must have left to do.
local version = redis.call('GET', KEYS[1]) or '0'
local stored = redis.pcall('GET', KEYS[3])
local left = redis.call('PTTL', KEYS[3])
if type(stored) ~= 'string' then stored = false end
if stored and left > tonumber(ARGV[3]) then return {'stored', version, stored, left} end
if barred(KEYS[2]) then return {'barred', version, stored, left} end
local lease = redis.pcall('SET', KEYS[4], ARGV[1], 'NX', 'PX', ARGV[2])
if not lease then return {'wait', version, stored, left} end
-- A Redis that is full can answer reads all the same: what is loaded is then not stored.
return {lease.err and 'barred' or 'load', version, stored, left}
"""
)

STORE: Final = (
    RAISED
    + _BARRED
    + """
-- KEYS: version, writers, value, lease.  ARGV: this load, the value, its time to live in ms.
if redis.call('GET', KEYS[4]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[4])
if barred(KEYS[2]) then return 0 end
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
return raised(KEYS[1])
"""
)

RELEASE: Final = """
-- KEYS: lease.  ARGV: this load.
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


def version_key(tag: str) -> str:
    """Where the owner's version `v` is counted."""
    return f"v:{{{tag}}}"


def writers_key(tag: str) -> str:
    """Where the barriers of writes under way stand, by the time each ends."""
    return f"w:{{{tag}}}"


def lease_key(key: str) -> str:
    """Where the lease of a value's load is held."""
    return f"{key}:lease"


def tag_of(key: str) -> str:
    """The owner's tag in a key; "" for a key that has none."""
    start = key.find("{")
    end = key.find("}", start)
    return key[start + 1 : end] if 0 <= start < end else ""


def checked_name(what: str, value: str) -> str:
    """The value itself if it can be part of a key. Raises Misuse naming it otherwise."""
    if not isinstance(value, str):
        raise Misuse(f"{what} must be a str, got {type(value).__name__}")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise Misuse(f"{what} must be valid Unicode, got {value!r}") from None
    if not value or size > MAX_NAME_BYTES:
        raise Misuse(f"{what} must have 1 to {MAX_NAME_BYTES} bytes, got {size}")
    if "{" in value or "}" in value:
        raise Misuse(f"{what} must not hold braces, which mark the hash tag: {value!r}")
    return value
