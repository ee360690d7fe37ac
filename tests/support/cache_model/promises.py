"""The promises P2 to P6, as something that can be asked: was this answer allowed?

What concurrent operations may see
- An answer is judged by the moment its request *started*. What was acknowledged to its browser before that must be in
  it (P2), what the same browser was told before that must not be older than it (P3), and what was acknowledged to
  anybody at least B before must be in it too. A browser that asks twice at once may get both answers in any order.
- A write whose outcome is unknown binds nobody. Once a browser has been shown it, P3 binds it.
- A copy counts as out of date from the first moment the key in Redis was seen to hold something else; from B later on
  it must not be answered (P5).
- An answer marked `outage` is held to P6 and to its floor, and to nothing else.
- Where Redis lost a user's version, floors mean nothing against copies from before, for as long as those may be
  answered: B, and longer in an outage. Neither P2 nor P3 binds who asks before that is over.
- Where the truth was changed outside a bracket (`loosened`), or Redis lost the barrier of a write under way, the new
  data may be seen before the old has gone: what a browser was shown then does not bind.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from cache_model.truth import Card

from cache import Answer

Stamp = tuple[str, int]


class Violation(AssertionError):
    """A promise was broken."""


@dataclass
class Browser:
    """One browser of a user: the floor in its cookie, its session, and what it has been told."""

    name: str
    user: str
    floor: int = 0
    session: str | None = None
    acknowledged: int = 0  # the newest of its own writes that it knows to have happened
    seen: int = 0  # the newest write that it was shown
    fields_owed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def raise_floor(self, version: int) -> None:
        self.floor = max(self.floor, version)


@dataclass(frozen=True)
class Asked:
    """What the answer to a request must reflect, as it stood when the request started."""

    at: float
    process: int
    browser: str
    user: str
    seq: int
    seen: int
    settled: int
    looseness: int
    fields: frozenset[str] = frozenset()
    settled_fields: frozenset[str] = frozenset()
    must_exist: bool = False
    gone: str = ""


class Promises:
    """Is told what happens, judges answers, and remembers what was broken in `violations`."""

    def __init__(self, staleness_seconds: float) -> None:
        self.violations: list[str] = []
        self.excused: set[str] = set()
        self._staleness = staleness_seconds
        self._now = 0.0
        self._acknowledged: dict[str, list[tuple[float, int]]] = defaultdict(list)
        self._lost_at: dict[str, float] = defaultdict(lambda: -inf)
        self._looseness: dict[str, int] = defaultdict(int)
        self._loose: dict[str, int] = defaultdict(int)
        self._known: set[Stamp] = set()  # every content it was ever seen or shown to hold
        self._gone_at: dict[Stamp, float] = {}
        self._created: dict[str, float] = {}  # records: when the creation was acknowledged
        self._ending: set[str] = set()  # records that somebody tried to delete, or that were removed from outside
        self._deleted: dict[str, list[tuple[float, int]]] = defaultdict(list)
        self._alive: set[str] = set()
        self._dead: set[str] = set()
        self._fields: dict[str, list[tuple[float, str]]] = defaultdict(list)

    def broken(self, promise: str, what: str) -> None:
        self.violations.append(f"{promise}: {what}")

    # --- what happens --------------------------------------------------------------------------------------------

    def acknowledged(self, browser: Browser, seq: int, now: float) -> None:
        """A write was acknowledged to a browser."""
        browser.acknowledged = max(browser.acknowledged, seq)
        self._acknowledged[browser.user].append((now, seq))

    def versions_lost(self, user: str, now: float) -> None:
        """Redis forgot how far the user's versions had come."""
        self._lost_at[user] = now

    def loosen(self, user: str) -> None:
        """The truth changes unprotected, from now until `tighten`."""
        self._looseness[user] += 1
        self._loose[user] += 1

    def tighten(self, user: str) -> None:
        self._looseness[user] += 1
        self._loose[user] -= 1

    def created(self, record: str, now: float) -> None:
        self._created[record] = now

    def changed(self, browser: Browser, record: str, name: str, now: float, *, counts: bool) -> None:
        """A record's change was acknowledged to a browser; one that does not count does not bind its floor."""
        self._fields[record].append((now, name))
        if counts:
            browser.fields_owed[record].add(name)

    def ends(self, record: str) -> None:
        """A record may be gone from now on."""
        self._ending.add(record)

    def deleted(self, record: str, process: int, now: float) -> None:
        """A record's deletion was acknowledged, in a process."""
        self._deleted[record].append((now, process))

    def is_deleted(self, record: str) -> bool:
        return bool(self._deleted[record])

    def may_be_gone(self, record: str) -> bool:
        return record in self._ending or record in self._dead or record not in self._created

    def polled(
        self, now: float, values: Mapping[str, tuple[Card | None, int]], records: Mapping[str, Stamp | None]
    ) -> None:
        """What Redis holds now: each user's value, beside what the truth is, and the version of each record."""
        held: set[Stamp] = set()
        for user, (card, truth) in values.items():
            if card is not None:
                held.add(("card", card.serial))
                if card.seq != truth and not self._loose[user] and user not in self.excused:
                    self.broken("P5", f"Redis holds write {card.seq} of {user}, and {truth} is the truth")
        for record, stamp in records.items():
            if stamp is not None:
                held.add(stamp)
                self._alive.add(record)
                if record in self._dead:
                    self.broken("P4", f"record {record} was gone and is there again")
            elif record in self._alive or record in self._created:
                self._dead.add(record)
        self._known |= held
        for stamp in self._known:
            if stamp in held:
                self._gone_at.pop(stamp, None)
            else:
                self._gone_at.setdefault(stamp, now)

    # --- questions and answers -----------------------------------------------------------------------------------

    def asks(self, browser: Browser, process: int, now: float) -> Asked:
        """A browser asks for its user's value."""
        return Asked(
            at=now,
            process=process,
            browser=browser.name,
            user=browser.user,
            seq=browser.acknowledged,
            seen=browser.seen,
            settled=self._settled(browser.user, now),
            looseness=self._looseness[browser.user],
        )

    def asks_anonymously(self, user: str, process: int, now: float) -> Asked:
        """Somebody without a floor asks for a user's value."""
        return self.asks(Browser("anybody", user), process, now)

    def asks_record(self, browser: Browser, record: str, process: int, now: float) -> Asked:
        """A browser asks for a record of its user."""
        deletions = self._deleted[record]
        gone = ""
        if any(where == process for _, where in deletions):
            gone = "was deleted in this process"
        elif any(at <= now - self._staleness for at, _ in deletions):
            gone = "was deleted more than B ago"
        return Asked(
            at=now,
            process=process,
            browser=browser.name,
            user=browser.user,
            seq=0,
            seen=0,
            settled=0,
            looseness=self._looseness[browser.user],
            fields=frozenset(browser.fields_owed[record]),
            settled_fields=frozenset(n for at, n in self._fields[record] if at <= now - self._staleness),
            must_exist=record in self._created and record not in self._ending and record not in self._dead,
            gone=gone,
        )

    def told(self, asked: Asked, answer: Answer[Card], browser: Browser | None = None) -> None:
        """Judges an answer, and binds the browser to it."""
        card = answer.value
        who = f"{asked.browser} at process {asked.process} was told {card} ({answer.tier}, {answer.stale or 'fresh'})"
        if card.user != asked.user:
            self.broken("P6", f"{who} and had asked for {asked.user}")
            return
        counted = asked.at >= self._lost_at[asked.user] + (inf if answer.stale == "outage" else self._staleness)
        if card.seq < asked.seq and counted:
            self.broken("P2", f"{who} although its own write {asked.seq} was acknowledged")
        if answer.stale == "outage":
            return
        if card.seq < asked.settled:
            self.broken("P2", f"{who} although write {asked.settled} was acknowledged B before")
        if card.seq < asked.seen and counted and asked.user not in self.excused:
            self.broken("P3", f"{who} although it had been told write {asked.seen} before")
        self._in_time(asked, answer, ("card", card.serial), who)
        if browser is not None and self._bound(asked):
            browser.seen = max(browser.seen, card.seq)

    def told_record(
        self, asked: Asked, record: str, answer: Answer[Mapping[str, str]] | None, browser: Browser | None = None
    ) -> None:
        """Judges what was answered for a record, None included."""
        who = f"{asked.browser} at process {asked.process} asked for {record}"
        if answer is None:
            if asked.must_exist and record not in self._dead and record not in self._ending:
                self.broken("P2", f"{who}, which exists, and was told nothing")
            return
        fields = answer.value
        who = f"{who} and was told {dict(fields)} ({answer.tier}, {answer.stale or 'fresh'})"
        if fields.get("user") != asked.user or fields.get("id") != record:
            self.broken("P6", who)
        if answer.stale:
            self.broken("P4", f"{who}: a record is never answered past its time")
        if asked.gone:
            self.broken("P4", f"{who}, which {asked.gone}")
        missing = asked.fields - fields.keys()
        if missing and asked.at >= self._lost_at[asked.user] + self._staleness:
            self.broken("P2", f"{who}: its own or what it was shown is missing: {sorted(missing)}")
        missing = asked.settled_fields - fields.keys()
        if missing:
            self.broken("P5", f"{who}: acknowledged B before and missing: {sorted(missing)}")
        self._in_time(asked, answer, (record, int(fields.get("version", 0))), who)
        if browser is not None and self._bound(asked):
            browser.fields_owed[record] |= {name for name in fields if name.startswith("change")}

    # -------------------------------------------------------------------------------------------------------------

    def _settled(self, user: str, now: float) -> int:
        return max((seq for at, seq in self._acknowledged[user] if at <= now - self._staleness), default=0)

    def _bound(self, asked: Asked) -> bool:
        user = asked.user
        return not self._loose[user] and asked.looseness == self._looseness[user] and user not in self.excused

    def _in_time(self, asked: Asked, answer: Answer[Any], stamp: Stamp, who: str) -> None:
        if answer.tier == "load":
            return
        gone_at = self._gone_at.get(stamp)
        if answer.tier == "hot" and gone_at is not None and asked.at - gone_at >= self._staleness:
            self.broken("P5", f"{who}, which Redis has not held for {asked.at - gone_at:.2f} s")
        self._known.add(stamp)
