"""Which mode a process is in, so that both can be put side by side.

After a restart two `hotseat_info` of one process are alive for a while: a join with them would fail as a whole, and the
former mode would get what belongs to the latter. So the one that was scraped last is taken, and then looked at.
"""

from typing import Final

from dashboards.labels import MODE, PROCESS, chosen

CHOSEN: Final = f'{MODE}=~"$mode"'
STICKY: Final = f'{MODE}="on"'
STATELESS: Final = f'{MODE}="off"'


def mode(which: str = CHOSEN) -> str:
    """1 for each process of this mode, labelled with what runs there."""
    latest = f"topk by ({PROCESS}) (1, timestamp({chosen('hotseat_info')})) > bool 0"
    return f"({latest} and {chosen('hotseat_info', which)})"


def told_apart(expression: str, which: str = CHOSEN) -> str:
    """`expression` of processes of this mode, with the mode as a further label."""
    return f"{expression} * on ({PROCESS}) group_left ({MODE}) {mode(which)}"


def of_chosen_mode(expression: str) -> str:
    """`expression` of processes of the modes that the board shows."""
    return f"({expression} and on ({PROCESS}) {mode()})"
