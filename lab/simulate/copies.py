"""How copies come into processes and go, and what that costs in Redis.

Redis's side is `shared`; a process's side is its `HotCache`, whose entries weigh what real values would.
"""

import math
import random
from collections.abc import Sequence
from typing import Final

from cache.hot import Entry, HotCache, weigh, weigh_fields
from lab.simulate.shared import VERSION, Shared
from lab.simulate.tally import BOARD, PROFILE, REGIONS, SESSION, Count
from lab.simulate.workload import Workload

TTL_JITTER: Final = 0.1  # cache.values.TTL_JITTER
STALE_SECONDS: Final = 300.0  # webapp.outage.STALE_BOARD_TIMES * 30: for so long a copy past its time is kept
SESSION_FIELDS: Final = 10
SESSION_IDLE_SECONDS: Final = 1800.0
TOUCH_SECONDS: Final = SESSION_IDLE_SECONDS / 10  # webapp.sessions.TOUCHES_PER_IDLE
SHARE: Final = 0.9  # these two: cache.handover
LOADS: Final = 200

Name = tuple[int, int]
"""Of a copy: region and owner."""


class Holder:
    """What one process holds, and its bit among the readers of keys."""

    def __init__(self, bit: int, hot: HotCache) -> None:
        self.bit = bit
        self.hot = hot


