"""The nodes of a Redis Cluster: which has which slot, and one connection to each. The only file that knows
aioredis-cluster.

The library keeps the map of slots, makes connections and parses replies. How it would call is left out: it sends any
command up to ten times, writes too, whenever a connection breaks. Its pools are used for reading the map only: they
lend out connections that were lost.

Invariant: a command is sent once per `answer`, which says apart what was not run (`Elsewhere`, `Split`, an ErrorReply)
and what may have been (`Broken`).
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final, Generic, TypeVar

from aioredis_cluster.aioredis import ConnectionClosedError, ReadOnlyError, RedisError, ReplyError, create_connection
from aioredis_cluster.aioredis.stream import StreamReader
from aioredis_cluster.cluster_state import ClusterState
from aioredis_cluster.connection import RedisConnection
from aioredis_cluster.crc import key_slot
from aioredis_cluster.errors import AskError, ClusterDownError, LoadingError, MovedError, TryAgainError
from aioredis_cluster.manager import ClusterManager
from aioredis_cluster.pool import ConnectionsPool
from aioredis_cluster.pooler import Pooler
from aioredis_cluster.structs import Address

from cache.addresses import Addresses, tls_of
from cache.connection import Reply
from cache.errors import ErrorReply
from cache.traffic import CountingReader, Traffic, count

RELOAD_SECONDS: Final = 60.0
FAILURES: Final = (RedisError, OSError, AssertionError)  # the library asserts what does not always hold

T = TypeVar("T")

Words = tuple[bytes, ...]


class Elsewhere(Exception):
    """Redis did not run the command: it is another node's; if `asking`, for this once, and announced by ASKING."""

    def __init__(self, refusal: ErrorReply, node: Address, *, asking: bool) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
        self.node = node
        self.asking = asking


class Split(Exception):
    """Redis did not run the command: some of its keys are on this node, and some are on another by now."""


class Broken(Exception):
    """A node, or the map of slots, cannot be reached. A command that was sent may have been run."""


class Nodes:
    """A cluster's nodes, found from `addresses`. Made inside a running event loop; nothing is asked yet.

    `refused` is told the code of an error reply that is an answer, as `answer` returns it, but NOSCRIPT.
    """

    def __init__(
        self, addresses: Addresses, deadline_seconds: float, refused: Callable[[str], None], traffic: Traffic
    ) -> None:
        self._refused = refused
        self._kind = _counting(traffic)
        self._access: dict[str, Any] = {
            "username": addresses.user,
            "password": addresses.password,
            "ssl": tls_of(addresses),
        }
        self._deadline = deadline_seconds
        self._nodes: dict[Address, _Node] = {}
        self._reading = _Attempt(self._first_map)
        self._has_map = False
        self._is_open = True
        _silence_the_library()
        self._pools = Pooler(self._pool)  # for asking where the slots are
        self._map = ClusterManager(
            [Address(*host) for host in addresses.hosts],
            self._pools,
            state_reload_interval=RELOAD_SECONDS,
            execute_timeout=deadline_seconds / 3,  # one dead node must not cost a first call its whole deadline
        )

    async def master_of(self, slot: int | None) -> Address:
        """The node that had the slot when the map was read; any master for None. Raises Broken."""
        try:
            self._check_open()
            nodes = await (self._map.get_state() if self._has_map else self._reading.outcome())
            return nodes.random_master().addr if slot is None else nodes.slot_master(slot).addr
        except FAILURES as error:
            raise self._broken(error) from error

    async def answer(self, address: Address, command: Words, *, asking: bool, ends: float) -> Reply:
        """The reply to a command, maybe an ErrorReply. Raises Elsewhere, Split, Broken.

        `ends`: the event loop's time at which the caller will cancel this.
        """
        try:
            return self._translated(await self._exchange(address, command, asking=asking, ends=ends))
        except (MovedError, AskError) as error:
            asking = isinstance(error, AskError)
            if not asking:
                self._map.require_reload_state()
            node = Address(error.info.host or address.host, error.info.port)
            raise Elsewhere(_error_reply(error), node, asking=asking) from error
        except TryAgainError as error:
            raise Split(str(error)) from error
        except (ReplyError, ReadOnlyError) as error:
            if isinstance(error, ClusterDownError | LoadingError | ReadOnlyError):
                self._map.require_reload_state()
            return self._refusal(error)
        except FAILURES as error:
            raise self._broken(error) from error

    def hang_up(self) -> None:
        """Ends every connection; who asks next gets a new one."""
        for node in self._nodes.values():
            node.hang_up()

    async def close(self) -> None:
        self._is_open = False
        await self._reading.settled()
        await self._map.close()
        await self._pools.close()
        await asyncio.gather(*(node.close() for node in self._nodes.values()))

    def _check_open(self) -> None:
        if not self._is_open:
            raise RedisError("the link is closed")

    def _broken(self, error: Exception) -> Broken:
        self._map.require_reload_state()
        return Broken(str(error) or type(error).__name__)

    async def _exchange(self, address: Address, command: Words, *, asking: bool, ends: float) -> Any:
        self._check_open()
        node = self._nodes.get(address)
        if node is None:
            node = self._nodes[address] = _Node(lambda: self._connect(address))
        connection = await node.connection()
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        replies = [connection.execute(*each) for each in (((b"ASKING",), command) if asking else (command,))]
        try:
            return (await asyncio.gather(*replies))[-1]
        except asyncio.CancelledError:
            # Silent for so long, it may be half-open: whoever asks next gets a new one.
            if loop.time() >= ends and ends - sent_at > self._deadline / 2:
                connection.close()
            raise

    async def _first_map(self) -> ClusterState:
        async with asyncio.timeout(self._deadline):
            try:
                found = await self._map.get_state()
            except FAILURES:
                # The library's very first reading also asks any one node for its commands: only that one may be away.
                found = await self._map.get_state()
        self._has_map = True
        return found

    async def _connect(self, address: Address) -> Any:
        return await create_connection(
            (address.host, address.port), connection_cls=self._kind, timeout=self._deadline / 2, **self._access
        )

    async def _pool(self, address: str | tuple[str, int]) -> ConnectionsPool:
        # minsize=0: a node that is away must not keep the map from being read.
        return ConnectionsPool(
            address,
            minsize=0,
            maxsize=1,
            create_connection_timeout=self._deadline / 2,
            connection_cls=self._kind,
            **self._access,
        )

    def _translated(self, reply: Any) -> Reply:
        if isinstance(reply, list):
            return [self._refusal(each) if isinstance(each, ReplyError) else each for each in reply]
        return reply

    def _refusal(self, error: RedisError) -> ErrorReply:
        refusal = _error_reply(error)
        if refusal.code != "NOSCRIPT":
            self._refused(refusal.code)
        return refusal


