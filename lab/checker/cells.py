"""A cell is one thing that is written and read: a register of a user or of a session, or whether an id is there.

Of each value it is worked out when it can have happened. Writes have real-time order only: one is older than another if
its answer was there before the other was sent. A write of unknown outcome may happen at any time after it was sent, or
never; once somebody has seen its value, it had happened by then.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from lab.checker.disturbed import Disturbed
from lab.checker.evidence import Item
from lab.checker.verdict import Step
from lab.history import History, Request

ABSENT, PRESENT = 0, 1


@dataclass(slots=True)
class Value:
    """When a value can have happened, in seconds. `begun`: not before this; -inf where it may have been there at the
    beginning. `settled`: by then, if at all, and never again after; inf where nothing says so. `settled_by` proves it.

    `once` is false for what was sent again without a key. `writes` are all requests that wrote it.
    """

    begun: float = -math.inf
    settled: float = -math.inf
    settled_by: Request | None = None
    begun_by: Request | None = None
    once: bool = True
    refused: bool = False
    seen_by: Request | None = None
    writes: list[Request] = field(default_factory=list)


@dataclass(slots=True)
class Cell:
    """`reads` are those that are held to P1 to P5, by when they began; `excused` those of a copy that may be old.

    `strange` reads saw what nobody had written. `acks` say from when on which write has to be seen.
    """

    name: str
    is_id: bool
    writes: list[tuple[int, Request]] = field(default_factory=list)
    reads: list[tuple[int, Request]] = field(default_factory=list)
    excused: list[tuple[int, Request]] = field(default_factory=list)
    strange: list[tuple[int, Request]] = field(default_factory=list)
    values: dict[int, Value] = field(default_factory=dict)
    acks: list[Item] = field(default_factory=list)

    @property
    def loses(self) -> str:
        """The word by which a disturbance says that it may lose this."""
        return "cards" if self.is_id else self.name

    def phrase(self, number: int) -> str:
        """`name 2`, `c1`, `no c1`."""
        if self.is_id:
            return self.name if number else f"no {self.name}"
        return f"{self.name} {number}"

    def wrote(self, number: int, request: Request) -> Step:
        """That this request wrote it."""
        return Step(request, f"wrote {self.phrase(number)}")

    def saw(self, number: int, request: Request) -> Step:
        """That this request read it."""
        return Step(request, f"saw {self.phrase(number)}")

    def age_of(self, number: int) -> list[Step]:
        """What proves by when a value had happened; nothing for one that was there at the beginning."""
        value = self.values[number]
        if value.settled_by is None:
            return []
        is_write = any(each is value.settled_by for each in value.writes)
        return [self.wrote(number, value.settled_by) if is_write else self.saw(number, value.settled_by)]

    def settle(self, *, fresh: bool, elsewhere: frozenset[int] | set[int]) -> None:
        """Works out the values. `fresh`: nothing but 0 was there before. Numbers written `elsewhere` are not judged."""
        self._settle_writes()
        before = {0}
        kept: list[tuple[int, Request]] = []
        for is_excused, reads in ((False, self.reads), (True, self.excused)):
            for number, request in reads:
                value = self.values.get(number)
                if value is None and number not in elsewhere:
                    value = self._unwritten(number, before, fresh=fresh)
                if value is None or request.ended < value.begun:
                    if value is not None or number not in elsewhere:
                        self.strange.append((number, request))
                    continue
                self._note_seen(value, request)
                if not is_excused:
                    kept.append((number, request))
        self.reads = kept

    def _unwritten(self, number: int, before: set[int], *, fresh: bool) -> Value | None:
        """What was there before the first write: 0, or, of a user who was there before, the first number seen."""
        if number not in before and (fresh or len(before) > 1):
            return None
        before.add(number)
        return self.values.setdefault(number, Value())

    def _note_seen(self, value: Value, request: Request) -> None:
        if value.seen_by is None or request.ended < value.seen_by.ended:
            value.seen_by = request
        if value.once and request.ended < value.settled:
            value.settled, value.settled_by = request.ended, request

    def _settle_writes(self) -> None:
        for number, request in self.writes:
            self.values.setdefault(number, Value()).writes.append(request)
        for number, value in self.values.items():
            live = [each for each in value.writes if each.outcome != "refused"]
            value.refused = not live
            first = min(live or value.writes, key=lambda each: each.started)
            value.begun, value.begun_by, value.settled = first.started, first, math.inf
            keyed = bool(first.key) and all(each.key == first.key for each in live)
            value.once = bool(live) and (len(live) == 1 or keyed)
            done = [each for each in live if each.outcome == "done"]
            if done and value.once:
                value.settled_by = min(done, key=lambda each: each.ended)
            elif done and len(done) == len(live):
                value.settled_by = max(done, key=lambda each: each.ended)
            if value.settled_by is not None:
                value.settled = value.settled_by.ended
            for each in done:
                begun = value.begun if value.once else each.started
                self.acks.append(Item(each.ended, begun, each.browser, number, each))


def cells_of(requests: Iterable[Request], history: History, disturbed: Disturbed) -> list[Cell]:
    """The cells of one user, from their requests in the order they began."""
    found: dict[tuple[str, str], Cell] = {}
    of_sessions = frozenset(history.of_sessions)
    begun_sessions: set[str] = set()
    is_new = False
    for request in requests:
        if request.kind == "login":
            begun_sessions.add(request.session)
            is_new = is_new or "signup" in request.route
        _add_registers(found, request, of_sessions, disturbed)
        _add_ids(found, request, disturbed)
    written: dict[str, set[int]] = {}
    for (name, session), cell in found.items():
        if session:
            written.setdefault(name, set()).update(number for number, _ in cell.writes)
    for (name, session), cell in found.items():
        fresh = cell.is_id or is_new or session in begun_sessions
        cell.settle(fresh=fresh, elsewhere=written.get(name, frozenset()) if session else frozenset())
    return list(found.values())


def _add_registers(
    found: dict[tuple[str, str], Cell], request: Request, of_sessions: frozenset[str], disturbed: Disturbed
) -> None:
    for name, number in request.wrote.items():
        _cell(found, name, request, of_sessions).writes.append((number, request))
    if request.saw and request.owner in ("", request.user):  # else it is P6's
        excused = disturbed.excuses_staleness(request)
        for name, number in request.saw.items():
            cell = _cell(found, name, request, of_sessions)
            (cell.excused if excused else cell.reads).append((number, request))


def _add_ids(found: dict[tuple[str, str], Cell], request: Request, disturbed: Disturbed) -> None:
    for name in request.made:
        _id_cell(found, name).writes.append((PRESENT, request))
    for number, names in ((PRESENT, request.shown), (ABSENT, request.missing)):
        for name in names:
            cell = _id_cell(found, name)
            (cell.excused if disturbed.excuses_staleness(request) else cell.reads).append((number, request))


def _cell(found: dict[tuple[str, str], Cell], name: str, request: Request, of_sessions: frozenset[str]) -> Cell:
    of_session = name in of_sessions
    key = (name, request.session if of_session else "")
    cell = found.get(key)
    if cell is None:
        cell = found[key] = Cell(name, is_id=False)
    return cell


def _id_cell(found: dict[tuple[str, str], Cell], name: str) -> Cell:
    key = ("\0" + name, "")
    cell = found.get(key)
    if cell is None:
        cell = found[key] = Cell(name, is_id=True)
    return cell
