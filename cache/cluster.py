"""The link to a Redis Cluster: the contract of `cache.link.Link` without hot copies.

Invariants
- A call ends within its deadline. A command is sent once; again only where Redis says that it did not run it (MOVED,
  ASK, TRYAGAIN), and what was asked with `again=True` once more after a broken connection.
- Commands of one slot in one `ask` run in the order given, as one script; while their slot is being moved to another
  node, one after the other.

Not promised: any order between slots. A script of several keys can't run while its slot is being moved. An integer
reply above 2^53 among several of one slot loses its last digits.
"""

import asyncio
from collections.abc import Callable, Sequence
from hashlib import sha1
from typing import Final

from cache.addresses import parse_addresses
from cache.cluster_nodes import Broken, Elsewhere, Nodes, Split, Words, slot_of
from cache.connection import Command, Reply
from cache.errors import ErrorReply, Misuse, Overloaded, Unavailable
from cache.link import BACKLOG, BACKLOG_BYTES, Mismatch, Place, Script, counted, without_errors
from cache.traffic import Traffic

SCHEMES: Final = ("redis+cluster", "rediss+cluster")
REDIRECTIONS: Final = 5
TRY_AGAIN_SECONDS: Final = 0.02

BATCH: Final = """
-- KEYS: every key that the commands name.  ARGV: for each command the number of its words, then its words.
local replies, at = {}, 1
while at <= #ARGV do
  local last = at + tonumber(ARGV[at])
  replies[#replies + 1] = redis.pcall(unpack(ARGV, at + 1, last))
  at = last + 1
end
return replies
"""
BATCH_DIGEST: Final = sha1(BATCH.encode(), usedforsecurity=False).hexdigest().encode()

CALLS_A_SCRIPT: Final = (b"EVAL", b"EVALSHA")


class ClusterLink:
    """Commands over a Redis Cluster. Made inside a running event loop; connects when first used; `close` ends it.

    The second word of a command is its key (of EVAL and EVALSHA the first of their keys); a command without one goes to
    any master. `refused` and `traffic` as of `Link`.
    """

    def __init__(
        self,
        url: str,
        *,
        deadline_seconds: float = 0.9,
        max_backlog: int = BACKLOG,
        max_backlog_bytes: int = BACKLOG_BYTES,
        called: Callable[[str, str, float], None] = lambda operation, result, seconds: None,
        refused: Callable[[str], None] = lambda code: None,
        traffic: Traffic | None = None,
    ) -> None:
        if deadline_seconds <= 0 or max_backlog <= 0 or max_backlog_bytes <= 0:
            raise Misuse("deadline_seconds, max_backlog and max_backlog_bytes must be positive")
        addresses = parse_addresses(url, schemes=SCHEMES, default_port=6379)
        if addresses.path not in ("", "0"):
            raise Misuse(f"a {addresses.scheme} address takes no database: a cluster has only 0")
        self._nodes = Nodes(addresses, deadline_seconds, refused, traffic if traffic is not None else Traffic())
        self._deadline = deadline_seconds
        self._max_backlog = max_backlog
        self._max_backlog_bytes = max_backlog_bytes
        self._called = called
        self._backlog = 0
        self._backlog_bytes = 0

    @property
    def backlog(self) -> int:
        """Calls that wait for an answer."""
        return self._backlog

    async def ask(
        self,
        operation: str,
        *commands: Command,
        again: bool = False,
        errors: bool = False,
        place: Place | None = None,
        deadline_seconds: float | None = None,
    ) -> list[Reply]:
        """The replies of all commands, in order; one round trip per slot, all slots at once.

        `again`: may be sent a second time, at most once, if a connection breaks. `errors`: an error reply stands in its
        place as an ErrorReply instead of being raised. `place` is told every reply, in order, once all are there.
        Raises Unavailable, ErrorReply, Overloaded (nothing was sent), Misuse.
        """
        seconds = deadline_seconds or self._deadline
        with counted(operation, self._called):
            replies = await self._bounded(operation, commands, again, place, seconds)
        return replies if errors else without_errors(replies)

    async def ask_beside(self, key: str, operation: str, *commands: Command) -> list[Reply]:
        """As `ask`, of the master that has this key, whatever the commands name: one after the other, over one
        connection; error replies stand in their place."""
        slot = slot_of(key.encode())
        try:
            with counted(operation, self._called):
                async with asyncio.timeout(self._deadline) as timeout:
                    call = _Call(self._nodes, again=False, ends=timeout.when() or 0.0)
                    return [await call.reply(slot, tuple(_encoded(word) for word in command)) for command in commands]
        except TimeoutError:
            raise Unavailable(operation, "no answer in time") from None
        except Broken as error:
            raise Unavailable(operation, str(error)) from error

    def script(self, source: str) -> Script:
        """Registers a Lua script; nothing is sent yet. Its keys are all of one slot."""
        return Script(self, source)

    async def close(self) -> None:
        """Ends everything; what waits fails, and what is asked from now on."""
        await self._nodes.close()

    async def _bounded(
        self, operation: str, commands: Sequence[Command], again: bool, place: Place | None, seconds: float
    ) -> list[Reply]:
        encoded = [tuple(_encoded(word) for word in command) for command in commands]
        size = sum(len(word) for command in encoded for word in command)
        if self._backlog >= self._max_backlog or self._backlog_bytes + size > self._max_backlog_bytes:
            raise Overloaded("calls on the link to Redis")
        self._backlog += 1
        self._backlog_bytes += size
        try:
            async with asyncio.timeout(seconds) as timeout:
                return await self._placed(encoded, again, place, timeout.when() or 0.0)
        except TimeoutError:
            raise Unavailable(operation, "no answer in time") from None
        except (Broken, Mismatch) as error:
            raise Unavailable(operation, str(error)) from error
        finally:
            self._backlog -= 1
            self._backlog_bytes -= size

    async def _placed(self, commands: Sequence[Words], again: bool, place: Place | None, ends: float) -> list[Reply]:
        call = _Call(self._nodes, again, ends)
        replies = await call.replies(commands)
        try:
            _tell(place, replies, again=call.was_repeated)
        except Mismatch:
            self._nodes.hang_up()
            if not again or call.was_repeated:
                raise
            replies = await _Call(self._nodes, again=False, ends=ends).replies(commands)
            _tell(place, replies, again=True)
        return replies


