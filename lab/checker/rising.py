"""P3 of what can only rise: the version of a user, and how many cards they have."""

from collections.abc import Sequence

from lab.checker.disturbed import Disturbed, Loss, epochs
from lab.checker.evidence import Item, strongest
from lab.checker.verdict import Finding, Step
from lab.history import Request


def check_numbers(
    told: Sequence[tuple[int, Request]], word: str, finding: Finding, losses: Sequence[Loss], disturbed: Disturbed
) -> None:
    """What can only rise, a version or a count: what the answers to one user said, by number and request, in any order.

    `word` names it in a proof; `losses` are those of what it counts.
    """
    reads = [each for each in told if not disturbed.excuses_staleness(each[1])]
    for those, binds in epochs(reads, losses):
        seen = strongest(
            Item(each.ended, n, each.browser, n, each) for n, each in told if binds(each.started, each.ended)
        )
        for number, request in those:
            own = seen.get(request.browser)
            highest = own.before(request.started) if own else None
            if highest is None:
                continue
            finding.bear(request)
            if highest.strength > number:
                steps = Step(highest.request, f"saw {word} {highest.number}"), Step(request, f"saw {word} {number}")
                finding.blame(steps, f"After {word} {highest.number} it went back to {number}.")
