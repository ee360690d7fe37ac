"""Decides from a history, afterwards, whether the promises P1 to P7 were kept; a pure function.

Requests have real-time order only: one came before another if its answer was there before the other was sent. A write
whose outcome is unknown may have happened at any time since it was sent, or never. What could have happened either way
is never blamed on anybody; so a history in which nothing is found may still hide something.

The order is that of Herlihy and Wing, Linearizability (1990); P2 and P3 are read-your-writes and monotonic reads of
Terry et al., Session Guarantees for Weakly Consistent Replicated Data (1994). Times are seconds of the history's clock.
"""

from lab.checker.checking import check
from lab.checker.story import story, summary
from lab.checker.verdict import Finding, Step, Verdict, Violation

__all__ = ["Finding", "Step", "Verdict", "Violation", "check", "story", "summary"]
