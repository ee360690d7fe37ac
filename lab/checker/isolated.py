"""P6: nobody receives another user's data. Nothing excuses it."""

from collections.abc import Iterable

from lab.checker.cells import Cell
from lab.checker.verdict import Finding, Step
from lab.history import Request


class Makers:
    """Who made each id of a history: the request that did it first, and whoever else did."""

    def __init__(self, requests: Iterable[Request]) -> None:
        self._first: dict[str, Request] = {}
        self._others: dict[str, set[str]] = {}
        for request in requests:
            for each in request.made:
                first = self._first.setdefault(each, request)
                if first.user != request.user:
                    self._others.setdefault(each, set()).add(request.user)

    def another(self, made: str, user: str) -> Request | None:
        """The request by which somebody else made this, if this user never did."""
        first = self._first.get(made)
        if first is None or first.user == user or user in self._others.get(made, ()):
            return None
        return first


def check_isolated(requests: Iterable[Request], makers: Makers, finding: Finding) -> None:
    """The answers to one user, or to nobody."""
    for request in requests:
        if request.owner and (request.user or request.kind != "login"):
            finding.bear(request)
            if request.owner != request.user:
                why = f"The answer is {request.owner}'s, and {request.user or 'nobody logged in'} had asked."
                finding.blame((Step(request, f"received what is {request.owner}'s"),), why)
        for each in request.shown if request.user else ():
            finding.bear(request)
            made = makers.another(each, request.user)
            if made is not None:
                steps = Step(made, f"made {each}"), Step(request, f"was shown {each} as their own")
                finding.blame(steps, f"{each} is {made.user}'s, and {request.user} never made it.")


def check_strange(cell: Cell, finding: Finding) -> None:
    """Values that nobody had written who may be seen here."""
    if cell.is_id:
        return
    for _, request in cell.reads:
        finding.bear(request)
    for number, request in cell.strange:
        finding.bear(request)
        why = f"{request.user} had never written {cell.phrase(number)} by then: it is somebody else's."
        finding.blame((cell.saw(number, request),), why)
