"""P4: a session that was logged out or revoked never writes again, anywhere. It reads nothing at once at the instance
that ended it, and nothing after B at the others. One whose time is up writes nothing either, and reads nothing after B.

That a session ends because nobody used it is not decided.
"""

from collections.abc import Iterable, Mapping

from lab.checker.cells import Cell
from lab.checker.disturbed import Disturbed, lost
from lab.checker.verdict import Finding, Step, lasting
from lab.history import Request


def check_ended(
    requests: Iterable[Request],
    ends: Mapping[str, Request],
    finding: Finding,
    disturbed: Disturbed,
    bound_seconds: float,
) -> None:
    """The requests of one user; `ends` is what `ends_of` says of them."""
    losses = disturbed.losses("sessions")
    for request in requests:
        end = ends.get(request.session)
        if end is None or request.started <= end.ended or lost(losses, end.started, end.ended, request.ended):
            continue
        if request.kind in ("write", "revoke"):
            finding.bear(request)
            if request.outcome == "done":
                finding.blame(_steps(end, request, "wrote" + _what(request)), "A session that had ended wrote again.")
        elif request.kind == "read":
            _check_read(request, end, finding, disturbed, bound_seconds)


def check_expired(
    requests: Iterable[Request], finding: Finding, disturbed: Disturbed, absolute_seconds: float, bound_seconds: float
) -> None:
    """The requests of one user, in the order they began, against the log-ins among them."""
    begun: dict[str, Request] = {}
    for request in requests:
        if request.kind == "login" and request.outcome == "done":
            begun[request.session] = request
        login = begun.get(request.session)
        late = request.started - login.ended - absolute_seconds if login is not None else 0.0
        if login is None or late <= 0:
            continue
        writes = request.kind in ("write", "revoke")
        if not writes and (request.kind != "read" or late <= bound_seconds or disturbed.excuses_staleness(request)):
            continue
        finding.bear(request)
        if request.outcome == "done" and (writes or _let_in(request)):
            did = "wrote" + _what(request) if writes else "was let in"
            steps = Step(login, "logged in"), Step(request, f"{did} with session {request.session}")
            finding.blame(steps, f"The time of this session had been up for {lasting(late)}.")


def check_late_writes(cell: Cell, ends: Mapping[str, Request], finding: Finding, disturbed: Disturbed) -> None:
    """What an ended session sent is not seen either, whatever it was answered."""
    losses = disturbed.losses("sessions")
    for number, value in cell.values.items() if ends else ():
        if value.seen_by is None or not value.writes or any(each.outcome == "done" for each in value.writes):
            continue
        first = min(value.writes, key=lambda each: each.started)
        end = ends.get(first.session)
        if end is None or first.started <= end.ended or lost(losses, end.started, end.ended, value.seen_by.ended):
            continue
        if all(each.session == first.session for each in value.writes):
            steps = (*_steps(end, first, f"wrote {cell.phrase(number)}"), cell.saw(number, value.seen_by))
            finding.blame(steps, "A session that had ended wrote again, though it was not told so.")


def ends_of(requests: Iterable[Request]) -> dict[str, Request]:
    """Which request ended each session that is known to have ended, by the answer that came first."""
    ends: dict[str, Request] = {}
    for request in requests:
        if request.outcome != "done":
            continue
        over = request.ends if request.kind != "logout" else (request.session, *request.ends)
        for session in over:
            if session and (session not in ends or request.ended < ends[session].ended):
                ends[session] = request
    return ends


def _check_read(request: Request, end: Request, finding: Finding, disturbed: Disturbed, bound_seconds: float) -> None:
    at_once = bool(end.instance) and request.instance == end.instance
    late = request.started - end.ended
    if disturbed.excuses_staleness(request) or not (at_once or late > bound_seconds):
        return
    finding.bear(request)
    if request.outcome == "done" and _let_in(request):
        where = f"at the instance that had ended it, {end.instance}" if at_once else f"and B is {bound_seconds:g} s"
        why = f"A session that had ended was let in {lasting(late)} later, {where}."
        finding.blame(_steps(end, request, "was let in"), why)


def _let_in(request: Request) -> bool:
    """Whether the answer is one for whoever had this session."""
    if request.owner not in ("", request.user):
        return False
    return bool(request.owner or request.saw or request.shown) or request.version is not None


def _steps(end: Request, request: Request, did: str) -> tuple[Step, Step]:
    ended = "logged out" if end.kind == "logout" else f"ended session {request.session}"
    return Step(end, ended), Step(request, f"{did} with session {request.session}")


def _what(request: Request) -> str:
    told = [f"{name} {number}" for name, number in request.wrote.items()] + list(request.made)
    return " " + ", ".join(told) if told else ""