class _Call:
    """What one `ask` sends, and where."""

    def __init__(self, nodes: Nodes, again: bool, ends: float) -> None:
        self._nodes = nodes
        self._again = again
        self._ends = ends
        self.was_repeated = False

    async def replies(self, commands: Sequence[Words]) -> list[Reply]:
        """The replies in the order of the commands. Raises Broken."""
        places: dict[int | None, list[int]] = {}
        for place, command in enumerate(commands):
            places.setdefault(_slot(command), []).append(place)
        if len(places) == 1:
            return await self._of_slot(next(iter(places)), commands)
        slots = (self._of_slot(slot, [commands[place] for place in these]) for slot, these in places.items())
        replies: list[Reply] = [None] * len(commands)
        # No slot's failure cuts off another's write.
        for these, answers in zip(places.values(), await asyncio.gather(*slots, return_exceptions=True), strict=True):
            if isinstance(answers, BaseException):
                raise answers
            for place, answer in zip(these, answers, strict=True):
                replies[place] = answer
        return replies

    async def _of_slot(self, slot: int | None, commands: Sequence[Words]) -> list[Reply]:
        if len(commands) == 1 or slot is None or any(command[0].upper() in CALLS_A_SCRIPT for command in commands):
            replies = [await self.reply(slot, command) for command in commands]  # a script cannot call a script
        else:
            replies = await self._batch(slot, commands)
        return [_like_resp3(command, reply) for command, reply in zip(commands, replies, strict=True)]

    async def _batch(self, slot: int, commands: Sequence[Words]) -> list[Reply]:
        keys = dict.fromkeys(command[1] for command in commands)
        words = [word for command in commands for word in (b"%d" % len(command), *command)]
        rest = (b"%d" % len(keys), *keys, *words)
        try:
            reply = await self.reply(slot, (b"EVALSHA", BATCH_DIGEST, *rest), wait=False)
            if isinstance(reply, ErrorReply) and reply.code == "NOSCRIPT":  # nothing was run
                reply = await self.reply(slot, (b"EVAL", BATCH.encode(), *rest), wait=False)
        except Split:
            return [await self.reply(slot, command) for command in commands]
        if isinstance(reply, ErrorReply):
            return [reply] * len(commands)
        return list(reply)

    async def reply(self, slot: int | None, command: Words, *, wait: bool = True) -> Reply:
        """One reply, maybe an ErrorReply, from wherever the slot is by now. Raises Broken.

        `wait`: while its keys are split between two nodes, tries again. Raises Split without.
        """
        node, asking = await self._nodes.master_of(slot), False
        again, redirections = self._again, 0
        while True:
            try:
                return await self._nodes.answer(node, command, asking=asking, ends=self._ends)
            except Elsewhere as elsewhere:
                redirections += 1
                if redirections > REDIRECTIONS:
                    return elsewhere.refusal
                node, asking = elsewhere.node, elsewhere.asking
            except Split:
                if not wait:
                    raise
                await asyncio.sleep(TRY_AGAIN_SECONDS)
            except Broken:
                if not again:
                    raise
                again, self.was_repeated = False, True
                node, asking = await self._nodes.master_of(slot), False


def _tell(place: Place | None, replies: Sequence[Reply], *, again: bool) -> None:
    if place is not None:
        for index, reply in enumerate(replies):
            place(index, reply, again)


def _encoded(word: str | bytes | float) -> bytes:
    if isinstance(word, bytes):
        return word
    if isinstance(word, str):
        return word.encode()
    if isinstance(word, int | float) and not isinstance(word, bool):
        return repr(word).encode()
    raise Misuse(f"this command cannot be sent: a word of it is a {type(word).__name__}, not text, bytes or a number")


def _slot(command: Words) -> int | None:
    if command[0].upper() in CALLS_A_SCRIPT:
        return slot_of(command[3]) if command[2] != b"0" else None
    return slot_of(command[1]) if len(command) > 1 else None


def _like_resp3(command: Words, reply: Reply) -> Reply:
    if command[0].upper() == b"HGETALL" and isinstance(reply, list):
        return dict(zip(reply[::2], reply[1::2], strict=True))
    return reply
