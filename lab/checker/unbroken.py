"""P7: planned change fails no request, nor does what is slight; an instance that dies or hangs fails no GET; and no
write with a key is applied twice.

While something is away or nothing is promised (`outage`, `other`), a failed request is not held against anybody.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from lab.checker.disturbed import EXCUSING_FAILURES, NO_GET_FAILS, Disturbed
from lab.checker.verdict import Finding, Step
from lab.history import Change, Disturbance, Request

_PROMISED: Final[Mapping[Change, str]] = {
    "planned": "is planned, and fails no request",
    "slight": "is to be felt by nobody, and fails no request",
    "kill": "fails no GET",
    "hang": "fails no GET",
}


def check_unbroken(requests: Iterable[Request], finding: Finding, disturbed: Disturbed) -> int:
    """Requests of one user. How many failed while nothing was done to the site: no promise, but worth knowing."""
    in_calm = 0
    for request in requests:
        is_get = request.method == "GET"
        promising = disturbed.no_request_fails, *((disturbed.no_get_fails,) if is_get else ())
        if any(spans.touch(request.started, request.ended) for spans in promising):
            finding.bear(request)
        if not request.failed:
            continue
        during = disturbed.during(request)
        in_calm += not during
        blamed = _blamed(during, is_get)
        if blamed is not None:
            why = f"{blamed.name.capitalize()} of {blamed.part} {_PROMISED[blamed.change]}."
            finding.blame((Step(request, "failed"),), why, blamed)
    return in_calm


def check_keys(requests: Iterable[Request], finding: Finding) -> None:
    """Two answers to one key of one user name the same thing."""
    made: dict[str, Request] = {}
    for request in requests:
        if not request.key:
            continue
        finding.bear(request)
        if request.outcome != "done" or not request.made:
            continue
        first = made.setdefault(request.key, request)
        if set(first.made) != set(request.made):
            steps = [Step(each, f"made {', '.join(each.made)} with key {each.key}") for each in (first, request)]
            finding.blame(steps, f"One key, {request.key}, and two things made: it was applied twice.")


def _blamed(during: Sequence[Disturbance], is_get: bool) -> Disturbance | None:
    """What promised that this would not fail, if nothing excuses it."""
    changes = {each.change for each in during}
    if changes & set(EXCUSING_FAILURES) or (changes & set(NO_GET_FAILS) and not is_get):
        return None
    return next(iter(during), None)
