"""Waiting until a replica has what was written: what must not come back when the master dies is not over before."""

from typing import Final

from cache.errors import ErrorReply
from cache.link import AnyLink

LONGEST_WAIT_SECONDS: Final = 0.25  # WAIT holds up the whole connection


async def replicated(link: AnyLink, key: str) -> bool:
    """Whether a replica has all that was written before this call to the master that has this key; True where that
    has no replica, or Redis does not tell.

    False after a quarter of a second. Raises Unavailable.
    """
    [role] = await link.ask_beside(key, "read", ("ROLE",))
    if not (isinstance(role, list) and role[0] == b"master" and role[2]):
        return True
    # WAIT looks at where the stream was at its connection's last command, which is ours in one pipeline.
    wait = ("WAIT", 1, int(LONGEST_WAIT_SECONDS * 1000))
    [_, replicas] = await link.ask_beside(key, "script", ("PING",), wait)
    return not isinstance(replicas, ErrorReply) and int(replicas) > 0
