"""P3: within one browser nothing older is seen after something newer. Requests that overlap have no order.

Of two values it is known which is older by when they were written; or because one was seen, then another, and then the
first again: each happens once, so one of the two steps went back.
"""

from collections.abc import Mapping, Sequence

from lab.checker.cells import Cell
from lab.checker.disturbed import Binds, Disturbed, epochs
from lab.checker.evidence import Evidence, Item, strongest
from lab.checker.verdict import Finding, Step
from lab.history import Request

Reads = Sequence[tuple[int, Request]]
First = Mapping[tuple[str, int], Step]


def check_monotonic(cell: Cell, finding: Finding, disturbed: Disturbed) -> None:
    """Each read of a cell against those its browser had an answer to before."""
    if len(cell.reads) < 2:
        return
    order = _Order(cell, finding)
    for reads, binds in epochs(cell.reads, disturbed.losses(cell.loses)):
        all_seen = [*cell.reads, *(each for each in cell.excused if each[0] in cell.values)]
        seen = [each for each in all_seen if binds(each[1].started, each[1].ended)]
        first = _first_known(cell, seen, binds)
        order.check_ages(reads, seen, first)
        if not cell.is_id:  # of an id it is always known which is older: it was not there at first
            acks = [ack for ack in cell.acks if binds(ack.strength, ack.known_at)]
            order.note_older(reads, seen, acks)
            order.check_returns(reads, seen, first)


class _Order:
    """One cell. `first` is by which request each browser knew that a value had happened."""

    def __init__(self, cell: Cell, finding: Finding) -> None:
        self._cell, self._finding = cell, finding
        self._excused = {id(each) for _, each in cell.excused}
        self._older: set[int] = set()

    def note_older(self, reads: Reads, seen: Reads, acks: Sequence[Item]) -> None:
        """Which reads are wrong themselves, be it under P2: they are no evidence against later ones."""
        known = strongest([*self._known(seen), *acks])
        for number, request in reads:
            own = known.get(request.browser)
            newest = own.before(request.started) if own else None
            if newest is not None and newest.strength > self._cell.values[number].settled:
                self._older.add(id(request))

    def check_ages(self, reads: Reads, seen: Reads, first: First) -> None:
        """By when the values were written."""
        newer = strongest(self._known(seen))
        for number, request in reads:
            own = newer.get(request.browser)
            newest = own.before(request.started) if own else None
            if newest is None:
                continue
            self._finding.bear(request)
            if newest.strength > self._cell.values[number].settled:
                was, now = self._cell.phrase(newest.number), self._cell.phrase(number)
                why = f"{now} is older than {was}, which this browser had seen before."
                again = first.get((request.browser, number))
                self._finding.blame(self._proof(newest, number, request, again), why)

    def check_returns(self, reads: Reads, seen: Reads, first: First) -> None:
        """By what was seen in between, of reads that are neither wrong themselves nor excused."""
        between: dict[str, list[Item]] = {}
        for number, each in seen:
            if id(each) not in self._older and id(each) not in self._excused:
                between.setdefault(each.browser, []).append(Item(each.ended, each.started, number, number, each))
        evidence = {browser: Evidence(items) for browser, items in between.items()}
        for number, request in reads:
            again, others = first.get((request.browser, number)), evidence.get(request.browser)
            if again is None or others is None or id(request) in self._older:
                continue
            other = others.before(request.started, but=number)
            if other is not None and other.strength > again.request.ended:
                saw = self._cell.saw
                why = f"After {self._cell.phrase(other.number)} it went back to {self._cell.phrase(number)}."
                self._finding.blame((again, saw(other.number, other.request), saw(number, request)), why)

    def _known(self, seen: Reads) -> list[Item]:
        values = self._cell.values
        return [Item(each.ended, values[number].begun, each.browser, number, each) for number, each in seen]

    def _proof(self, newest: Item, number: int, request: Request, again: Step | None) -> list[Step]:
        last_two = [self._cell.saw(newest.number, newest.request), self._cell.saw(number, request)]
        age, begun_by = self._cell.age_of(number), self._cell.values[newest.number].begun_by
        if not age:
            return last_two
        if again is not None and again.request.ended < newest.request.started:
            return [again, *last_two]
        return [*age, *([self._cell.wrote(newest.number, begun_by)] if begun_by else []), *last_two]


def _first_known(cell: Cell, seen: Reads, binds: Binds) -> dict[tuple[str, int], Step]:
    first: dict[tuple[str, int], Step] = {}
    for number, request, is_write in (
        *((number, request, False) for number, request in seen),
        *((ack.number, ack.request, True) for ack in cell.acks if binds(ack.strength, ack.known_at)),
    ):
        value, key = cell.values[number], (request.browser, number)
        if (value.once or not value.writes) and (key not in first or request.ended < first[key].request.ended):
            first[key] = cell.wrote(number, request) if is_write else cell.saw(number, request)
    return first
