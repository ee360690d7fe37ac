"""How often one may try a password: per address and per account, counted in Redis, across instances.

- An address has so many attempts a minute, right or wrong; nothing gives one back.
- An account has so many wrong ones in a quarter of an hour. An attempt is counted before the password is looked at, so
  many at once are no way around, and given back if it was right, or could not be looked at. While all are used up the
  right password is refused as well, or the answer would tell that it was right.
- Accounts that do not exist are counted like others. A refused attempt uses nothing up; one that its address refuses
  leaves no trace of the account.

Counted by GCRA (`cache/shared.py`): one number per address or account, which expires when all of its attempts are there
again.
"""

from hashlib import sha256
from typing import Final

from cache import Cache, Quota
from cache.shared import GCRA

ADDRESS_SECONDS: Final = 60.0
ACCOUNT_SECONDS: Final = 900.0

_TAKEN: Final = (
    GCRA
    + """
-- KEYS: when all of the attempts are there again, in ms.  ARGV: how many, in how many ms.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due, over = gcra(KEYS[1], now, tonumber(ARGV[1]), tonumber(ARGV[2]))
"""
)

TAKE: Final = (
    _TAKEN
    + """
if over == 0 then gcra_set(KEYS[1], now, due) end
return over
"""
)

GIVE_BACK: Final = (
    _TAKEN
    + """
due = due - 2 * ARGV[2] / ARGV[1]  -- with this one more, and without that and the one before
if due - now < 1 then return redis.call('DEL', KEYS[1]) end
gcra_set(KEYS[1], now, due)
return 0
"""
)


class Throttle:
    """Counts attempts. Every method raises cache.Unavailable."""

    def __init__(self, cache: Cache, *, per_address: int, per_account: int) -> None:
        self._address = Quota("address", per_address, ADDRESS_SECONDS)
        self._account = Quota("account", per_account, ACCOUNT_SECONDS)
        self._take = cache.link.script(TAKE)
        self._returned = cache.link.script(GIVE_BACK)

    async def attempt(self, address: str, handle: str | None = None) -> float:
        """Counts an attempt from this address, on this account if one is named; 0, or how long to wait, in seconds."""
        for quota, whose in ((self._address, address), (self._account, handle)):
            if whose is None:
                continue
            milliseconds = int(await self._take("script", [_key(quota, whose)], _limits(quota)))
            if milliseconds:
                return milliseconds / 1000
        return 0.0

    async def give_back(self, handle: str) -> None:
        """Gives an attempt back to the account: the password was right, or was not looked at."""
        await self._returned("script", [_key(self._account, handle)], _limits(self._account))


def _key(quota: Quota, whose: str) -> str:
    """Of one length, whatever was typed as a handle."""
    return f"throttle:{quota.name}:{sha256(whose.encode()).hexdigest()}"


def _limits(quota: Quota) -> tuple[int, int]:
    return quota.most, int(quota.per_seconds * 1000)
