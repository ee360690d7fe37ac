"""The tiers that hold values between loads. Here: Redis alone; `cache/hot_tiers.py` puts copies before it.

Invariants
- Nothing below the floor a lookup names is answered. (A floor above what Redis counts was reached by nobody, forged or
  lost with Redis's data; then all there is will do.)
- The first lookup of a guarded look is the guard: what is read beside it is used, kept and touched only if it was
  found.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from cache.connection import Reply
from cache.generations import Generations
from cache.hot import Entry, HotCache
from cache.link import AnyLink, Script
from cache.lookup import Answer, Lookup, Source
from cache.observer import Observer, Tier
from cache.reading import Counted, Keep, Misfits, Reading
from cache.shared import tag_of


class Tiers:
    """Looks things up in Redis, many in one round trip. Keeps nothing.

    `changes` counts what happened to keys, `generations` what happened to owners, `writes` what this process itself
    wrote of them: to tell whether a load under way or a reply on its way may have been overtaken. `misfits` are keys
    under which Redis itself holds what belongs elsewhere.
    """

    def __init__(self, link: AnyLink, *, observer: Observer, clock: Callable[[], float]) -> None:
        self.link = link
        self.observer = observer
        self.clock = clock
        self.hot = HotCache(0, clock=clock)
        self.changes = Generations()
        self.generations = Generations()
        self.writes = Generations()
        self.misfits = Misfits()
        self.writing: dict[str, int] = {}  # how many own writes wait for their answer, by owner

    async def look(self, lookups: Sequence[Lookup[Any]], *, guarded: bool, stale: bool) -> list[Answer[Any] | None]:
        """An answer or None for each lookup, in at most one round trip. Raises Unavailable, Overloaded."""
        del stale  # nothing is held that could be
        answers: list[Answer[Any] | None] = [None] * len(lookups)
        await self._ask(self.link, lookups, list(range(len(lookups))), answers, guarded=guarded)
        return answers

    async def look_past_hot(self, lookups: Sequence[Lookup[Any]], *, stale: bool) -> list[Answer[Any] | None]:
        """As `look`, unguarded, for a caller who knows already that nothing is held."""
        return await self.look(lookups, guarded=False, stale=stale)

    def held(self, source: Source, key: str, floor: int) -> Answer[Any] | None:
        """A copy that may be answered as it stands."""
        del source, key, floor
        return None

    async def write(self, tag: str, reply: Awaitable[Reply], *keys: str) -> int:
        """What a write of one's own was answered. Copies of `keys`, or all of the owner's, end with that.

        Unanswered, it may be done later, and is then told like anybody's. Until then copies are what an outage is
        answered from, so they stay; only what is on its way is not kept.
        """
        self.writing[tag] = self.writing.get(tag, 0) + 1
        try:
            answer = int(await reply)
        except BaseException:
            self.overtake(tag)
            raise
        finally:
            self.writing[tag] -= 1
            if not self.writing[tag]:
                del self.writing[tag]
        for key in keys:
            self.forget_key(key)
        if not keys:
            self.forget(tag)
        return answer

    def overtake(self, tag: str) -> None:
        """What is being read or loaded of an owner now is not kept, nor joined."""
        self.generations.bump(tag)
        self.writes.bump(tag)

    def forget(self, tag: str, reason: str = "own_write") -> None:
        """As `overtake`, and drops this process's copies of the owner."""
        del reason
        self.overtake(tag)

    def forget_key(self, key: str, reason: str = "own_write") -> None:
        """Drops this process's copy under a key; what is being read of its owner now is not kept either."""
        del reason
        self.changes.bump(key)
        self.overtake(tag_of(key))

    async def store(self, script: Script, keys: Sequence[str], args: Sequence[Any], lookup: Lookup[Any]) -> int:
        """Runs the script that stores a load's value; its reply. Raises Unavailable, Overloaded."""
        del lookup
        return int(await script("store", keys, args))

    # --- shared with the tiers that keep something ---------------------------------------------------------------

    async def _ask(
        self,
        link: AnyLink,
        lookups: Sequence[Lookup[Any]],
        places: list[int],
        answers: list[Answer[Any] | None],
        *,
        guarded: bool,
        keep: Keep | None = None,
        counted: Counted | None = None,
        tags: Sequence[str] = (),
        deadline_seconds: float | None = None,
    ) -> Mapping[str, int]:
        """Asks Redis for the lookups at `places` and puts what may be answered into `answers`.

        What their owners' counters, and those of `tags`, stood at.
        """
        asked = [lookups[place] for place in places]
        guards = guarded and places[:1] == [0]
        now = self.clock()
        reading = self._reading(asked, now=now, guarded=guards, keep=keep, counted=counted, tags=tags)
        await link.ask(
            "read",
            *reading.commands(),
            again=True,
            errors=True,
            place=reading.place,
            deadline_seconds=deadline_seconds,
        )
        if reading.error is not None:
            raise reading.error
        for place, lookup, entry in zip(places, asked, reading.found, strict=True):
            floor = min(lookup.floor, reading.versions[lookup.tag])
            answers[place] = self._use(lookup.source, lookup.key, entry, floor, tier="redis", now=now)
            self.observer.looked_up(lookup.source.name, "redis", answers[place] is not None)
        return reading.versions

    def _reading(
        self,
        lookups: Sequence[Lookup[Any]],
        *,
        now: float,
        guarded: bool = False,
        keep: Keep | None = None,
        counted: Counted | None = None,
        tags: Sequence[str] = (),
    ) -> Reading:
        """Several lookups on their way to Redis and back, from now on."""
        return Reading(
            lookups,
            now=now,
            guarded=guarded,
            changes=self.changes,
            writes=self.writes,
            misfits=self.misfits,
            keep=keep,
            counted=counted,
            tags=tags,
        )

    def _use(
        self, source: Source, key: str, entry: Entry | None, floor: int, *, tier: Tier, now: float
    ) -> Answer[Any] | None:
        """An entry as an answer, decoded on its first use; None if it may not or cannot be."""
        if entry is None or entry.version < floor:
            return None
        late = now - entry.fresh_until
        if late >= 0 and late >= source.refresh_seconds:
            return None
        if not entry.decoded:
            value = source.decode(entry)
            if value is None:
                self.hot.drop(key)
                return None
            entry.value, entry.decoded = value, True
        if late >= 0:
            self.observer.stale_served(source.name, "refreshing")
        return Answer(entry.value, tier, entry.version, now - entry.made_at, "refreshing" if late >= 0 else "")
