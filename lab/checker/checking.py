"""All rules over all users: O(n log n), and beside the history no more memory than its largest user takes."""

from collections.abc import Iterable, Mapping, Sequence

from lab.checker.bounded import check_bounded
from lab.checker.cells import cells_of
from lab.checker.counts import check_counts, counts_of
from lab.checker.disturbed import Disturbed
from lab.checker.durable import check_durable, check_sessions
from lab.checker.ended import check_ended, check_expired, check_late_writes, ends_of
from lab.checker.isolated import Makers, check_isolated, check_strange
from lab.checker.monotonic import check_monotonic
from lab.checker.own_writes import check_own_writes
from lab.checker.rising import check_numbers
from lab.checker.unbroken import check_keys, check_unbroken
from lab.checker.verdict import TITLES, Finding, Verdict
from lab.collector import collector_resting
from lab.history import History, Request


def check(history: History) -> Verdict:
    """What became of each promise, P1 to P7 in their order. The history is not changed, and its requests may be in any
    order; one without requests leaves every promise not exercised. Raises nothing of its own.

    Python's garbage collector rests meanwhile: nothing here becomes part of a cycle, and it would walk through the
    whole history again and again.
    """
    with collector_resting():
        return _checked(history)


def _checked(history: History) -> Verdict:
    disturbed, makers = Disturbed(history), Makers(history.requests)
    findings = {promise: Finding(promise) for promise in TITLES}
    failed_in_calm = 0
    for requests in _by_user(history.requests):
        requests.sort(key=lambda each: each.started)
        if requests[0].user:
            _check_user(requests, findings, history, disturbed)
            check_keys(requests, findings["P7"])
        check_isolated(requests, makers, findings["P6"])
        failed_in_calm += check_unbroken(requests, findings["P7"], disturbed)
        for finding in findings.values():
            finding.tally()
    return Verdict(len(history.requests), failed_in_calm, tuple(findings.values()))


def _check_user(
    requests: Sequence[Request], findings: Mapping[str, Finding], history: History, disturbed: Disturbed
) -> None:
    bound_seconds, ends = history.bound_seconds, ends_of(requests)
    for cell in cells_of(requests, history, disturbed):
        check_durable(cell, findings["P1"], disturbed, bound_seconds)
        check_own_writes(cell, findings["P2"], disturbed)
        check_monotonic(cell, findings["P3"], disturbed)
        check_late_writes(cell, ends, findings["P4"], disturbed)
        check_bounded(cell, findings["P5"], disturbed, bound_seconds)
        check_strange(cell, findings["P6"])
    versions = [(each.version, each) for each in _own(requests) if each.version is not None]
    check_numbers(versions, "version", findings["P3"], disturbed.losses("versions"), disturbed)
    check_numbers(counts_of(requests), "count", findings["P3"], disturbed.losses("cards"), disturbed)
    check_sessions(requests, findings["P1"], disturbed, history)
    check_ended(requests, ends, findings["P4"], disturbed, bound_seconds)
    check_expired(requests, findings["P4"], disturbed, history.absolute_seconds, bound_seconds)
    check_counts(requests, findings, disturbed, bound_seconds)


def _own(requests: Iterable[Request]) -> Iterable[Request]:
    """Without the answers that were somebody else's: those are P6's."""
    return (each for each in requests if each.owner in ("", each.user))


def _by_user(requests: Iterable[Request]) -> Iterable[list[Request]]:
    apart: dict[str, list[Request]] = {}
    for request in requests:
        apart.setdefault(request.user, []).append(request)
    for user in list(apart):
        yield apart.pop(user)
