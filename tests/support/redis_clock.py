"""A fault: the clock of a Redis is set. Done by what it amounts to, since the clock is the whole host's: Redis keeps
the moments at which keys end, and at which the barriers of `cache` do, by the time of day.

Unlike a real step it is told of for every key with an end, not only for those that are over.
"""

from redis import Redis

_STEP = """
for _, key in ipairs(redis.call('KEYS', '*')) do
  if string.sub(key, 1, 2) == 'w:' then
    for _, writer in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ARGV[1], writer) end
  end
  local left = redis.call('PTTL', key)
  if left >= 0 then redis.call('PEXPIRE', key, math.max(left - ARGV[1], 0)) end
end
"""


def step(redis: Redis, seconds: float) -> None:
    """Sets it so much on, or back: every life and barrier ends so much sooner, at once perhaps, or later."""
    redis.eval(_STEP, 0, int(seconds * 1000))
