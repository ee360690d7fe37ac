"""Waiting until a replica has what was written: what must not come back when the master dies is not over before."""

from typing import Final

from cache.link import AnyLink, Link

LONGEST_WAIT_SECONDS: Final = 0.25  # WAIT holds up the whole connection


async def replicated(link: AnyLink) -> bool:
    """Whether a replica has all that was written before this call; True where there is none, or Redis does not tell.

    False after a quarter of a second. Over a cluster nothing is asked: True. Raises Unavailable.
    """
    if not isinstance(link, Link):
        return True
    [role] = await link.ask("read", ("ROLE",), errors=True)
    if not (isinstance(role, list) and role[0] == b"master" and role[2]):
        return True
    # WAIT looks at where the stream was at this connection's last command, and that is ours only in one pipeline.
    [_, replicas] = await link.ask("script", ("PING",), ("WAIT", 1, int(LONGEST_WAIT_SECONDS * 1000)))
    return int(replicas) > 0
