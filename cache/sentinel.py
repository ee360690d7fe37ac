"""Where the master is, as the sentinels that watch it say: asked before each connect, so that a failover is followed.

All sentinels are asked at once; what more than half of them name is taken, or else what most of those name that
answered in time: one that was cut off from the others may still name the former master. Then the server itself is asked
whether it is a master (Redis manual, "Guidelines for Redis clients with support for Redis Sentinel").

Not promised: that it still is one when it is connected to, nor for how long. A former master that lives on takes writes
for 8 s and more until the sentinels make it a replica, and what it took is lost: so `follow` looks out for a new one,
and such a Redis needs `min-replicas-to-write 1`.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn, Protocol
from urllib.parse import quote, urlencode

from cache.addresses import parse_addresses
from cache.connection import Command, Reply
from cache.errors import Misuse, Unavailable

SCHEMES: Final = ("redis+sentinel", "rediss+sentinel")
CREDENTIALS_OF_SENTINELS: Final = ("sentinel_username", "sentinel_password")


class Exchange(Protocol):
    """Asks over a connection of its own. Raises Unavailable, ErrorReply."""

    def __call__(self, url: str, *commands: Command) -> Awaitable[list[Reply]]: ...


class Sentinels:
    """The sentinels of one service: `redis+sentinel://user:password@host:port,host:port/service/db`.

    User, password, database and options are those of the Redis servers. `?sentinel_username=` and `sentinel_password=`
    are for the sentinels themselves, where these want any.
    """

    def __init__(self, url: str, *, exchange: Exchange, deadline_seconds: float = 0.9) -> None:
        addresses = parse_addresses(url, schemes=SCHEMES, default_port=26379)
        self.service, _, database = addresses.path.partition("/")
        if not self.service or (database and not database.isdecimal()):
            raise Misuse(f"a {addresses.scheme} address ends with /service or /service/database")
        own = [quote(addresses.options.pop(name, ""), safe="") for name in CREDENTIALS_OF_SENTINELS]
        options = f"?{urlencode(addresses.options)}" if addresses.options else ""
        self._scheme = f"{addresses.scheme.partition('+')[0]}://"
        self._before_master = self._scheme + (f"{addresses.credentials}@" if addresses.credentials else "")
        self._behind_master = f"/{database or 0}{options}"
        before_sentinel = self._scheme + (f"{':'.join(own)}@" if any(own) else "")
        self._sentinels = [f"{before_sentinel}{_joined(*host)}{options}" for host in addresses.hosts]
        self._exchange = exchange
        self._deadline = deadline_seconds
        self._given = ""

    async def master_url(self) -> str:
        """The address of the master, as `redis://` or `rediss://`.

        Raises Unavailable: no sentinel answers in time, none knows the service, or the server named is no master.
        """
        try:
            async with asyncio.timeout(self._deadline):
                named = await self._named()
                url = self._before_master + named + self._behind_master
                [[role, *_]] = await self._exchange(url, ("ROLE",))
        except TimeoutError:
            raise Unavailable("sentinel", "the server that the sentinels name did not answer in time") from None
        if role != b"master":
            raise Unavailable("sentinel", f"{named} is named by the sentinels, and is a {role.decode()}")
        self._given = url
        return url

    async def follow(self, moved: Callable[[str], None], *, look_every_seconds: float = 1.0) -> NoReturn:
        """Calls `moved` with a reason whenever the master is another than `master_url` gave last; until cancelled."""
        while True:
            await asyncio.sleep(look_every_seconds)
            given = self._given
            with contextlib.suppress(Unavailable):
                if given and await self.master_url() != given:
                    moved("the sentinels name another master")

    async def _named(self) -> str:
        """host:port, as named by more than half of the sentinels, or by most of those that answer in time."""
        asked = [asyncio.create_task(self._ask(sentinel)) for sentinel in self._sentinels]
        votes: Counter[str] = Counter()
        reasons: list[str] = []
        try:
            async with asyncio.timeout(self._deadline / 2):
                for answer in asyncio.as_completed(asked):
                    try:
                        named = await answer
                    except Unavailable as error:
                        reasons.append(error.cause)
                        continue
                    votes[named] += 1
                    if votes[named] > len(asked) / 2:
                        break
        except TimeoutError:
            reasons.append("no answer in time")
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        if not votes:
            raise Unavailable("sentinel", f"no sentinel names the master of {self.service}: {', '.join(set(reasons))}")
        return votes.most_common(1)[0][0]

    async def _ask(self, sentinel: str) -> str:
        [reply] = await self._exchange(sentinel, ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self.service))
        match reply:
            case [bytes(host), bytes(port)]:
                return _joined(host.decode(), int(port))
            case _:
                raise Unavailable("sentinel", "unknown there")


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
