"""The Redis tier: where each owner's version lives, and the scripts that keep stored values honest.

Every key of one owner carries the owner's tag as its hash tag, `{tag}`, so a script touches one slot only.

Invariants
- A write raises the owner's version and deletes what is cached of them, before it starts (`BEGIN`) and again when it
  is over (`COMMIT`), so a value that was loaded in between is deleted with the rest.
- A loaded value is stored only if the owner's version is still the one that was read before the load (`STORE`): a
  slow load never puts an old value over a newer truth.

Not promised: a writer that dies between its write and its commit leaves a value that was loaded meanwhile to expire
by its own time to live.
"""

from cache.errors import Misuse

MAX_NAME_BYTES = 512

BEGIN = """
-- KEYS: version, the record that must exist (or the version again), then what to delete.  ARGV[1]: must it exist?
if ARGV[1] == '1' and redis.call('EXISTS', KEYS[2]) == 0 then return -1 end
for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end
return redis.call('INCR', KEYS[1])
"""

COMMIT = """
-- KEYS: version, then what to delete.
for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
return redis.call('INCR', KEYS[1])
"""

STORE = """
-- KEYS: version, value.  ARGV: the version read before the load, the value, its time to live in ms.
if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
return 1
"""


def version_key(tag: str) -> str:
    """Where the owner's version `v` is counted."""
    return f"v:{{{tag}}}"


def checked_name(what: str, value: str) -> str:
    """The value itself if it can be part of a key. Raises Misuse naming it otherwise."""
    if not isinstance(value, str):
        raise Misuse(f"{what} must be a str, got {type(value).__name__}")
    if not value or len(value.encode()) > MAX_NAME_BYTES:
        raise Misuse(f"{what} must have 1 to {MAX_NAME_BYTES} bytes, got {len(value.encode())}")
    if "{" in value or "}" in value:
        raise Misuse(f"{what} must not hold braces, which mark the hash tag: {value!r}")
    return value
