"""The naive cache, kept as a control: what many frameworks do, and what goes wrong with it.

A dictionary in the process with a time to live. Nobody tells it when something changes elsewhere; it knows no floor; a
value is stored by whoever asked, a turn of the event loop after the answer came; an own write drops the own copy and
no other. The tests of each race run against it too, and must fail there.
"""

from collections.abc import Callable, Sequence
from typing import Any

from cache.hot import Entry, HotCache
from cache.link import AnyLink, Script
from cache.lookup import Answer, Lookup, Source
from cache.observer import Observer
from cache.tiers import Tiers


class NaiveTiers(Tiers):
    """Looks things up in a plain TTL cache first; a copy lives `ttl_seconds`, or as long as its key if that is less."""

    def __init__(
        self, link: AnyLink, *, hot_bytes: int, ttl_seconds: float, observer: Observer, clock: Callable[[], float]
    ) -> None:
        super().__init__(link, observer=observer, clock=clock)
        self.hot = HotCache(hot_bytes, clock=clock, evicted=observer.evicted)
        self._ttl_seconds = ttl_seconds

    def held(self, source: Source, key: str, floor: int) -> Answer[Any] | None:
        del floor
        entry = self.hot.get(key)
        answer = None if entry is None else self._use(source, key, entry, 0, tier="hot", now=self.clock())
        self.observer.looked_up(source.name, "hot", answer is not None)
        return answer

    async def look(self, lookups: Sequence[Lookup[Any]], *, guarded: bool, stale: bool) -> list[Answer[Any] | None]:
        answers = [self.held(lookup.source, lookup.key, lookup.floor) for lookup in lookups]
        missing = [place for place, answer in enumerate(answers) if answer is None]
        if missing:
            await self._ask_naively(lookups, missing, answers, guarded)
        return [None] * len(lookups) if guarded and answers[0] is None else answers

    async def look_past_hot(self, lookups: Sequence[Lookup[Any]], *, stale: bool) -> list[Answer[Any] | None]:
        answers: list[Answer[Any] | None] = [None] * len(lookups)
        await self._ask_naively(lookups, list(range(len(lookups))), answers, False)
        return answers

    def forget(self, tag: str, reason: str = "own_write") -> None:
        super().forget(tag, reason)
        for _, entry in self.hot.drop_tag(tag):
            self.observer.invalidated(entry.region, reason)

    def forget_key(self, key: str, reason: str = "own_write") -> None:
        super().forget_key(key, reason)
        entry = self.hot.drop(key)
        if entry is not None:
            self.observer.invalidated(entry.region, reason)

    async def store(self, script: Script, keys: Sequence[str], args: Sequence[Any], lookup: Lookup[Any]) -> int:
        stored = await super().store(script, keys, args, lookup)
        _, encoded, life_ms = args
        self._put(
            lookup, lookup.source.entry(lookup.tag, lookup.key, encoded, version=0, left_ms=life_ms, now=self.clock())
        )
        return stored

    async def _ask_naively(
        self, lookups: Sequence[Lookup[Any]], missing: list[int], answers: list[Answer[Any] | None], guarded: bool
    ) -> None:
        got: list[tuple[Lookup[Any], Entry]] = []
        await self._ask(
            self.link,
            lookups,
            missing,
            answers,
            guarded=guarded,
            keep=lambda lookup, entry: got.append((lookup, entry)),
        )
        for lookup, entry in got:
            self._put(lookup, entry)

    def _put(self, lookup: Lookup[Any], entry: Entry | None) -> None:
        if entry is not None:
            until = self.clock() + self._ttl_seconds
            entry.expires_at = min(entry.expires_at, until)
            entry.fresh_until = min(entry.fresh_until, until)
            self.hot.put(lookup.key, entry)
