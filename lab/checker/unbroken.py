"""P7: planned change fails no request, a kill fails no GET, and no write with a key is applied twice.

While something is away or nothing is promised (`outage`, `other`), a failed request is not held against anybody.
"""

from collections.abc import Iterable, Sequence

from lab.checker.disturbed import EXCUSING_FAILURES, Disturbed
from lab.checker.verdict import Finding, Step
from lab.history import Disturbance, Request


def check_unbroken(requests: Iterable[Request], finding: Finding, disturbed: Disturbed) -> int:
    """Requests of one user. How many failed while nothing was done to the site: no promise, but worth knowing."""
    in_calm = 0
    for request in requests:
        planned = disturbed.planned.touch(request.started, request.ended)
        is_get = request.method == "GET"
        if planned or (is_get and disturbed.kills.touch(request.started, request.ended)):
            finding.bear(request)
        if not request.failed:
            continue
        during = disturbed.during(request)
        in_calm += not during
        blamed = _blamed(during, is_get)
        if blamed is not None:
            what = "is planned, and fails no request" if blamed.change == "planned" else "fails no GET"
            why = f"{blamed.name.capitalize()} of {blamed.part} {what}."
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
    if changes & set(EXCUSING_FAILURES) or ("kill" in changes and not is_get):
        return None
    return next((each for each in during if each.change in ("planned", "kill")), None)
