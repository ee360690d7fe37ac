"""The two tiers that hold values between loads: this process's hot copies, and Redis behind them.

Invariants
- A copy is put in place only if its owner was not written to by this process since it was asked for, and is answered
  for at most its source's `trust_seconds` after it was *asked for*, never below the floor a lookup names.
- In a reply the owners' versions come before the values, so the label of a copy never promises more than it holds.
- The first lookup is the guard: what is read beside it is used and kept only if the guard was answered.
"""

from collections.abc import Callable, Sequence
from typing import Any

from cache.errors import Misuse
from cache.hot import Entry, HotCache
from cache.link import Link
from cache.lookup import Answer, Found, Lookup
from cache.observer import Observer
from cache.shared import version_key


class Tiers:
    """Looks things up hot first, then in Redis, many in one round trip. `hot_bytes` 0 keeps no copies."""

    def __init__(
        self, link: Link, *, hot_bytes: int, trust_seconds: float, observer: Observer, clock: Callable[[], float]
    ) -> None:
        if trust_seconds <= 0:
            raise Misuse(f"trust_seconds must be positive, got {trust_seconds}")
        self.link = link
        self.trust_seconds = trust_seconds
        self.observer = observer
        self.clock = clock
        self.hot = HotCache(hot_bytes, clock=clock, evicted=observer.evicted)

    async def look(self, *lookups: Lookup[Any]) -> list[Answer[Any] | None]:
        """An answer or None for each lookup, in at most one round trip, and in none if all are held hot.

        The first is the guard: while it has no answer the others have none either, and nothing of theirs is kept.
        Raises Unavailable.
        """
        answers = [self._held(lookup) for lookup in lookups]
        missing = [place for place, answer in enumerate(answers) if answer is None]
        if missing:
            await self._ask(lookups, missing, answers)
        return answers if answers[0] is not None else [None] * len(lookups)

    def forget(self, tag: str) -> None:
        """Drops this process's copies of an owner; what is being read now is not kept either."""
        for region in self.hot.drop_tag(tag):
            self.observer.invalidated(region, "own_write")

    def keep(self, lookup: Lookup[Any], found: Found[Any], generation: int, read_at: float) -> None:
        """Puts a copy in place unless its owner was written to since `generation` was taken."""
        if self.hot.max_bytes and self.hot.generation(lookup.tag) == generation:
            source = lookup.source
            trusted_until = read_at + source.trust_seconds
            copy = Entry(source.name, lookup.tag, found.value, found.version, read_at, trusted_until, found.weight)
            self.hot.put(lookup.key, copy)

    def _held(self, lookup: Lookup[Any]) -> Answer[Any] | None:
        if not self.hot.max_bytes:
            return None
        entry = self.hot.get(lookup.key)
        usable = entry is not None and entry.version >= lookup.floor
        self.observer.looked_up(lookup.source.name, "hot", usable)
        if entry is None or not usable:
            return None
        return Answer(entry.value, "hot", entry.version, self.clock() - entry.read_at)

    async def _ask(self, lookups: Sequence[Lookup[Any]], missing: list[int], answers: list[Answer[Any] | None]) -> None:
        """Versions first, values second: the label of a copy never promises more than its content holds."""
        read_at = self.clock()
        tags = list(dict.fromkeys(lookups[place].tag for place in missing))
        generations = {tag: self.hot.generation(tag) for tag in tags}
        commands = [("GET", version_key(tag)) for tag in tags] + [lookups[place].command for place in missing]
        replies = await self.link.ask("read", *commands)
        versions = {tag: int(reply or 0) for tag, reply in zip(tags, replies, strict=False)}
        for place, reply in zip(missing, replies[len(tags) :], strict=True):
            lookup = lookups[place]
            found = lookup.usable(reply, versions[lookup.tag])
            self.observer.looked_up(lookup.source.name, "redis", found is not None)
            if found is None:
                continue
            answers[place] = found.answer()
            if answers[0] is not None:
                self.keep(lookup, found, generations[lookup.tag], read_at)