class _Node:
    """One connection to one node, for all callers: opened when first needed, and anew when it is over."""

    def __init__(self, connect: Callable[[], Coroutine[Any, Any, Any]]) -> None:
        self._connect = connect
        self._connection: Any = None
        self._opening = _Attempt(self._open)

    async def connection(self) -> Any:
        """An open connection. Raises FAILURES."""
        if self._is_over():
            await self._opening.outcome()
            if self._is_over():
                raise ConnectionClosedError("lost as soon as it was opened")
        return self._connection

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()

    async def close(self) -> None:
        await self._opening.settled()
        self.hang_up()
        if self._connection is not None:
            await self._connection.wait_closed()

    async def _open(self) -> None:
        self._connection = await self._connect()

    def _is_over(self) -> bool:
        if self._connection is None or self._connection.closed:
            return True
        if self._connection._writer.transport.is_closing():  # the library notices only when it reads next
            self._connection.close()
            return True
        return False


class _Attempt(Generic[T]):
    """Something that is attempted once at a time, for all who want its outcome, whoever of them gives up."""

    def __init__(self, make: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._make = make
        self._task: asyncio.Task[T] | None = None

    async def outcome(self) -> T:
        """Joins the attempt under way, or begins one. Raises what it raises."""
        if self._task is None:
            self._task = asyncio.create_task(self._make(), name="redis cluster")
            self._task.add_done_callback(self._over)
        return await asyncio.shield(self._task)

    async def settled(self) -> None:
        """Waits for the attempt under way. It is not cancelled: to those who wait it would look as if they were."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def _over(self, task: "asyncio.Task[T]") -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # told to whoever waits, if anybody still does


def slot_of(key: bytes) -> int:
    """Redis Cluster specification, "Hash tags"."""
    return int(key_slot(key))


def _counting(traffic: Traffic) -> type[RedisConnection]:
    """The library's connections, but what they send and receive counts in `traffic`."""

    class Counting(RedisConnection):
        def __init__(self, reader: Any, writer: Any, **options: Any) -> None:
            count(reader, writer, traffic, _CountingReader)
            super().__init__(reader, writer, **options)

    return Counting


class _CountingReader(CountingReader, StreamReader):  # type: ignore[misc]
    """The library's reader, which counts what arrives."""


def _error_reply(error: RedisError) -> ErrorReply:
    code, _, text = str(error).partition(" ")
    return ErrorReply(code, text)


def _silence_the_library() -> None:
    """It warns several times per failed attempt; what fails is told by the caller, and counted."""
    log = logging.getLogger("aioredis_cluster")
    if log.level == logging.NOTSET:
        log.setLevel(logging.CRITICAL)
