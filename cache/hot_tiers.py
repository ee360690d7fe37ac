"""Copies in this process's memory before Redis, kept over one tracked connection: they live and die with it.

Redis remembers which keys that connection read, and tells it once when such a key changes, expires, is evicted or
flushed; replies and such tellings come in one order. So:
- the reader puts a copy in place, at the reply's place in the stream, never the caller a turn of the event loop later:
  whatever came behind the reply in the stream is then acted on behind it;
- no copy is built from what was written: a write of one's own ends Redis's memory of the key like anybody else's, so a
  copy is dropped when the write is told or answered, and read again over the tracked connection;
- a copy is answered only while the lease holds, and never below its caller's floor; one whose label is too low is
  compared with its owner's counter alone: what is still held when that comes in has not changed before;
- a new connection starts with nothing.

Not promised: that a copy is answered after the lease ended. Then Redis is asked over the other link; only if it cannot
be reached, and only for who asks with `stale=True`, copies are answered, marked, for `outage_seconds`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cache.connection import Command, Push, Reply
from cache.errors import ErrorReply, Overloaded, Unavailable
from cache.hot import Entry, HotCache
from cache.lease import Lease
from cache.link import AnyLink, Link, Script
from cache.lookup import Answer, Lookup, Source
from cache.meter import Meter
from cache.observer import Observer
from cache.shared import tag_of
from cache.tiers import Tiers

SUSPECT_PATIENCE_SECONDS = 0.25  # how long Redis is tried before a copy past its trust is answered


class HotTiers(Tiers):
    """Looks things up hot first. `link` is the untracked link, `tracked` the one whose replies are kept."""

    def __init__(
        self,
        link: AnyLink,
        tracked: Link,
        lease: Lease,
        *,
        hot_bytes: int,
        outage_seconds: float,
        observer: Observer,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(link, observer=observer, clock=clock)
        self.hot = HotCache(hot_bytes, clock=clock, evicted=observer.evicted)
        self.tracked = tracked
        self.lease = lease
        self.meter: Meter | None = None
        self._outage_seconds = outage_seconds

    # --- answering -----------------------------------------------------------------------------------------------

    def held(self, source: Source, key: str, floor: int) -> Answer[Any] | None:
        """A copy that may be answered as it stands: trusted, in time, and not below the floor."""
        now = self.clock()
        answer = None
        lease = self.lease
        if now - lease.proven_at < lease.staleness_seconds:
            entry = self.hot.get(key, now)
            if entry is not None and entry.version >= floor:
                if entry.decoded and now < entry.fresh_until:
                    answer = Answer(entry.value, "hot", entry.version, now - entry.made_at)
                else:
                    answer = self._use(source, key, entry, floor, tier="hot", now=now)
                if self.meter is not None:
                    self.meter.hit(source, key, entry)
        self.observer.looked_up(source.name, "hot", answer is not None)
        return answer

    async def look(self, lookups: Sequence[Lookup[Any]], *, guarded: bool, stale: bool) -> list[Answer[Any] | None]:
        """As `Tiers.look`, in no round trip if all are held hot. With `stale`, an outage is answered from copies.

        In two, if a copy below its floor turns out to have changed: the first trip asks only for its owner's version.
        """
        answers = self._held_in_a_row(lookups)
        done = len(answers)
        if done == len(lookups):
            return answers
        answers += [None] * (len(lookups) - done)
        missing: list[int] = []
        waiting: list[int] = []  # held, but not to be answered yet
        for place, lookup in enumerate(lookups[done:], done):
            if self._is_held(lookup):
                # Behind a guard that is not held nothing is touched before the guard is known.
                if self._is_behind(lookup) or (guarded and (0 in missing or 0 in waiting)):
                    waiting.append(place)
                    continue
                answers[place] = self.held(lookup.source, lookup.key, lookup.floor)
            else:
                self.observer.looked_up(lookup.source.name, "hot", False)
            if answers[place] is None:
                missing.append(place)
        if missing or waiting:
            await self._ask_for(lookups, missing, waiting, answers, guarded=guarded, stale=stale)
        return [None] * len(lookups) if guarded and answers[0] is None else answers

    def _held_in_a_row(self, lookups: Sequence[Lookup[Any]]) -> list[Answer[Any] | None]:
        """Answers from the first lookup on, as far as all is held, fresh and used before: the path of every hit."""
        answers: list[Answer[Any] | None] = []
        now = self.clock()
        if self.lease.holds(now):
            get, meter, looked_up = self.hot.get, self.meter, self.observer.looked_up
            for lookup in lookups:
                source, key = lookup.source, lookup.key
                entry = get(key, now)
                if entry is None or entry.version < lookup.floor or now >= entry.fresh_until or not entry.decoded:
                    break
                if meter is not None:
                    meter.hit(source, key, entry)
                looked_up(source.name, "hot", True)
                answers.append(Answer(entry.value, "hot", entry.version, now - entry.made_at))
        return answers

    async def look_past_hot(self, lookups: Sequence[Lookup[Any]], *, stale: bool) -> list[Answer[Any] | None]:
        answers: list[Answer[Any] | None] = [None] * len(lookups)
        waiting = [place for place, lookup in enumerate(lookups) if self._is_held(lookup) and self._is_behind(lookup)]
        missing = [place for place in range(len(lookups)) if place not in waiting]
        await self._ask_for(lookups, missing, waiting, answers, guarded=False, stale=stale)
        return answers

    def _is_held(self, lookup: Lookup[Any]) -> bool:
        """Whether a copy is held, trusted and in time; its label is another question."""
        now = self.clock()
        entry = self.hot.peek(lookup.key) if self.lease.holds(now) else None
        return entry is not None and now < entry.fresh_until

    def _is_behind(self, lookup: Lookup[Any]) -> bool:
        entry = self.hot.peek(lookup.key)
        return entry is not None and entry.version < lookup.floor

    async def _ask_for(
        self,
        lookups: Sequence[Lookup[Any]],
        missing: list[int],
        waiting: list[int],
        answers: list[Answer[Any] | None],
        *,
        guarded: bool,
        stale: bool,
    ) -> None:
        """Asks Redis: for what is missing whole, for what is held and waits only for its owner's version."""
        if not (self.lease.keeps() and self.lease.holds(self.clock())):
            await self._ask_untrusted(lookups, sorted([*missing, *waiting]), answers, guarded=guarded, stale=stale)
            return
        behind = [lookups[place].tag for place in waiting if self._is_behind(lookups[place])]
        versions: Mapping[str, int] = {}
        if missing or behind:
            patience = self._patience(lookups, sorted([*missing, *waiting]), stale)
            try:
                versions = await self._ask(
                    self.tracked,
                    lookups,
                    missing,
                    answers,
                    guarded=guarded,
                    keep=self._keep,
                    counted=self._counted,
                    tags=behind,
                    deadline_seconds=patience,
                )
            except (ErrorReply, Overloaded):
                raise
            except Unavailable:
                if patience is None or not self._stand_in(lookups, sorted([*missing, *waiting]), answers):
                    raise
                return
        if guarded and 0 not in waiting and answers[0] is None:
            return
        gone: list[int] = []
        for place in waiting:
            lookup = lookups[place]
            if not (guarded and 0 in gone):
                answers[place] = self.held(lookup.source, lookup.key, min(lookup.floor, versions.get(lookup.tag, 0)))
            if answers[place] is None:
                gone.append(place)
        if gone:  # dropped meanwhile: it changed, and that is told before the version is
            await self._ask_for(lookups, gone, [], answers, guarded=guarded, stale=stale)

    async def _ask_untrusted(
        self,
        lookups: Sequence[Lookup[Any]],
        places: list[int],
        answers: list[Answer[Any] | None],
        *,
        guarded: bool,
        stale: bool,
    ) -> None:
        """Asks over the untracked link; an outage is answered from copies, where that is allowed."""
        patience = self._patience(lookups, places, stale)
        try:
            await self._ask(self.link, lookups, places, answers, guarded=guarded, deadline_seconds=patience)
        except (ErrorReply, Overloaded):
            raise
        except Unavailable:
            if patience is None or not self._stand_in(lookups, places, answers):
                raise

    def _patience(self, lookups: Sequence[Lookup[Any]], places: list[int], stale: bool) -> float | None:
        """How long Redis is tried where copies may stand in for it; None where they may not."""
        may = stale and all(self._past_trust(lookups[place]) is not None for place in places)
        return SUSPECT_PATIENCE_SECONDS if may else None

    def _stand_in(self, lookups: Sequence[Lookup[Any]], places: list[int], answers: list[Answer[Any] | None]) -> bool:
        """Answers from copies; False, and nothing is answered, if one of them was dropped while Redis was tried.

        Nobody knows then what Redis holds. Nothing found would mean that there is nothing: a session that is over.
        """
        found = {place: self._past_trust(lookups[place]) for place in places}
        if None in found.values():
            return False
        for place, answer in found.items():
            answers[place] = answer
            self.observer.stale_served(lookups[place].source.name, "outage")
        return True

    def _past_trust(self, lookup: Lookup[Any]) -> Answer[Any] | None:
        """A copy that may be answered while Redis cannot be reached: marked, not below the floor, not for long."""
        now = self.clock()
        if not lookup.source.outage or now - self.lease.last_proven_at >= self._outage_seconds:
            return None
        entry = self.hot.peek(lookup.key)
        if entry is None or entry.version < lookup.floor:
            return None
        if not entry.decoded:
            value = lookup.source.decode(entry)
            if value is None:
                return None
            entry.value, entry.decoded = value, True
        return Answer(entry.value, "hot", entry.version, now - entry.made_at, "outage")

    # --- reading ahead -------------------------------------------------------------------------------------------

    async def read_ahead(self, lookups: Sequence[Lookup[Any]], *, fits: Callable[[Entry], bool]) -> list[Lookup[Any]]:
        """Keeps, as ever, what is asked for by nobody yet, if it is fresh and `fits`; what there is nothing fresh of.

        No observer is told of a lookup. Raises Unavailable, Overloaded.
        """
        if not lookups:
            return []
        now = self.clock()

        def keep(lookup: Lookup[Any], entry: Entry) -> None:
            if now < entry.fresh_until and fits(entry):
                self._keep(lookup, entry)

        reading = self._reading(lookups, now=now, keep=keep, counted=self._counted)
        await self.tracked.ask("handover", *reading.commands(), again=True, errors=True, place=reading.place)
        if reading.error is not None:
            raise reading.error
        pairs = zip(lookups, reading.found, strict=True)
        return [lookup for lookup, entry in pairs if entry is None or now >= entry.fresh_until]

    # --- keeping: called by the reader, in the stream's order ----------------------------------------------------

    def _keep(self, lookup: Lookup[Any], entry: Entry) -> None:
        if self.lease.keeps():
            self.hot.put(lookup.key, entry)

    def _counted(self, tag: str, version: int) -> None:
        """What is still held of an owner now has not changed since: it is as new as the owner's version just read."""
        if self.lease.keeps():
            for entry in self.hot.of_tag(tag):
                entry.version = max(entry.version, version)

    def pushed(self, push: Push) -> None:
        """Something changed in Redis."""
        if push[0] != b"invalidate":
            return
        keys = push[1]
        if keys is None:
            self.drop_all("flush")
            return
        for key in keys:
            if not self.lease.saw(key):
                self._invalidated(key.decode("utf-8", "replace"))

    def _invalidated(self, key: str) -> None:
        tag = tag_of(key)
        self.changes.bump(key)
        self.generations.bump(tag)
        entry = self.hot.drop(key)
        if entry is not None:
            self.observer.invalidated(entry.region, "own_write" if tag in self.writing else "push")

    def opened(self, number: int) -> None:
        """A new connection tracks nothing of what the old one read."""
        self.drop_all("reconnect")
        self.lease.opened(number)

    def drop_all(self, reason: str) -> None:
        """Drops every copy."""
        self.changes.bump_all()
        self.generations.bump_all()
        for region, (entries, _) in self.hot.usage().items():
            self.observer.invalidated(region, reason, entries)
        self.hot.clear()

    # --- own writes ----------------------------------------------------------------------------------------------

    def forget(self, tag: str, reason: str = "own_write") -> None:
        super().forget(tag, reason)
        for key, entry in self.hot.drop_tag(tag):
            self.changes.bump(key)
            self.observer.invalidated(entry.region, reason)

    def forget_key(self, key: str, reason: str = "own_write") -> None:
        super().forget_key(key, reason)
        entry = self.hot.drop(key)
        if entry is not None:
            self.observer.invalidated(entry.region, reason)

    async def store(self, script: Script, keys: Sequence[str], args: Sequence[Any], lookup: Lookup[Any]) -> int:
        """Stores and reads back in one pipeline over the tracked link, so that the copy kept is one that is tracked."""
        for _ in range(2):
            if not (self.lease.keeps() and self.lease.holds(self.clock())):
                break
            reply = await self._store_and_read(script.command(keys, args), lookup)
            if not isinstance(reply, ErrorReply):
                return int(reply)
            if reply.code != "NOSCRIPT":
                raise reply
            await self.tracked.ask("script", ("SCRIPT", "LOAD", script.source))
        return await super().store(script, keys, args, lookup)

    async def _store_and_read(self, store: Command, lookup: Lookup[Any]) -> Reply:
        """The script's reply, once what it stored has been read back and kept."""
        reading = self._reading([lookup], now=self.clock(), keep=self._keep, counted=self._counted)

        def place(index: int, reply: Reply, again: bool) -> None:
            if index > 0:
                reading.place(index - 1, reply, again)

        replies = await self.tracked.ask("store", store, *reading.commands(), errors=True, place=place)
        return replies[0]