class Copies:
    """All copies of all processes. `now` is the time of whatever happens, `count` what is counted into.

    `cards_per_second` are the new cards on their way to each board, from those its owner follows.
    """

    def __init__(self, workload: Workload, *, lots: random.Random, hot_bytes: int, fresh_seconds: float) -> None:
        users = range(workload.users)
        self.now = 0.0
        self.count = Count()
        self.cards_per_second = 0.0
        self.keys = [tuple(f"{region}:{{{user}}}" for region in REGIONS) for user in users]
        self.shared = Shared(workload.users)
        self.has_news = bytearray(workload.users)
        self.touched_at = [-TOUCH_SECONDS * lots.random() for _ in users]
        self._computed_at = [-fresh_seconds for _ in users]
        self._tags = [str(user) for user in users]
        self._weights = weights_of(workload)
        self._lots = lots
        self._hot_bytes = hot_bytes
        self._fresh_seconds = fresh_seconds
        self._hot_of_bit: list[HotCache | None] = []

    # --- processes -----------------------------------------------------------------------------------------------

    def opened(self) -> Holder:
        """What a new process holds: nothing."""
        bit = 1 << len(self._hot_of_bit)
        hot = HotCache(self._hot_bytes, clock=lambda: self.now)
        self._hot_of_bit.append(hot)
        self.shared.opened(bit)
        return Holder(bit, hot)

    def closed(self, holder: Holder) -> None:
        """It is gone, and what it held."""
        self.shared.closed(holder.bit)
        self._hot_of_bit[holder.bit.bit_length() - 1] = None

    def preload(self, holder: Holder, names: Sequence[Name]) -> None:
        """As `cache.handover`: what Redis holds fresh, hottest first, while there is room; then some loads."""
        shared, most = self.shared, SHARE * self._hot_bytes
        missing: list[Name] = []
        for region, user in names:
            if holder.hot.bytes + self._weights[region] > most:
                break
            self.count.preloaded += 1
            shared.readers[region][user] |= holder.bit
            shared.readers[VERSION][user] |= holder.bit
            if region == SESSION or shared.fresh_until[region][user] > self.now:
                self._keep(holder, user, region)
            else:
                missing.append((region, user))
        for region, user in missing[:LOADS]:
            self._load(holder, user, region)
            self._label(holder, user)
        for region, user in reversed(names):
            holder.hot.get(self.keys[user][region], self.now)

    # --- requests ------------------------------------------------------------------------------------------------

    def ask(self, holder: Holder, user: int, missing: Sequence[int]) -> None:
        """One trip for the owner's version and what is missing; then loads of what Redis has nothing fresh of."""
        shared, count, bit = self.shared, self.count, holder.bit
        count.trips += 1
        count.reads += len(missing)
        shared.readers[VERSION][user] |= bit
        for region in missing:
            shared.readers[region][user] |= bit
        for region in missing:
            if region == SESSION or shared.fresh_until[region][user] > self.now:
                count.redis[region] += 1
                self._keep(holder, user, region)
            else:
                count.loads[region] += 1
                count.trips += 2
                self._load(holder, user, region)
        self._label(holder, user)

    def _load(self, holder: Holder, user: int, region: int) -> None:
        """Makes a value, stores it and reads it back. What others hold of it ends, and their labels are too low."""
        shared, bit = self.shared, holder.bit
        life = self._fresh_seconds * (1 - TTL_JITTER * self._lots.random())
        shared.fresh_until[region][user] = self.now + life
        if region == BOARD:
            cards = self.cards_per_second * (self.now - self._computed_at[user])
            self.has_news[user] |= self._lots.random() < 1 - math.exp(-cards)
            self._computed_at[user] = self.now
        shared.versions[user] += 1
        self.count.told_of_loads += self._tell(user, region)
        self.count.told_of_versions += shared.changed(user, VERSION).bit_count()
        shared.readers[region][user] = shared.readers[VERSION][user] = bit
        self._keep(holder, user, region)

    def _keep(self, holder: Holder, user: int, region: int) -> None:
        shared, now = self.shared, self.now
        fresh_until = math.inf if region == SESSION else shared.fresh_until[region][user]
        holder.hot.put(
            self.keys[user][region],
            Entry(
                REGIONS[region],
                self._tags[user],
                None,
                shared.versions[user],
                user,
                now,
                fresh_until,
                fresh_until + STALE_SECONDS,
                self._weights[region],
                True,
            ),
        )

    def _label(self, holder: Holder, user: int) -> None:
        """What is still held of an owner is as new as the version that was read last."""
        version = self.shared.versions[user]
        for entry in holder.hot.of_tag(self._tags[user]):
            entry.version = version

    def write(self, holder: Holder, user: int) -> None:
        """A bracketed write by its owner: profile and board end everywhere, and all that the writer's process holds."""
        shared, count = self.shared, self.count
        count.writes += 1
        count.trips += 2
        for region in (PROFILE, BOARD):
            shared.fresh_until[region][user] = 0.0
            count.told_of_writes += self._tell(user, region)
        count.told_of_versions += shared.changed(user, VERSION).bit_count()
        shared.versions[user] += 2
        holder.hot.drop_tag(self._tags[user])

    def prefer(self, user: int) -> None:
        """A write to a field of the session."""
        self.count.writes += 1
        self.count.trips += 1
        self.count.told_of_writes += self._tell(user, SESSION)
        self.count.told_of_versions += self.shared.changed(user, VERSION).bit_count()
        self.shared.versions[user] += 1

    def touch(self, user: int) -> None:
        """Marks a session as in use. The owner's version stays."""
        self.count.touches += 1
        self.count.trips += 1
        self.touched_at[user] = self.now
        self.has_news[user] = 0
        self.count.told_of_touches += self._tell(user, SESSION)

    def _tell(self, user: int, region: int) -> int:
        """Everybody who holds a value hears that it changed; how many that are."""
        told = self.shared.changed(user, region)
        key, left = self.keys[user][region], told
        while left:
            lowest = left & -left
            hot = self._hot_of_bit[lowest.bit_length() - 1]
            if hot is not None:
                hot.drop(key)
            left ^= lowest
        return told.bit_count()


def weights_of(workload: Workload) -> tuple[int, int, int]:
    """What a decoded copy of each kind weighs, as `cache.hot` reckons it; no byte of it is made."""
    each = b"x" * max(1, round(workload.session_bytes / SESSION_FIELDS) - len(b"field0"))
    fields = {f"field{number}".encode(): each for number in range(SESSION_FIELDS)}
    return weigh_fields(fields), weigh(workload.profile_bytes), weigh(workload.board_bytes)
