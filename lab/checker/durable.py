"""P1: what was acknowledged is there later, and what was refused is not.

A write is lost if, from some read on, more than B after its answer, nobody sees it or anything newer any more. If it
had been seen until then, something must have been done to the site in between, or it is a stale read (P2, P3, P5).
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from lab.checker.cells import Cell
from lab.checker.disturbed import Disturbed, lost
from lab.checker.evidence import Item
from lab.checker.verdict import Finding, Step, lasting
from lab.history import History, Request


def check_durable(cell: Cell, finding: Finding, disturbed: Disturbed, bound_seconds: float) -> None:
    """Each acknowledged write of a cell, and each refused one that was seen all the same."""
    _check_refused(cell, finding)
    reads = cell.reads
    if not reads or not cell.acks:
        return
    starts = [request.started for _, request in reads]
    newest = _newest_from(cell)
    losses = disturbed.losses(cell.loses)
    for ack in cell.acks:
        looked = bisect_right(starts, ack.known_at + bound_seconds)
        if looked == len(reads):
            continue
        finding.bear(ack.request)
        gone = _first_older(newest, ack.strength)
        first = max(gone, looked)
        if first == len(reads) or lost(losses, ack.strength, ack.known_at, reads[first][1].ended):
            continue
        before = reads[gone - 1] if gone else None
        if before is not None and before[1].started > ack.known_at + bound_seconds:
            if not disturbed.began_within(before[1].started, reads[first][1].ended):
                continue
        else:
            before = None
        _blame(cell, finding, ack, before, reads[first])


def check_sessions(requests: Sequence[Request], finding: Finding, disturbed: Disturbed, history: History) -> None:
    """A session that was begun and that nobody ended is still there, until its time is up.

    `requests` are one user's, as they began; of the history only its head is looked at.
    """
    ended, begun, last = _ends_begun(requests), {}, dict[str, float]()
    losses = disturbed.losses("sessions")
    for request in requests:
        session = request.session
        if request.kind == "login" and request.outcome == "done" and session:
            begun[session] = request
        login = begun.get(session)
        if login is None or request.kind in ("login", "logout") or request.started <= login.ended:
            continue
        used, last[session] = last.get(session, login.started), request.started
        up = login.started + history.absolute_seconds
        if request.ended >= min(ended.get(session, up), up) or request.started - used >= history.idle_seconds:
            continue
        finding.bear(login)
        if request.status == 401 and not lost(losses, login.started, login.ended, request.ended):
            why = "Nobody had ended this session, and it was not known any more."
            finding.blame((Step(login, "logged in"), Step(request, "was not let in")), why)


def _ends_begun(requests: Sequence[Request]) -> dict[str, float]:
    """From when on each session may be gone because somebody asked for it."""
    begun: dict[str, float] = {}
    of_browser: dict[str, str] = {}
    for request in requests:
        ends = list(request.ends)
        if request.kind == "logout":
            ends.append(request.session)
        if request.kind == "login":  # takes the place of the session this browser had
            ends += [each for each in (of_browser.get(request.browser),) if each and each != request.session]
            of_browser[request.browser] = request.session
        for session in ends:
            begun.setdefault(session, request.started)
    return begun


def _check_refused(cell: Cell, finding: Finding) -> None:
    for number, value in cell.values.items():
        if value.refused and value.writes and value.seen_by is not None:
            why = "An answer had said that nothing was done, and it was done."
            finding.blame((cell.wrote(number, value.writes[0]), cell.saw(number, value.seen_by)), why)


def _newest_from(cell: Cell) -> list[float]:
    """For each read, until when at the latest what it or any read after it saw had happened; never rising."""
    newest, latest = [0.0] * len(cell.reads), -math.inf
    for place in range(len(cell.reads) - 1, -1, -1):
        latest = max(latest, cell.values[cell.reads[place][0]].settled)
        newest[place] = latest
    return newest


def _first_older(newest: list[float], strength: float) -> int:
    """The first read from which on everything seen had happened before `strength`."""
    return bisect_left(newest, True, key=lambda latest: latest < strength)


def _blame(
    cell: Cell, finding: Finding, ack: Item, before: tuple[int, Request] | None, read: tuple[int, Request]
) -> None:
    number, request = read
    steps = [*cell.age_of(number), cell.wrote(ack.number, ack.request)]
    if before is not None:
        steps.append(cell.saw(*before))
    steps.append(cell.saw(number, request))
    gone = cell.phrase(ack.number)
    why = f"{gone} was acknowledged, and from {lasting(request.started - ack.known_at)} after that on nobody saw it"
    finding.blame(steps, f"{why} or anything newer{' any more' if before else ''}.")
