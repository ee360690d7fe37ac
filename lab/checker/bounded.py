"""P5: what one browser wrote or saw, the user's other browsers see within B; never anything older after that."""

from lab.checker.cells import Cell
from lab.checker.disturbed import Disturbed, epochs
from lab.checker.evidence import Evidence, Item
from lab.checker.verdict import Finding, Step, lasting
from lab.history import Request


def check_bounded(cell: Cell, finding: Finding, disturbed: Disturbed, bound_seconds: float) -> None:
    """Each read of a cell against what other browsers knew more than B before it was sent."""
    seen = [
        (Item(each.ended, cell.values[number].begun, each.browser, number, each), each.started)
        for number, each in cell.reads
    ]
    known = [*((ack, ack.strength) for ack in cell.acks), *seen]
    if len({item.tag for item, _ in known}) < 2:
        return
    for reads, binds in epochs(cell.reads, disturbed.losses(cell.loses)):
        evidence = Evidence(item for item, started in known if binds(started, item.known_at))
        for number, request in reads:
            newest = evidence.before(request.started - bound_seconds, but=request.browser)
            if newest is None:
                continue
            finding.bear(request)
            if newest.strength > cell.values[number].settled:
                newest = _acknowledged(cell, newest, request, bound_seconds)
                late = lasting(request.started - newest.known_at)
                why = f"{cell.phrase(newest.number)} was known in another browser {late} before this was sent"
                steps = (*_proof(cell, newest, number), cell.saw(number, request))
                finding.blame(steps, f"{why}, and B is {bound_seconds:g} s.")


def _acknowledged(cell: Cell, newest: Item, request: Request, bound_seconds: float) -> Item:
    """The answer to the write itself, if that was early enough: it is told in fewer requests than who had seen it."""
    for ack in cell.acks if cell.values[newest.number].settled_by is not None else ():
        if ack.number == newest.number and ack.tag != request.browser:
            return ack if ack.known_at < request.started - bound_seconds else newest
    return newest


def _proof(cell: Cell, newest: Item, number: int) -> list[Step]:
    steps = cell.age_of(number)
    value = cell.values[newest.number]
    if any(each is newest.request for each in value.writes):
        return [*steps, cell.wrote(newest.number, newest.request)]
    if steps and value.begun_by is not None:
        steps.append(cell.wrote(newest.number, value.begun_by))
    return [*steps, cell.saw(newest.number, newest.request)]
