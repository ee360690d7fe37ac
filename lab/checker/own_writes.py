"""P2: a read that a browser sends after it received a write's answer sees that write, whichever instance answers.

The second half of P2, the user's other browsers within B, is counted under P5, whose case it is.
"""

from lab.checker.cells import Cell
from lab.checker.disturbed import Disturbed, epochs
from lab.checker.evidence import strongest
from lab.checker.verdict import Finding, lasting


def check_own_writes(cell: Cell, finding: Finding, disturbed: Disturbed) -> None:
    """Each read of a cell against what its browser had written before."""
    if not cell.acks:
        return
    for reads, binds in epochs(cell.reads, disturbed.losses(cell.loses)):
        mine = strongest(ack for ack in cell.acks if binds(ack.strength, ack.known_at))
        for number, request in reads:
            own = mine.get(request.browser)
            newest = own.before(request.started) if own else None
            if newest is None:
                continue
            finding.bear(request)
            if newest.strength > cell.values[number].settled:
                written = cell.wrote(newest.number, newest.request)
                gap = lasting(request.started - newest.known_at)
                why = f"It was sent {gap} after the answer to the write, in the same browser"
                steps = (*cell.age_of(number), written, cell.saw(number, request))
                finding.blame(steps, f"{why}, and does not see it.")
