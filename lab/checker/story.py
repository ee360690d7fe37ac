"""The proof of a broken promise, told so that a person understands it: who did what, when, and why that is wrong."""

from lab.checker.verdict import TITLES, Finding, Verdict, Violation, lasting
from lab.history import Disturbance, Request

STATES = {"kept": "kept", "broken": "BROKEN", "not exercised": "not exercised: nothing here could have shown it broken"}


def story(violation: Violation) -> str:
    """A line for each request, in order of time, seconds since the first; then the reason."""
    began = violation.steps[0].request.started
    told = [(step.request.started, _told(step.did, step.request)) for step in violation.steps]
    if violation.disturbance is not None:
        began = min(began, violation.disturbance.started)
        told.append((violation.disturbance.started, _done_to_it(violation.disturbance)))
    told.sort(key=lambda each: each[0])
    lines = [f"{violation.promise} ({TITLES[violation.promise]}) was broken:"]
    lines += [f"  {moment - began:+9.3f} s  {what}" for moment, what in told]
    return "\n".join([*lines, f"  {violation.why}"])


def summary(verdict: Verdict) -> str:
    """A line for each promise, and the smallest proof of each that was broken."""
    lines = [_line(each) for each in verdict.findings]
    lines += ["", *(story(each.violations[0]) for each in verdict.findings if each.violations)]
    return "\n".join(lines).rstrip()


def _line(finding: Finding) -> str:
    name = f"{finding.promise} {finding.title:<18}"
    if finding.broken:
        return f"{name} {STATES['broken']} {_times(finding.broken)}, looked at by {finding.bore} requests"
    looked = f", looked at by {finding.bore} requests" if finding.bore else ""
    return f"{name} {STATES[finding.state]}{looked}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _told(did: str, request: Request) -> str:
    who = f"{request.user or 'nobody logged in'} in browser {request.browser}"
    return f"{who} {did}: {request.method} {request.route}, {_answer(request)}"


def _answer(request: Request) -> str:
    took = lasting(request.seconds)
    if request.status == 0:
        return f"no answer within {took}"
    by = f" by {request.instance}" if request.instance else ""
    doubt = ", which leaves open whether it was done" if request.outcome == "unknown" else ""
    stale = f", marked stale ({request.stale})" if request.stale else ""
    return f"answered {request.status}{by} after {took}{stale}{doubt}"


def _done_to_it(disturbance: Disturbance) -> str:
    lasted = lasting(disturbance.settled - disturbance.started)
    return f"{disturbance.name} of {disturbance.part} began, settled after {lasted}"
