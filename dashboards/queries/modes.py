"""Which mode a process is in, so that both can be put side by side.

After a restart two `hotseat_info` of one process are alive for a while: a join with them would fail as a whole, and the
former mode would get what belongs to the latter. So the one that was scraped last is taken, and then looked at. What is
asked of a process is added up before it is joined: a thousand series become one.
"""

from typing import Final

from dashboards.labels import INSTANCE, MODE, PROCESS, chosen
from dashboards.queries.counting import added

CHOSEN: Final = f'{MODE}=~"$mode"'
STICKY: Final = f'{MODE}="on"'
STATELESS: Final = f'{MODE}="off"'


def mode(which: str = CHOSEN) -> str:
    """1 for each process of this mode, labelled with what runs there."""
    latest = f"topk by ({PROCESS}) (1, timestamp({chosen('hotseat_info')})) > bool 0"
    return f"({latest} and {chosen('hotseat_info', which)})"


def told_apart(expression: str, *by: str, which: str = CHOSEN) -> str:
    """The sum of `expression` for each mode, and for each value of `by` besides."""
    each = f"{added(expression, PROCESS, *by)} * on ({PROCESS}) group_left ({MODE}) {mode(which)}"
    return added(each, MODE, *by)


def in_mode(expression: str, *by: str, which: str = CHOSEN) -> str:
    """The sum of `expression` of processes of the modes that the board shows, or for each value of `by`."""
    kept = (label for label in by if label != INSTANCE)
    return added(f"{added(expression, PROCESS, *kept)} and on ({PROCESS}) {mode(which)}", *by)


def of_chosen_mode(expression: str) -> str:
    """`expression`, one series for each process, where it is of a mode that the board shows."""
    return f"({expression} and on ({PROCESS}) {mode()})"
